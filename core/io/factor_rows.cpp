#include "core/io/factor_rows.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "core/base/system.h"
#include "core/io/values.h"
#include "core/ratings/lines.h"
#include "core/ratings/text_encoding.h"

namespace rowlight::io {

Expected<FactorLines> FactorLines::open(const std::string& path, const ReadControl& control) {
  auto file = InputFile::open(path);
  if (!file) return tl::make_unexpected(file.error());
  file->follow(control);
  return FactorLines(std::move(*file));
}

Expected<std::optional<std::string_view>> FactorLines::next() {
  while (true) {
    auto line = next_line();
    if (!line || !*line || !is_blank(**line)) return line;
  }
}

Expected<std::optional<std::string_view>> FactorLines::next_line() {
  constexpr std::size_t chunk = std::size_t{1} << 20U;
  std::size_t searched = at_;
  std::size_t end = buffer_.find('\n', searched);
  while (end == std::string::npos && file_.remaining() > 0) {
    if (buffer_.size() - at_ > longest_line) {
      ++number_;
      return bad("the line is longer than " + std::to_string(longest_line >> 20U) + " MB");
    }
    buffer_.erase(0, std::exchange(at_, 0));
    searched = buffer_.size();
    buffer_.resize(searched + static_cast<std::size_t>(std::min<std::uint64_t>(chunk, file_.remaining())));
    if (auto read = file_.read(std::as_writable_bytes(std::span(buffer_).subspan(searched))); !read) {
      return tl::make_unexpected(read.error());
    }
    if (file_.remaining() == 0) {
      if (auto same = file_.finish(); !same) return tl::make_unexpected(same.error());
    }
    end = buffer_.find('\n', searched);
  }
  if (at_ == buffer_.size()) return std::nullopt;
  std::string_view line = std::string_view(buffer_).substr(at_, end == std::string::npos ? end : end - at_);
  at_ = end == std::string::npos ? buffer_.size() : end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (++number_ == 1) take_utf8_mark(line);
  return line;
}

tl::unexpected<Error> FactorLines::bad(std::string_view line, const char* at, std::string what,
                                       std::string hint) const {
  const auto column = static_cast<std::uint64_t>(at - line.data()) + 1;
  return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what), std::move(hint), path(), number_, column, {}});
}

tl::unexpected<Error> FactorLines::bad(std::string what, std::string hint) const {
  return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what), std::move(hint), path(), number_, 0, {}});
}

Expected<void> FactorRows::add(std::string_view id, std::span<const float> values) {
  constexpr std::size_t block_floats = std::size_t{1} << 20U;
  constexpr std::size_t most_rows = std::numeric_limits<std::int32_t>::max() - 1;
  if (rows() == 0) factors_ = values.size();
  if (values.empty()) return fail(ErrorKind::BadInput, "the row has no factors");
  if (values.size() != factors_) {
    return fail(ErrorKind::BadInput, "the row has " + std::to_string(values.size()) + " factors",
                "the first row has " + std::to_string(factors_));
  }
  const std::size_t before = rows();
  if (before >= most_rows) return fail(ErrorKind::BadInput, "there are more than two thousand million rows");
  // Ids are shown in the window: what is no text in UTF-8 is read as latin-1, where every byte is a character.
  ids_.add(invalid_utf8_at(id) == std::string_view::npos ? id : latin1_to_utf8(id));
  if (rows() == before) {
    return fail(ErrorKind::BadInput, "the id " + io::quoted(id) + " was there before", "each id has one row");
  }
  if (blocks_.empty() || blocks_.back().size() + factors_ > blocks_.back().capacity()) {
    // The first blocks are small: most of what is read in a test or a lesson is.
    const std::size_t rows_of_block =
        std::max<std::size_t>(1, std::min(block_floats / factors_, std::max<std::size_t>(16, before)));
    blocks_.emplace_back().reserve(rows_of_block * factors_);
  }
  blocks_.back().insert(blocks_.back().end(), values.begin(), values.end());
  return {};
}

Expected<void> FactorRows::move_into(FactorTable& table) {
  if (auto fits = check_memory(rows(), factors_); !fits) return fits;
  table.values = Matrix(rows(), factors_);
  table.ids = std::move(ids_);
  std::size_t row = 0;
  for (std::vector<float>& block : blocks_) {
    for (std::size_t at = 0; at < block.size(); at += factors_, ++row) {
      std::ranges::copy(std::span(block).subspan(at, factors_), table.values.row(row).begin());
    }
    block = {};  // so that both are never held whole
  }
  blocks_.clear();
  return {};
}

std::string_view take_word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(word.size());
  return word;
}

std::optional<float> factor_of(std::string_view word) {
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) return std::nullopt;
  return narrowed(value);
}

std::optional<std::int32_t> count_of(std::string_view word) {
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (word.empty() || error != std::errc() || end != word.data() + word.size() || value < 0) return std::nullopt;
  return value;
}

Expected<void> check_memory(std::size_t rows, std::size_t factors) {
  const std::uint64_t bytes = std::uint64_t{rows} * padded_stride(factors) * sizeof(float);
  if (bytes <= memory_limit_bytes()) return {};
  constexpr std::uint64_t megabyte = 1'000'000;
  return fail(ErrorKind::BadInput,
              "the table of " + std::to_string(rows) + " rows takes " + std::to_string(bytes / megabyte) +
                  " MB, more memory than there is",
              "open a part of it");
}

}  // namespace rowlight::io
