#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/matrix.h"
#include "core/ratings/rating_set.h"

/// What the readers of factor files share. Internal to core/io.
namespace rowlight::io {

/// One table while it is read.
struct FactorTable {
  Vocabulary ids;  ///< of the rows
  Matrix values;   ///< (rows, factors)
  Matrix bias;     ///< (rows, 1), or empty
};

/// What one file (or folder) holds, before it is named and joined with titles.
struct FactorContent {
  FactorTable tables[2];  ///< by index_of(Table)
  std::uint64_t left_out = 0;
  bool untold = false;  ///< the file does not say whose rows its one table has; it stands in tables[1]
  std::vector<std::string> notices;
};

/// The lines of a text file, one after the other. Memory: a chunk and the longest line. Not synchronised.
class FactorLines {
 public:
  static constexpr std::size_t longest_line = std::size_t{16} << 20U;

  /// `control` outlives the reading. Errors: as InputFile::open().
  [[nodiscard]] static Expected<FactorLines> open(const std::string& path, const ReadControl& control);

  /// The next line that is not blank, without its end (LF or CRLF); nothing after the last. It lives until the next
  /// call. Errors: Io, Cancelled, BadInput for a line above longest_line.
  [[nodiscard]] Expected<std::optional<std::string_view>> next();

  [[nodiscard]] std::uint64_t number() const { return number_; }  ///< of the last line, from 1
  [[nodiscard]] const std::string& path() const { return file_.path(); }
  [[nodiscard]] std::uint64_t size() const { return file_.size(); }

  /// An error at a place in the last line. `at` views that line.
  [[nodiscard]] tl::unexpected<Error> bad(std::string_view line, const char* at, std::string what,
                                          std::string hint = {}) const;
  /// An error of the last line as a whole.
  [[nodiscard]] tl::unexpected<Error> bad(std::string what, std::string hint = {}) const;

 private:
  explicit FactorLines(InputFile file) : file_(std::move(file)) {}
  [[nodiscard]] Expected<std::optional<std::string_view>> next_line();

  InputFile file_;
  std::string buffer_;
  std::size_t at_ = 0;  // where the next line begins in buffer_
  std::uint64_t number_ = 0;
};

/// Collects rows of a number of factors that is not known beforehand.
class FactorRows {
 public:
  /// Adds a row. Errors: BadInput without a place, which the caller knows: another length than the first row's, an id
  /// that is there already, more rows than an index can count.
  [[nodiscard]] Expected<void> add(std::string_view id, std::span<const float> values);
  [[nodiscard]] std::size_t rows() const { return ids_.size(); }
  /// Moves the rows into `table`, whose memory is checked before it is taken. Once, at the end. Errors: BadInput.
  [[nodiscard]] Expected<void> move_into(FactorTable& table);

 private:
  std::size_t factors_ = 0;
  Vocabulary ids_;
  std::vector<std::vector<float>> blocks_;  // of whole rows, so that growing copies nothing
};

/// The next word of `text`, which blanks and TABs divide; it is taken away. Empty at the end.
[[nodiscard]] std::string_view take_word(std::string_view& text);

/// A finite number that fits a float, rounded to it; nothing for anything else. C locale.
[[nodiscard]] std::optional<float> factor_of(std::string_view word);

/// A whole number from 0 to the largest int32.
[[nodiscard]] std::optional<std::int32_t> count_of(std::string_view word);

/// Fails where the padded table would need more memory than there is.
[[nodiscard]] Expected<void> check_memory(std::size_t rows, std::size_t factors);

// One reader a format. All errors name the file.
[[nodiscard]] Expected<void> read_spark(const std::string& path, const ReadControl& control, FactorRows& rows);
[[nodiscard]] Expected<FactorContent> read_libmf(const std::string& path, const ReadControl& control);
[[nodiscard]] Expected<FactorContent> read_word2vec(const std::string& path, const ReadControl& control);
[[nodiscard]] Expected<FactorContent> read_npy_factors(const std::string& path, const ReadControl& control);
[[nodiscard]] Expected<FactorContent> read_tensor_factors(const std::string& path, const ReadControl& control);

}  // namespace rowlight::io
