#include "core/ratings/byte_source.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <limits>
#include <utility>

#include <zip.h>
#include <zlib.h>

#include "core/base/files.h"
#include "core/ratings/load_errors.h"
#include "core/ratings/text_encoding.h"

namespace rowlight {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t packed_buffer_bytes = std::size_t{64} * 1024;
constexpr std::size_t most_members = 100'000;
// Ratings pack to a quarter or a tenth; deflate's limit is a thousandth. Small files may be as regular as they like.
constexpr std::uint64_t suspicious_bytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t suspicious_ratio = 250;
// A .gz may hold an endless name or any number of empty parts, and who waits for its text could not cancel.
constexpr std::uint64_t most_bytes_without_text = std::uint64_t{4} << 20U;

tl::unexpected<Error> bad_file(const std::string& path, std::string what, std::string hint = {}) {
  return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what), std::move(hint), path, 0, 0});
}

/// Bytes in order. read() fills `into` but for the end of them, where it returns less.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;
  virtual Expected<std::size_t> read(std::span<char> into) = 0;
  [[nodiscard]] virtual std::uint64_t done() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

class PlainStream : public Stream {
 public:
  explicit PlainStream(InputFile file) : file_(std::move(file)) {}

  Expected<std::size_t> read(std::span<char> into) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), file_.remaining()));
    if (auto done = file_.read(std::as_writable_bytes(into.first(wanted))); !done) {
      return tl::make_unexpected(done.error());
    }
    if (file_.remaining() == 0 && wanted > 0) {
      if (auto same = file_.finish(); !same) return tl::make_unexpected(same.error());
    }
    return wanted;
  }
  [[nodiscard]] std::uint64_t done() const override { return file_.size() - file_.remaining(); }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }
  [[nodiscard]] const std::string& path() const { return file_.path(); }

 private:
  InputFile file_;
};

tl::unexpected<Error> bomb(const std::string& path) {
  return bad_file(path, "the archive unpacks to more than " + std::to_string(suspicious_ratio) + " times its size",
                  "no rating file does; unpack it yourself if you trust it");
}

bool is_bomb(std::uint64_t unpacked, std::uint64_t packed) {
  return unpacked > suspicious_bytes && unpacked / suspicious_ratio > packed;
}

/// One .gz, or several end to end, as gzip allows.
class GzipStream : public Stream {
 public:
  explicit GzipStream(InputFile file) : packed_(std::move(file)), buffer_(packed_buffer_bytes) {
    constexpr int gzip_window = 15 + 16;
    inflateInit2(&inflater_, gzip_window);
  }
  ~GzipStream() override { inflateEnd(&inflater_); }

  Expected<std::size_t> read(std::span<char> into) override {
    std::size_t got = 0;
    while (got < into.size() && !ended_) {
      if (inflater_.avail_in == 0) {
        if (auto more = refill(); !more) return tl::make_unexpected(more.error());
        if (ended_) break;
      }
      if (!inside_) {
        skip_padding();
        if (inflater_.avail_in == 0) continue;
      }
      const std::size_t room = std::min<std::size_t>(into.size() - got, std::numeric_limits<uInt>::max());
      inflater_.next_out = reinterpret_cast<Bytef*>(into.data() + got);
      inflater_.avail_out = static_cast<uInt>(room);
      const int code = inflate(&inflater_, Z_NO_FLUSH);
      const std::size_t made = room - inflater_.avail_out;
      got += made;
      unpacked_ += made;
      if (made > 0) with_text_ = done();
      inside_ = code != Z_STREAM_END;
      if (code == Z_STREAM_END) {
        inflateReset(&inflater_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return bad_file(packed_.path(), "the gzip archive is damaged after " + std::to_string(unpacked_) + " bytes",
                        "get the file again");
      }
    }
    if (is_bomb(unpacked_, done())) return bomb(packed_.path());
    return got;
  }
  [[nodiscard]] std::uint64_t done() const override { return packed_.done(); }
  [[nodiscard]] std::uint64_t size() const override { return packed_.size(); }

 private:
  Expected<void> refill() {
    auto got = packed_.read(buffer_);
    if (!got) return tl::make_unexpected(got.error());
    inflater_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    inflater_.avail_in = static_cast<uInt>(*got);
    if (done() - with_text_ > most_bytes_without_text) {
      return bad_file(packed_.path(), "the gzip archive goes on for megabytes without any text in it",
                      "get the file again");
    }
    if (*got > 0) return {};
    ended_ = true;
    if (!inside_) return {};
    return bad_file(packed_.path(), "the gzip archive ends in the middle", "get the file again");
  }

  // Tapes and discs fill up their last block with zeros, which gzip lets pass behind an archive too.
  void skip_padding() {
    while (inflater_.avail_in > 0 && *inflater_.next_in == 0) {
      ++inflater_.next_in;
      --inflater_.avail_in;
    }
  }

  PlainStream packed_;
  std::vector<char> buffer_;
  z_stream inflater_{};
  std::uint64_t unpacked_ = 0;
  std::uint64_t with_text_ = 0;  // bytes that had been read when text came out last
  bool inside_ = true;           // of an archive that has not come to its end
  bool ended_ = false;
};

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

/// An open archive and how its file was then.
struct OpenZip {
  std::unique_ptr<zip_t, CloseZip> handle;
  std::string path;
  decltype(stamp_of({})) stamp;

