#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"

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

/// Whether the bytes are the start of a zip archive.
[[nodiscard]] bool is_zip(std::string_view head);

struct OpenZip;

/// A zip archive whose list has been read, which can take a while where it is long. Not synchronised.
class ZipFolder {
 public:
  /// Errors: Io; BadInput when it is damaged, holds more than 100,000 files, or names a place outside of itself.
  [[nodiscard]] static Expected<ZipFolder> open(const std::string& path);

  /// The names of the files, folders left out, in the archive's order.
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }
  [[nodiscard]] bool holds(const std::string& member) const;

 private:
  friend class ByteSource;
  std::shared_ptr<OpenZip> archive_;
  std::vector<std::string> names_;
};

/// The text of a file from front to back: unpacked where it is a .gz or in a .zip or both, told by its first bytes, and
/// as UTF-8 where it is UTF-16 with a byte order mark. Memory: some 100 kB however much is unpacked. Movable; not
/// synchronised.
class ByteSource {
 public:
  /// `encoding`: "utf-16" takes the text for that without a mark, in the byte order that it most likely has; "latin-1"
  /// and "utf-8" do not look for a mark.
  /// `folder`: the archive of a member, where it is open already; it may go before the source.
  /// Errors: as InputFile::open(), and BadInput for an archive that cannot be read or is locked.
  [[nodiscard]] static Expected<ByteSource> open(const InputName& name,
                                                 const std::optional<std::string>& encoding = std::nullopt,
                                                 const ZipFolder* folder = nullptr);
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;
  ~ByteSource();

  /// Fills `into`, which is only left in part at the end of the text, and returns the number of bytes.
  /// Errors: Io when reading fails or the file is no longer as it was when it was opened; BadInput when the archive is
  /// damaged, the text is not UTF-16 after all, or it unpacks to so much that it can be no rating file (a bomb).
  [[nodiscard]] Expected<std::size_t> read(std::span<char> into);

  [[nodiscard]] std::uint64_t size() const;          ///< of the file on disk, in bytes, when it was opened
  [[nodiscard]] std::uint64_t done() const;          ///< bytes of the file on disk that have been read
  [[nodiscard]] bool at_end() const;                 ///< a read came to the end of the text
  [[nodiscard]] std::string_view container() const;  ///< "plain", "gzip" or "zip", of two the outer one
  [[nodiscard]] bool was_utf16() const;
  [[nodiscard]] const InputName& name() const;

 private:
  struct State;
  explicit ByteSource(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

/// The whole text of a small file (titles, genre names), at most `max_bytes`. Errors: as ByteSource; BadInput when it
/// is larger; Cancelled.
[[nodiscard]] Expected<std::string> read_whole_file(const InputName& name, std::uint64_t max_bytes,
                                                    const std::atomic<bool>* cancel = nullptr);

}  // namespace rowlight
