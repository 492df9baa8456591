#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/base/files.h"

namespace rowlight {

/// Where the bytes of a rating or title file stand.
struct InputName {
  std::string path;
  std::string member;  ///< the file in the .zip at `path`; "" for a file of its own

  /// The last part of the name, for messages.
  [[nodiscard]] std::string file_name() const;
};

/// The file of that name in the same folder, or in the same folder of the same archive.
[[nodiscard]] InputName beside(const InputName& input, const std::string& file_name);
[[nodiscard]] bool exists(const InputName& input);
/// Whether two names lead to one file. Pre: both exist.
[[nodiscard]] bool same_input(const InputName& a, const InputName& b);

/// The bytes of an InputFile in chunks, to a last one that may be shorter. Not synchronised.
class ByteSource {
 public:
  /// Errors: as InputFile::open().
  [[nodiscard]] static Expected<ByteSource> open(const std::string& path);

  /// Fills `into` as far as the file goes and returns the number of bytes, 0 at the end.
  /// Errors: Io when reading fails or the file is no longer as it was when it was opened.
  [[nodiscard]] Expected<std::size_t> read(std::span<char> into);

  [[nodiscard]] std::uint64_t size() const { return file_.size(); }  ///< in bytes, when it was opened
  [[nodiscard]] std::uint64_t done() const { return file_.size() - file_.remaining(); }
  [[nodiscard]] bool at_end() const { return file_.remaining() == 0; }
  [[nodiscard]] const std::string& path() const { return file_.path(); }

 private:
  explicit ByteSource(InputFile file) : file_(std::move(file)) {}

  InputFile file_;
};

/// The whole of a small file (titles, genre names), at most `max_bytes`. Errors: Io; BadInput when it is larger.
[[nodiscard]] Expected<std::string> read_whole_file(const InputName& name, std::uint64_t max_bytes);

}  // namespace rowlight