  [[nodiscard]] bool changed() const { return stamp_of(path) != stamp; }
};

namespace {

using ZipArchive = std::shared_ptr<OpenZip>;

Expected<ZipArchive> open_zip(const std::string& path) {
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

class ZipStream : public Stream {
 public:
  static Expected<std::unique_ptr<Stream>> open(const InputName& name, ZipArchive archive) {
    auto stream = std::make_unique<ZipStream>();
    zip_t* const handle = archive->handle.get();
    zip_stat_t stat;
    zip_stat_init(&stat);
    const bool found = zip_stat(handle, name.member.c_str(), 0, &stat) == 0;
    if (!found) return bad_file(name.path, "there is no '" + printable(name.member) + "' in the archive");
    // What the archive says of itself need not be true: a bomb would claim to be large.
    const std::uint64_t on_disk = archive->stamp ? archive->stamp->first : 0;
    stream->packed_ = std::max<std::uint64_t>(1, std::min<std::uint64_t>(stat.comp_size, on_disk));
    stream->declared_ = std::max<std::uint64_t>(1, stat.size);
    stream->file_.reset(zip_fopen_index(handle, stat.index, 0));
    if (!stream->file_) {
      return bad_file(name.path, "'" + printable(name.member) + "' cannot be unpacked: " + zip_strerror(handle),
                      "unpack the archive with another program and open the file");
    }
    stream->archive_ = std::move(archive);
    return std::unique_ptr<Stream>(std::move(stream));
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
    if (is_bomb(unpacked_, packed_)) return bomb(archive_->path);
    return got;
  }
  [[nodiscard]] std::uint64_t done() const override {
    const double share = static_cast<double>(unpacked_) / static_cast<double>(declared_);
    return static_cast<std::uint64_t>(std::min(1.0, share) * static_cast<double>(packed_));
  }
  [[nodiscard]] std::uint64_t size() const override { return packed_; }

 private:
  ZipArchive archive_;
  std::unique_ptr<zip_file_t, CloseZip> file_;  // after the archive, so that it is closed first
  std::uint64_t packed_ = 1;
  std::uint64_t declared_ = 1;
  std::uint64_t unpacked_ = 0;
};

/// UTF-16 made UTF-8, without the mark.
class Utf16Stream : public Stream {
 public:
  Utf16Stream(std::unique_ptr<Stream> from, std::string path, bool big_endian)
      : from_(std::move(from)), path_(std::move(path)), big_endian_(big_endian) {}

  Expected<std::size_t> read(std::span<char> into) override {
    std::size_t got = 0;
    while (got < into.size()) {
      if (at_ == text_.size()) {
        if (auto more = refill(); !more) return tl::make_unexpected(more.error());
        if (text_.empty()) break;
      }
      const std::size_t count = std::min(into.size() - got, text_.size() - at_);
      std::memcpy(into.data() + got, text_.data() + at_, count);
      got += count;
      at_ += count;
    }
    return got;
  }
  [[nodiscard]] std::uint64_t done() const override { return from_->done(); }
  [[nodiscard]] std::uint64_t size() const override { return from_->size(); }

 private:
  // Turns the next units into text_, which is empty afterwards only at the end.
  Expected<void> refill() {
    std::array<char, 65536> bytes;
    text_.clear();
    at_ = 0;
    while (text_.empty()) {
      auto got = from_->read(bytes);
      if (!got) return tl::make_unexpected(got.error());
      if (*got % 2 != 0) return bad_file(path_, "the UTF-16 text ends in the middle of a character");
      if (*got == 0) {
        if (high_ != 0) return bad_file(path_, "the UTF-16 text ends in the middle of a character");
        return {};
      }
      for (std::size_t i = 0; i < *got; i += 2) {
        const auto low = static_cast<unsigned char>(bytes[i + (big_endian_ ? 1 : 0)]);
        const auto high = static_cast<unsigned char>(bytes[i + (big_endian_ ? 0 : 1)]);
        if (!add(static_cast<char32_t>(high << 8U | low))) {
          return bad_file(path_, "the text is not UTF-16: half of a surrogate pair stands alone");
        }
      }
    }
    return {};
  }

  bool add(char32_t unit) {
    const bool is_high = unit >= 0xD800 && unit < 0xDC00;
    const bool is_low = unit >= 0xDC00 && unit < 0xE000;
    if ((high_ != 0) != is_low) return false;
    if (is_high) {
      high_ = unit;
      return true;
    }
    const char32_t point = is_low ? 0x10000 + ((high_ - 0xD800) << 10U) + (unit - 0xDC00) : unit;
    high_ = 0;
    if (std::exchange(first_, false) && point == 0xFEFF) return true;
    append_utf8(text_, point);
    return true;
  }

  std::unique_ptr<Stream> from_;
  std::string path_;
  bool big_endian_;
  std::string text_;
  std::size_t at_ = 0;
  char32_t high_ = 0;  // the first half of a pair that is waiting for the second; 0: none
  bool first_ = true;
};

/// Gives bytes that were read to look at them before all others.
class PeekedStream : public Stream {
 public:
  PeekedStream(std::string head, std::unique_ptr<Stream> rest) : head_(std::move(head)), rest_(std::move(rest)) {}

  Expected<std::size_t> read(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), head_.size() - at_);
    std::memcpy(into.data(), head_.data() + at_, count);
    at_ += count;
    if (count == into.size()) return count;
    auto got = rest_->read(into.subspan(count));
    if (!got) return got;
    return count + *got;
  }
  [[nodiscard]] std::uint64_t done() const override { return rest_->done(); }
  [[nodiscard]] std::uint64_t size() const override { return rest_->size(); }

