#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/base/stop.h"

namespace rowlight {

// Paths are UTF-8 on every platform. files.cpp is the one place with code for single platforms.
// All errors of this header are Io and name the file, but for the Cancelled of a followed read.

/// How the caller follows and stops the reading of a large file. Both may be empty. `on_progress` is called on the
/// reading thread.
struct ReadControl {
  std::function<void(std::uint64_t bytes_done, std::uint64_t bytes_total)> on_progress;
  const std::atomic<bool>* cancel = nullptr;

  [[nodiscard]] bool cancelled() const { return is_set(cancel); }
};

/// An open regular file that is read from front to back. Reading is exact: a file that shrinks, grows or is
/// rewritten meanwhile is an error and never a mixture of old and new. Movable; not synchronised.
class InputFile {
 public:
  /// Errors: missing, a directory, a pipe or a device, not readable.
  [[nodiscard]] static Expected<InputFile> open(const std::string& path);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }            ///< in bytes, when it was opened
  [[nodiscard]] std::uint64_t remaining() const { return remaining_; }  ///< bytes not read yet

  /// From now on read() tells `control` about each megabyte, and ends as Cancelled where that says so. `control`
  /// outlives the reading.
  void follow(const ReadControl& control) { control_ = &control; }

  /// Fills `out` with the next bytes. Pre: out.size() <= remaining().
  [[nodiscard]] Expected<void> read(std::span<std::byte> out);

  /// Says after the last read whether the file stayed as it was when it was opened. Pre: remaining() == 0.
  [[nodiscard]] Expected<void> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept;
  };
  friend class AtomicFile;
  [[nodiscard]] Expected<void> read_piece(std::span<std::byte> out);

  std::string path_;
  const ReadControl* control_ = nullptr;
  std::uint64_t told_ = 0;  // bytes done when `control_` was told last
  std::uint64_t size_ = 0;
  std::uint64_t remaining_ = 0;
  std::int64_t modified_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
};

/// Writes a file so that it appears whole or not at all: into a temporary file in the same folder, synced, then
/// renamed over `path`. Without commit() the destructor leaves everything as it was. An existing file keeps its
/// permissions; a symbolic link keeps pointing to the same, replaced, file. Movable; not synchronised.
class AtomicFile {
 public:
  /// Errors: the folder is missing or not writable; `path` is a directory, a device or write-protected.
  [[nodiscard]] static Expected<AtomicFile> create(const std::string& path);

  AtomicFile(AtomicFile&&) noexcept = default;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  [[nodiscard]] Expected<void> write(std::span<const std::byte> bytes);
  /// Once, after the last write. After an error of write() or commit() nothing of the new file is left behind.
  [[nodiscard]] Expected<void> commit();

 private:
  AtomicFile() = default;
  void discard();

  std::string path_;       ///< as the caller wrote it, for messages
  std::string target_;     ///< what is replaced, links followed
  std::string temporary_;  ///< beside target_
  std::unique_ptr<std::FILE, InputFile::Close> file_;
};

/// All bytes of a regular file. Memory: the file's size.
[[nodiscard]] Expected<std::string> read_file(const std::string& path);

/// Replaces or creates `path` through AtomicFile.
[[nodiscard]] Expected<void> write_file(const std::string& path, std::string_view bytes);

}  // namespace rowlight
