#include "core/ratings/byte_source.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace rowlight {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> io_error(const std::string& path, std::string what, std::string hint = {}) {
  return tl::make_unexpected(Error{ErrorKind::Io, std::move(what), std::move(hint), path, 0, 0});
}

}  // namespace

Expected<ByteSource> ByteSource::open(const std::string& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (status.type() == fs::file_type::not_found) {
    return io_error(path, "there is no file of this name", "check the path");
  }
  if (code) return io_error(path, "the file cannot be opened: " + code.message());
  // Opening a pipe would wait for its other end without any way to cancel.
  if (status.type() != fs::file_type::regular) return io_error(path, "this is not a regular file");

  ByteSource source;
  source.path_ = path;
  errno = 0;
  source.file_.reset(std::fopen(path.c_str(), "rb"));
  if (!source.file_) {
    return io_error(path, "the file cannot be opened: " + std::generic_category().message(errno));
  }
  std::setvbuf(source.file_.get(), nullptr, _IONBF, 0);  // callers read in large pieces: a second copy is waste
  source.size_ = fs::file_size(path, code);
  if (!code) source.modified_ = fs::last_write_time(path, code);
  if (code) return io_error(path, "the file cannot be read: " + code.message());
  return source;
}

Expected<std::size_t> ByteSource::read(std::span<char> into) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - done_));
  errno = 0;
  const std::size_t got = std::fread(into.data(), 1, wanted, file_.get());
  done_ += got;
  if (got < wanted) {
    if (std::ferror(file_.get()) != 0) {
      return io_error(path_, "reading failed: " + std::generic_category().message(errno));
    }
    return io_error(path_, "the file became shorter while it was read", "load it again once it is complete");
  }
  if (at_end() && wanted > 0) {
    if (auto same = check_unchanged(); !same) return tl::make_unexpected(same.error());
  }
  return got;
}

Expected<void> ByteSource::check_unchanged() {
  std::error_code code;
  const std::uint64_t size = fs::file_size(path_, code);
  const bool same = !code && size == size_ && fs::last_write_time(path_, code) == modified_ && !code;
  if (!same) return io_error(path_, "the file changed while it was read", "load it again once it is complete");
  return {};
}

Expected<std::string> read_whole_file(const std::string& path, std::uint64_t max_bytes) {
  auto source = ByteSource::open(path);
  if (!source) return tl::make_unexpected(source.error());
  if (source->size() > max_bytes) {
    return tl::make_unexpected(Error{ErrorKind::BadInput, "the file has " + std::to_string(source->size()) + " bytes",
                                     "expected at most " + std::to_string(max_bytes), path, 0, 0});
  }
  std::string text(static_cast<std::size_t>(source->size()), '\0');
  auto got = source->read(text);
  if (!got) return tl::make_unexpected(got.error());
  return text;
}

}  // namespace rowlight