 private:
  std::string head_;
  std::size_t at_ = 0;
  std::unique_ptr<Stream> rest_;
};

constexpr std::string_view utf16_little = "\xFF\xFE";
constexpr std::string_view utf16_big = "\xFE\xFF";

Expected<std::string> first_bytes(Stream& stream, std::size_t most) {
  std::string head(most, '\0');
  auto got = stream.read(head);
  if (!got) return tl::make_unexpected(got.error());
  head.resize(*got);
  return head;
}

}  // namespace

std::string InputName::file_name() const { return fs::path(member.empty() ? path : member).filename().string(); }

InputName beside(const InputName& input, const std::string& file_name) {
  if (input.member.empty()) return {(fs::path(input.path).parent_path() / file_name).string(), {}};
  const std::size_t folder = input.member.rfind('/') + 1;  // npos + 1 == 0
  return {input.path, input.member.substr(0, folder) + file_name};
}

bool exists(const InputName& input) {
  if (!input.member.empty()) {
    const auto folder = ZipFolder::open(input.path);
    return folder && folder->holds(input.member);
  }
  std::error_code code;
  return fs::is_regular_file(input.path, code);
}

bool ZipFolder::holds(const std::string& member) const {
  return std::find(names_.begin(), names_.end(), member) != names_.end();
}

bool same_input(const InputName& a, const InputName& b) {
  std::error_code code;
  return a.member == b.member && fs::equivalent(a.path, b.path, code);
}

