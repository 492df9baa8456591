#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowlight {

/// Cuts text into lines that end in LF, CRLF or CR, and counts which. A last line needs no end.
class LineScanner {
 public:
  /// Calls on_line(line without its end) for each line of `text`, in order. Pre: `text` does not end inside a line
  /// or between CR and LF, except at the end of the file.
  template <class OnLine>
  void scan(std::string_view text, OnLine&& on_line) {
    const bool has_cr = text.find('\r') != std::string_view::npos;
    while (!text.empty()) {
      std::size_t end = text.find('\n');
      // Looking for CR in every line is only paid by files that have one.
      const std::size_t cr = has_cr ? text.substr(0, end).find('\r') : std::string_view::npos;
      std::size_t next = end + 1;
      if (cr != std::string_view::npos) {
        const bool pair = cr + 1 == end;
        ++(pair ? crlf_ : cr_);
        end = cr;
        next = cr + (pair ? 2 : 1);
      } else if (end != std::string_view::npos) {
        ++lf_;
      } else {
        end = next = text.size();
      }
      ++lines_;
      on_line(text.substr(0, end));
      text.remove_prefix(next);
    }
  }

  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  /// "lf", "crlf", "cr" or "mixed"; "lf" where no line has ended.
  [[nodiscard]] std::string line_ending() const;

 private:
  std::uint64_t lines_ = 0;
  std::uint64_t lf_ = 0;
  std::uint64_t crlf_ = 0;
  std::uint64_t cr_ = 0;
};

/// Length of the part of `text` that ends with a line end; a CR in the last place may be half of a CRLF and does
/// not count.
[[nodiscard]] std::size_t complete_lines(std::string_view text);

/// Only blanks and TABs, or nothing.
[[nodiscard]] inline bool is_blank(std::string_view line) {
  return line.empty() || line.find_first_not_of(" \t") == std::string_view::npos;
}

}  // namespace rowlight
