#include "core/base/files.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>

#include <sys/stat.h>

#ifdef _WIN32
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

namespace rowlight {

namespace fs = std::filesystem;

namespace {

// std::string holds UTF-8, which only char8_t says to std::filesystem on Windows.
fs::path path_of(const std::string& utf8) { return fs::path(std::u8string(utf8.begin(), utf8.end())); }

std::string text_of(const fs::path& path) {
  const std::u8string utf8 = path.u8string();
  return {utf8.begin(), utf8.end()};
}

tl::unexpected<Error> io_error(const std::string& path, std::string what, std::string hint = {}) {
  return tl::make_unexpected(Error{ErrorKind::Io, std::move(what), std::move(hint), path, 0, 0});
}

std::string reason(const char* failed, int code) {
  return std::string(failed) + ": " + std::error_code(code, std::generic_category()).message();
}

tl::unexpected<Error> changed(const std::string& path) {
  return io_error(path, "the file changed while it was read", "try again when nothing writes to it");
}

/// What tells two states of a file apart.
struct Stamp {
  std::uint64_t size = 0;
  std::int64_t modified = 0;
};

#ifdef _WIN32
std::FILE* open_stream(const fs::path& path, const char* mode) { return _wfopen(path.c_str(), fs::path(mode).c_str()); }

std::optional<Stamp> stamp_of(std::FILE* file) {
  struct _stat64 status {};
  if (_fstat64(_fileno(file), &status) != 0) return std::nullopt;
  return Stamp{static_cast<std::uint64_t>(status.st_size), static_cast<std::int64_t>(status.st_mtime)};
}

bool sync(std::FILE* file) { return _commit(_fileno(file)) == 0; }

void sync_folder(const fs::path&) {}
#else
std::FILE* open_stream(const fs::path& path, const char* mode) { return std::fopen(path.c_str(), mode); }

std::optional<Stamp> stamp_of(std::FILE* file) {
  struct stat status {};
  if (fstat(fileno(file), &status) != 0) return std::nullopt;
#ifdef __APPLE__
  const timespec& time = status.st_mtimespec;
#else
  const timespec& time = status.st_mtim;
#endif
  return Stamp{static_cast<std::uint64_t>(status.st_size),
               static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::int64_t>(time.tv_nsec)};
}

bool sync(std::FILE* file) {
  int result = 0;
  do {
    result = fsync(fileno(file));
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

// Makes the rename itself survive a power cut. The new file is in place already, so a folder that cannot be synced
// (some network file systems) is no failure.
void sync_folder(const fs::path& folder) {
  const int handle = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return;
  static_cast<void>(fsync(handle));
  ::close(handle);
}
#endif

Expected<void> check_path(const std::string& path) {
  if (path.empty()) return io_error(path, "the name of the file is empty");
  if (path.find('\0') != std::string::npos) return io_error(path, "the name of the file contains a NUL byte");
  return {};
}

/// A name that no other file of the folder has; short, so that it fits where the target's name fits.
std::string temporary_name() {
  static std::atomic<std::uint64_t> counter{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return ".rowlight-" + std::to_string(now) + "-" + std::to_string(counter++) + ".tmp";
}

/// Follows links, so that a link to the file stays a link, and refuses what must not be renamed over.
Expected<fs::path> target_of(const std::string& path) {
  fs::path target = path_of(path);
  std::error_code code;
  if (fs::is_symlink(target, code)) {
    const fs::path real = fs::canonical(target, code);
    if (!code) target = real;
  }
  const fs::file_status status = fs::status(target, code);
  if (!fs::exists(status)) return target;
  if (fs::is_directory(status)) return io_error(path, "is a directory", "name a file in it");
  if (!fs::is_regular_file(status)) return io_error(path, "is not a regular file", "name a file on disk");
  // A rename asks only the folder; a file that is write-protected stays protected.
  std::FILE* existing = open_stream(target, "r+b");
  if (existing == nullptr) return io_error(path, reason("the existing file cannot be replaced", errno));
  std::fclose(existing);
  return target;
}

}  // namespace

void InputFile::Close::operator()(std::FILE* file) const noexcept { std::fclose(file); }

Expected<InputFile> InputFile::open(const std::string& path) {
  if (auto valid = check_path(path); !valid) return tl::make_unexpected(valid.error());
  const fs::path name = path_of(path);
  std::error_code code;
  const fs::file_status status = fs::status(name, code);
  if (status.type() == fs::file_type::not_found) return io_error(path, "no such file", "check the name");
  if (fs::is_directory(status)) return io_error(path, "is a directory", "name a file in it");
  if (status.type() == fs::file_type::none) return io_error(path, reason("cannot be opened", code.value()));
  // Opening a pipe could wait forever, and neither a pipe nor a device has a size to check against.
  if (!fs::is_regular_file(status)) return io_error(path, "is not a regular file", "save its content to a file first");

  InputFile input;
  input.path_ = path;
  input.file_.reset(open_stream(name, "rb"));
  if (!input.file_) return io_error(path, reason("cannot be opened", errno));
  const std::optional<Stamp> stamp = stamp_of(input.file_.get());
  if (!stamp) return io_error(path, reason("cannot be read", errno));
  input.size_ = stamp->size;
  input.remaining_ = stamp->size;
  input.modified_ = stamp->modified;
  return input;
}

Expected<void> InputFile::read(std::span<std::byte> out) {
  assert(out.size() <= remaining_);
  if (control_ == nullptr) return read_piece(out);
  constexpr std::size_t piece = std::size_t{1} << 20U;
  while (!out.empty()) {
    if (control_->cancelled()) return fail(ErrorKind::Cancelled, "reading was cancelled");
    const std::size_t count = std::min(out.size(), piece);
    if (auto done = read_piece(out.first(count)); !done) return done;
    out = out.subspan(count);
    const std::uint64_t done = size_ - remaining_;
    if (!control_->on_progress || (done - told_ < piece && remaining_ > 0)) continue;
    told_ = done;
    control_->on_progress(done, size_);
  }
  return {};
}

Expected<void> InputFile::read_piece(std::span<std::byte> out) {
  if (out.empty()) return {};
  const std::size_t count = std::fread(out.data(), 1, out.size(), file_.get());
  if (count != out.size()) {
    if (std::ferror(file_.get()) != 0) return io_error(path_, reason("cannot be read", errno));
    return changed(path_);
  }
  remaining_ -= count;
  return {};
}

Expected<void> InputFile::finish() {
  assert(remaining_ == 0);
  const bool at_end = std::fgetc(file_.get()) == EOF;
  if (std::ferror(file_.get()) != 0) return io_error(path_, reason("cannot be read", errno));
  const std::optional<Stamp> now = stamp_of(file_.get());
  if (!at_end || !now || now->size != size_ || now->modified != modified_) return changed(path_);
  return {};
}

Expected<AtomicFile> AtomicFile::create(const std::string& path) {
  if (auto valid = check_path(path); !valid) return tl::make_unexpected(valid.error());
  auto target = target_of(path);
  if (!target) return tl::make_unexpected(target.error());

  AtomicFile output;
  output.path_ = path;
  output.target_ = text_of(*target);
  for (int attempt = 0; attempt < 16 && !output.file_; ++attempt) {
    const fs::path temporary = target->parent_path() / temporary_name();
    output.file_.reset(open_stream(temporary, "wbx"));  // x: never somebody else's file
    if (output.file_) {
      output.temporary_ = text_of(temporary);
    } else if (errno != EEXIST) {
      break;
    }
  }
  if (!output.file_) return io_error(path, reason("cannot be written", errno), "check the folder");

  std::error_code code;
  const fs::file_status existing = fs::status(*target, code);
  // Before the first byte, so that a private file's new content is never readable to others.
  if (fs::exists(existing)) fs::permissions(path_of(output.temporary_), existing.permissions(), code);
  return output;
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::discard() {
  if (!file_) return;  // moved from, committed or discarded before
  file_.reset();
  std::error_code code;
  fs::remove(path_of(temporary_), code);
}

Expected<void> AtomicFile::write(std::span<const std::byte> bytes) {
  assert(file_);
  if (bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size()) return {};
  auto error = io_error(path_, reason("cannot be written", errno));
  discard();
  return error;
}

Expected<void> AtomicFile::commit() {
  assert(file_);
  if (std::fflush(file_.get()) != 0 || !sync(file_.get())) {
    auto error = io_error(path_, reason("cannot be written", errno));
    discard();
    return error;
  }
  // Closed before the rename, which Windows insists on. Network file systems report a full disk only here.
  const bool closed = std::fclose(file_.release()) == 0;
  const int close_code = errno;
  std::error_code code;
  if (closed) fs::rename(path_of(temporary_), path_of(target_), code);
  if (closed && !code) {
    const fs::path folder = path_of(target_).parent_path();
    sync_folder(folder.empty() ? fs::path(".") : folder);
    return {};
  }
  auto error =
      io_error(path_, closed ? "cannot be written: " + code.message() : reason("cannot be written", close_code));
  fs::remove(path_of(temporary_), code);
  return error;
}

Expected<std::string> read_file(const std::string& path) {
  auto input = InputFile::open(path);
  if (!input) return tl::make_unexpected(input.error());
  std::string bytes(static_cast<std::size_t>(input->size()), '\0');
  if (auto result = input->read(std::as_writable_bytes(std::span(bytes))); !result) {
    return tl::make_unexpected(result.error());
  }
  if (auto result = input->finish(); !result) return tl::make_unexpected(result.error());
  return bytes;
}

Expected<void> write_file(const std::string& path, std::string_view bytes) {
  auto output = AtomicFile::create(path);
  if (!output) return tl::make_unexpected(output.error());
  if (auto result = output->write(std::as_bytes(std::span(bytes))); !result) return result;
  return output->commit();
}

}  // namespace rowlight
