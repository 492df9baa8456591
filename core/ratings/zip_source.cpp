#include "core/ratings/zip_source.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include <zip.h>

#include "core/ratings/text_encoding.h"

namespace rowlight {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_members = 100'000;

struct CloseZip {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
  void operator()(zip_file_t* file) const noexcept { zip_fclose(file); }
};

/// What tells whether a file is still the one that was opened.
std::optional<std::pair<std::uintmax_t, fs::file_time_type>> stamp_of(const std::string& path) {
  std::error_code code;
  const std::uintmax_t size = fs::file_size(path, code);
  if (code) return std::nullopt;
  const fs::file_time_type time = fs::last_write_time(path, code);
  if (code) return std::nullopt;
  return std::pair(size, time);
}

}  // namespace

/// With how its file was when it was opened.
struct OpenZip {
  std::unique_ptr<zip_t, CloseZip> handle;
  std::string path;
  decltype(stamp_of({})) stamp;

  [[nodiscard]] bool changed() const { return stamp_of(path) != stamp; }
};

namespace {

class ZipStream : public ByteStream {
 public:
  static Expected<std::unique_ptr<ByteStream>> open(std::shared_ptr<OpenZip> archive, const std::string& member) {
    auto stream = std::make_unique<ZipStream>();
    zip_t* const handle = archive->handle.get();
    zip_stat_t stat;
    zip_stat_init(&stat);
    const bool found = zip_stat(handle, member.c_str(), 0, &stat) == 0;
    if (!found) return bad_file(archive->path, "there is no '" + printable(member) + "' in the archive");
    // What the archive says of itself need not be true: a bomb would claim to be large.
    const std::uint64_t on_disk = archive->stamp ? archive->stamp->first : 0;
    stream->packed_ = std::max<std::uint64_t>(1, std::min<std::uint64_t>(stat.comp_size, on_disk));
    stream->declared_ = std::max<std::uint64_t>(1, stat.size);
    stream->file_.reset(zip_fopen_index(handle, stat.index, 0));
    if (!stream->file_) {
      return bad_file(archive->path, "'" + printable(member) + "' cannot be unpacked: " + zip_strerror(handle),
                      "unpack the archive with another program and open the file");
    }
    stream->archive_ = std::move(archive);
    return std::unique_ptr<ByteStream>(std::move(stream));
  }

  Expected<std::size_t> read(std::span<char> into) override {
    std::size_t got = 0;
    while (got < into.size()) {
      const zip_int64_t count = zip_fread(file_.get(), into.data() + got, into.size() - got);
      if (count <= 0 && archive_->changed()) {
        return tl::make_unexpected(Error{ErrorKind::Io, "the file changed while it was read",
                                         "try again when nothing writes to it", archive_->path, 0, 0});
      }
      if (count < 0) {
        return bad_file(archive_->path, std::string("the zip archive is damaged: ") + zip_file_strerror(file_.get()),
                        "get the file again");
      }
      if (count == 0) break;
      got += static_cast<std::size_t>(count);
    }
    unpacked_ += got;
    if (auto fine = refuse_bomb(archive_->path, unpacked_, packed_); !fine) return tl::make_unexpected(fine.error());
    return got;
  }
  [[nodiscard]] std::uint64_t done() const override {
    const double share = static_cast<double>(unpacked_) / static_cast<double>(declared_);
    return static_cast<std::uint64_t>(std::min(1.0, share) * static_cast<double>(packed_));
  }
  [[nodiscard]] std::uint64_t size() const override { return packed_; }

 private:
  std::shared_ptr<OpenZip> archive_;
  std::unique_ptr<zip_file_t, CloseZip> file_;  // after the archive, so that it is closed first
  std::uint64_t packed_ = 1;
  std::uint64_t declared_ = 1;
  std::uint64_t unpacked_ = 0;
};

}  // namespace

Expected<std::shared_ptr<OpenZip>> open_zip(const std::string& path) {
  int code = 0;
  auto archive = std::make_shared<OpenZip>();
  archive->path = path;
  archive->stamp = stamp_of(path);
  archive->handle.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (archive->handle) return archive;
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return bad_file(path, "the zip archive cannot be read: " + text, "get the file again");
}

Expected<std::vector<std::string>> list_zip(const OpenZip& archive) {
  zip_t* const handle = archive.handle.get();
  const zip_int64_t count = zip_get_num_entries(handle, 0);
  if (count > static_cast<zip_int64_t>(most_members)) {
    return bad_file(archive.path, "the archive holds " + std::to_string(count) + " files",
                    "expected some ratings and titles");
  }
  std::vector<std::string> names;
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(handle, static_cast<zip_uint64_t>(i), 0);
    const std::string text = name == nullptr ? "" : name;
    if (text.empty() || text.ends_with('/')) continue;
    // Nothing is ever unpacked to the disk; but whoever makes such a name means harm.
    const std::string framed = '/' + text + '/';
    if (text.front() == '/' || text.front() == '\\' || framed.find("/../") != std::string::npos ||
        text.find("..\\") != std::string::npos || (text.size() > 1 && text[1] == ':')) {
      return bad_file(archive.path, "the archive names a place outside of itself: '" + printable(text) + "'",
                      "do not trust this archive");
    }
    names.push_back(text);
  }
  return names;
}

Expected<std::unique_ptr<ByteStream>> unpack_member(std::shared_ptr<OpenZip> archive, const std::string& member) {
  return ZipStream::open(std::move(archive), member);
}

}  // namespace rowlight
