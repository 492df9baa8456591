#include "core/ratings/lines.h"

namespace rowlight {

void LineCounts::add(const LineCounts& other) {
  lines += other.lines;
  lf += other.lf;
  crlf += other.crlf;
  cr += other.cr;
}

std::string LineCounts::line_ending() const {
  const int kinds = (lf > 0 ? 1 : 0) + (crlf > 0 ? 1 : 0) + (cr > 0 ? 1 : 0);
  if (kinds > 1) return "mixed";
  if (crlf > 0) return "crlf";
  return cr > 0 ? "cr" : "lf";
}

LineCounts count_lines(std::string_view text) {
  LineScanner scanner;
  scanner.scan(text, [](std::string_view) {});
  return scanner.counts();
}

std::size_t complete_lines(std::string_view text) {
  const std::size_t lf = text.rfind('\n');
  const std::size_t after_lf = lf == std::string_view::npos ? 0 : lf + 1;
  const std::string_view rest = text.substr(after_lf);
  if (rest.size() < 2) return after_lf;
  const std::size_t cr = rest.rfind('\r', rest.size() - 2);
  return cr == std::string_view::npos ? after_lf : after_lf + cr + 1;
}

}  // namespace rowlight