bool is_zip(std::string_view head) { return head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06"); }

Expected<ZipFolder> ZipFolder::open(const std::string& path) {
  auto archive = open_zip(path);
  if (!archive) return tl::make_unexpected(archive.error());
  zip_t* const handle = (*archive)->handle.get();
  const zip_int64_t count = zip_get_num_entries(handle, 0);
  if (count > static_cast<zip_int64_t>(most_members)) {
    return bad_file(path, "the archive holds " + std::to_string(count) + " files", "expected some ratings and titles");
  }
  ZipFolder folder;
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(handle, static_cast<zip_uint64_t>(i), 0);
    const std::string text = name == nullptr ? "" : name;
    if (text.empty() || text.ends_with('/')) continue;
    // Nothing is ever unpacked to the disk; but whoever makes such a name means harm.
    const std::string framed = '/' + text + '/';
    if (text.front() == '/' || text.front() == '\\' || framed.find("/../") != std::string::npos ||
        text.find("..\\") != std::string::npos || (text.size() > 1 && text[1] == ':')) {
      return bad_file(path, "the archive names a place outside of itself: '" + printable(text) + "'",
                      "do not trust this archive");
    }
    folder.names_.push_back(text);
  }
  folder.archive_ = std::move(*archive);
  return folder;
}

struct ByteSource::State {
  InputName name;
  std::unique_ptr<Stream> stream;
  std::string_view container = "plain";
  bool utf16 = false;
  bool at_end = false;
};

ByteSource::ByteSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

Expected<ByteSource> ByteSource::open(const InputName& name, const std::optional<std::string>& encoding,
                                      const ZipFolder* folder) {
  auto state = std::make_unique<State>();
  state->name = name;
  auto file = InputFile::open(name.path);
  if (!file) return tl::make_unexpected(file.error());
  if (!name.member.empty()) {
    std::shared_ptr<OpenZip> archive = folder != nullptr ? folder->archive_ : nullptr;
    if (!archive) {
      auto opened = open_zip(name.path);
      if (!opened) return tl::make_unexpected(opened.error());
      archive = std::move(*opened);
    }
    auto member = ZipStream::open(name, std::move(archive));
    if (!member) return tl::make_unexpected(member.error());
    state->container = "zip";
    state->stream = std::move(*member);
  } else {
    auto plain = std::make_unique<PlainStream>(std::move(*file));
    constexpr std::size_t magic_bytes = 2;
    auto head = first_bytes(*plain, magic_bytes);
    if (!head) return tl::make_unexpected(head.error());
    file = InputFile::open(name.path);  // from the front again
    if (!file) return tl::make_unexpected(file.error());
    if (*head == "\x1F\x8B") {
      state->container = "gzip";
      state->stream = std::make_unique<GzipStream>(std::move(*file));
    } else {
      state->stream = std::make_unique<PlainStream>(std::move(*file));
    }
  }
  auto head = first_bytes(*state->stream, utf16_little.size());
  if (!head) return tl::make_unexpected(head.error());
  const bool marked = *head == utf16_little || *head == utf16_big;
  state->utf16 = encoding ? *encoding == "utf-16" : marked;
  state->stream = std::make_unique<PeekedStream>(*head, std::move(state->stream));
  if (state->utf16) {
    state->stream = std::make_unique<Utf16Stream>(std::move(state->stream), name.path, *head == utf16_big);
  }
  return ByteSource(std::move(state));
}

Expected<std::size_t> ByteSource::read(std::span<char> into) {
  auto got = state_->stream->read(into);
  state_->at_end = got && *got < into.size();
  return got;
}

std::uint64_t ByteSource::size() const { return state_->stream->size(); }
std::uint64_t ByteSource::done() const { return state_->stream->done(); }
bool ByteSource::at_end() const { return state_->at_end; }
std::string_view ByteSource::container() const { return state_->container; }
bool ByteSource::was_utf16() const { return state_->utf16; }
const InputName& ByteSource::name() const { return state_->name; }

Expected<std::string> read_whole_file(const InputName& name, std::uint64_t max_bytes, const std::atomic<bool>* cancel) {
  auto source = ByteSource::open(name);
  if (!source) return tl::make_unexpected(source.error());
  constexpr std::size_t step = std::size_t{1} << 20U;
  std::string text;
  while (!source->at_end()) {
    if (cancel != nullptr && cancel->load(std::memory_order_relaxed)) {
      return loading_cancelled();
    }
    if (text.size() > max_bytes) {
      return bad_file(name.path, "the file has more than " + std::to_string(max_bytes) + " bytes", "expected fewer");
    }
    const std::size_t before = text.size();
    text.resize(before + step);
    auto got = source->read(std::span(text).subspan(before));
    if (!got) return tl::make_unexpected(got.error());
    text.resize(before + *got);
  }
  return text;
}

}  // namespace rowlight
