#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/base/error.h"

namespace rowlight {

/// Bytes in order, from a file or unpacked from another stream. Not synchronised.
class ByteStream {
 public:
  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  /// Fills `into` but for the end of the bytes, where it returns less. Errors: as ByteSource::read().
  virtual Expected<std::size_t> read(std::span<char> into) = 0;
  [[nodiscard]] virtual std::uint64_t done() const = 0;  ///< bytes on disk that have been read
  [[nodiscard]] virtual std::uint64_t size() const = 0;  ///< bytes on disk
};

[[nodiscard]] tl::unexpected<Error> bad_file(const std::string& path, std::string what, std::string hint = {});

/// Fails where `packed` bytes at `path` made so many that it can be no rating file.
[[nodiscard]] Expected<void> refuse_bomb(const std::string& path, std::uint64_t unpacked, std::uint64_t packed);

}  // namespace rowlight
