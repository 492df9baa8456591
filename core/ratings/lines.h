#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rowlight {

/// Lines of a text by how they end; a last line may have no end at all.
struct LineCounts {
  std::uint64_t lines = 0;
  std::uint64_t lf = 0;
  std::uint64_t crlf = 0;
  std::uint64_t cr = 0;

  void add(const LineCounts& other);
  /// "lf", "crlf", "cr" or "mixed"; "lf" where no line has ended.
  [[nodiscard]] std::string line_ending() const;
};

/// Cuts text into lines that end in LF, CRLF or CR, and counts which.
class LineScanner {
 public:
  /// Calls on_line(line without its end) for each line of `text`, in order. Pre: `text` does not end inside a line
  /// or between CR and LF, except at the end of the file.
  template <class OnLine>
  void scan(std::string_view text, OnLine&& on_line) {
    while (!text.empty()) on_line(next(text));
  }

  /// The first line of `text`, without its end; takes it away from `text`. Pre: as scan(), and not empty.
  std::string_view next(std::string_view& text) {
    // Looked for in a part that grows, so that text without the one kind of end is not searched for it line by line.
    std::size_t lf = std::string_view::npos;
    std::size_t cr = std::string_view::npos;
    for (std::size_t part = 256;; part *= 4) {
      const std::string_view front = text.substr(0, part);
      lf = front.find('\n');
      cr = front.substr(0, lf).find('\r');
      if (lf != std::string_view::npos || cr != std::string_view::npos || part >= text.size()) break;
    }
    std::size_t end = lf;
    std::size_t after = lf + 1;
    if (cr != std::string_view::npos) {
      const bool pair = cr + 1 < text.size() && text[cr + 1] == '\n';
      ++(pair ? counts_.crlf : counts_.cr);
      end = cr;
      after = cr + (pair ? 2 : 1);
    } else if (lf != std::string_view::npos) {
      ++counts_.lf;
    } else {
      end = after = text.size();
    }
    ++counts_.lines;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(after);
    return line;
  }

  [[nodiscard]] std::uint64_t lines() const { return counts_.lines; }
  [[nodiscard]] const LineCounts& counts() const { return counts_; }

 private:
  LineCounts counts_;
};

/// The lines of a text. Pre: as LineScanner::scan().
[[nodiscard]] LineCounts count_lines(std::string_view text);

/// Length of the part of `text` that ends with a line end; a CR in the last place may be half of a CRLF and does
/// not count.
[[nodiscard]] std::size_t complete_lines(std::string_view text);

/// Only blanks and TABs, or nothing.
[[nodiscard]] inline bool is_blank(std::string_view line) {
  return line.empty() || line.find_first_not_of(" \t") == std::string_view::npos;
}

}  // namespace rowlight
