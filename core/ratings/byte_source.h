#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/base/error.h"

namespace rowlight {

/// The bytes of one regular file from front to back, read with plain reads: a file that shrinks, grows or is
/// replaced under the reader is an error here, where mapped memory would be a crash. Not synchronised.
class ByteSource {
 public:
  /// Errors: Io when there is no such file, it is not a regular one, or it cannot be opened.
  [[nodiscard]] static Expected<ByteSource> open(const std::string& path);

  /// Fills `into` as far as the file goes and returns the number of bytes, 0 at the end.
  /// Errors: Io when reading fails or the file is no longer the one that was opened.
  [[nodiscard]] Expected<std::size_t> read(std::span<char> into);

  [[nodiscard]] std::uint64_t size() const { return size_; }  ///< in bytes, when it was opened
  [[nodiscard]] std::uint64_t done() const { return done_; }
  [[nodiscard]] bool at_end() const { return done_ == size_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  [[nodiscard]] Expected<void> check_unchanged();

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
  std::filesystem::file_time_type modified_;
  std::uint64_t size_ = 0;
  std::uint64_t done_ = 0;
};

/// The whole of a small file (titles, genre names), at most `max_bytes`. Errors: Io; BadInput when it is larger.
[[nodiscard]] Expected<std::string> read_whole_file(const std::string& path, std::uint64_t max_bytes);

}  // namespace rowlight
