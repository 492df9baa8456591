#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rowlight {

/// How a line is cut into fields.
struct Separation {
  enum class Kind {
    Text,    ///< exactly `text` between two fields: two in a row make an empty field
    Blanks,  ///< any run of blanks and TABs
    Mixed,   ///< any run of blanks, TABs and commas
  };
  Kind kind = Kind::Text;
  std::string text = ",";
  bool quotes = true;  ///< Kind::Text only: RFC 4180, "a, b" is one field, and "" or \" in it is a quote
};

/// The field without the blanks and TABs around it.
[[nodiscard]] std::string_view trimmed(std::string_view field);

/// Cuts one record after the other; its buffers are reused, so that a row costs no allocation. Not synchronised.
class FieldSplitter {
 public:
  /// `trim`: take away the blanks around fields that are not quoted.
  explicit FieldSplitter(Separation separation, bool trim) : separation_(std::move(separation)), trim_(trim) {}

  /// Cuts the record of `text` that begins at `begin` and returns the position after its line end. A quoted field
  /// may run over line ends. A quote that does not enclose a whole field is an ordinary character. The fields view
  /// `text` or this splitter's own memory and live until the next call.
  std::size_t split(std::string_view text, std::size_t begin = 0);

  [[nodiscard]] std::span<const std::string_view> fields() const { return fields_; }
  /// Where a field begins, in bytes from `begin`.
  [[nodiscard]] std::size_t offset(std::size_t field) const { return offsets_[field]; }
  /// The last record had a quote at the start of a field that nothing closes.
  [[nodiscard]] bool open_quote() const { return open_quote_; }

 private:
  std::size_t split_runs(std::string_view text, std::size_t begin);
  bool take_quoted(std::string_view text, std::size_t& at);
  [[nodiscard]] bool at_delimiter(std::string_view text, std::size_t at) const;
  [[nodiscard]] bool ends_field(std::string_view text, std::size_t at) const;

  Separation separation_;
  bool trim_;
  std::vector<std::string_view> fields_;
  std::vector<std::size_t> offsets_;
  std::deque<std::string> unescaped_;  // a deque: the views into it stay valid when it grows
  bool open_quote_ = false;
};

}  // namespace rowlight
