#include "core/io/npy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>

#include "core/base/system.h"
#include "core/io/values.h"

namespace rowlight {

namespace {

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t alignment = 64;                // of the data, as NumPy writes it
constexpr std::uint64_t longest_header = 1U << 20U;  // of the two dimensions here it needs 100 bytes

/// The dictionary at the start of the file.
struct Header {
  std::string type;  ///< NumPy's descr, such as "<f4"
  bool fortran_order = false;
  std::vector<std::size_t> shape;
};

/// Reads the one Python literal that the format allows: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }.
/// Every function returns false or nothing where the text is something else.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : rest_(text) {}

  std::optional<Header> parse() {
    Header header;
    bool type = false;
    bool order = false;
    bool shape = false;
    if (!take('{')) return std::nullopt;
    while (!take('}')) {
      const auto key = string();
      if (!key || !take(':')) return std::nullopt;
      // Each key once: a second one would leave open which counts.
      bool* seen = *key == "descr" ? &type : *key == "fortran_order" ? &order : *key == "shape" ? &shape : nullptr;
      if (seen == nullptr || *seen) return std::nullopt;
      *seen = true;
      const bool valid = seen == &type    ? read_type(header.type)
                         : seen == &order ? read_bool(header.fortran_order)
                                          : read_shape(header.shape);
      if (!valid) return std::nullopt;
      if (!take(',') && peek() != '}') return std::nullopt;
    }
    skip_blanks();
    if (!rest_.empty() || !type || !order || !shape) return std::nullopt;
    return header;
  }

 private:
  void skip_blanks() {
    const std::size_t n = rest_.find_first_not_of(" \t\n");
    rest_.remove_prefix(std::min(n, rest_.size()));
  }
  char peek() {
    skip_blanks();
    return rest_.empty() ? '\0' : rest_.front();
  }
  bool take(char c) {
    if (peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  bool read_type(std::string& out) {
    if (peek() == '[') {  // a list of fields; understanding it is not needed to say so
      out = "records";
      const std::size_t end = rest_.rfind(']');
      if (end == std::string_view::npos) return false;
      rest_.remove_prefix(end + 1);
      return true;
    }
    auto text = string();
    if (text) out = std::move(*text);
    return text.has_value();
  }

  bool read_bool(bool& out) {
    out = take_word("True");
    return out || take_word("False");
  }

  bool read_shape(std::vector<std::size_t>& out) {
    if (!take('(')) return false;
    while (!take(')')) {
      const auto size = number();
      if (!size) return false;
      out.push_back(*size);
      if (!take(',') && peek() != ')') return false;
    }
    return true;
  }

  std::optional<std::size_t> number() {
    std::size_t value = 0;
    std::size_t digits = 0;
    for (char c = peek(); c >= '0' && c <= '9'; c = rest_.empty() ? '\0' : rest_.front(), ++digits) {
      const auto digit = static_cast<std::size_t>(c - '0');
      if (value > (std::numeric_limits<std::size_t>::max() - digit) / 10) return std::nullopt;
      value = value * 10 + digit;
      rest_.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
    if (!rest_.empty() && rest_.front() == 'L') rest_.remove_prefix(1);  // Python 2 wrote long numbers so
    return value;
  }

  std::string_view rest_;
};

/// An open .npy file, positioned on its data, whose length fits its header.
struct Array {
  InputFile input;
  Header header;
  std::size_t count = 0;  ///< values
};

std::optional<std::size_t> bytes_of(std::string_view type) {
  if (type == "<f4" || type == "<i4" || type == "<u4") return 4;
  if (type == "<f8" || type == "<i8") return 8;
  return std::nullopt;
}

Expected<std::string> read_header_text(InputFile& input) {
  const auto truncated = [&] { return io::bad_input(input.path(), "the file ends within the header of the array"); };
  std::array<char, 8> start{};
  if (input.remaining() < start.size()) return io::bad_input(input.path(), "this is not a .npy file");
  if (auto read = input.read(std::as_writable_bytes(std::span(start))); !read) return tl::make_unexpected(read.error());
  if (std::string_view(start.data(), magic.size()) != magic) {
    return io::bad_input(input.path(), "this is not a .npy file", "write it with numpy.save");
  }
  const int version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3) {
    return io::bad_input(input.path(), "version " + std::to_string(version) + " of the .npy format is not known",
                         "versions 1 to 3 are");
  }
  std::uint32_t length = 0;
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  if (input.remaining() < length_bytes) return truncated();
  if (auto read = input.read(std::as_writable_bytes(std::span(&length, 1)).first(length_bytes)); !read) {
    return tl::make_unexpected(read.error());
  }
  if (length > input.remaining()) return truncated();
  if (length > longest_header) {
    return io::bad_input(input.path(), "the header has " + std::to_string(length) + " bytes",
                         "the header of a table has about 100");
  }
  std::string text(length, '\0');
  if (auto read = input.read(std::as_writable_bytes(std::span(text))); !read) return tl::make_unexpected(read.error());
  return text;
}

/// Checks the sizes against the file before anything is allocated for them.
Expected<std::size_t> checked_count(const InputFile& input, const Header& header, std::size_t value_bytes) {
  const std::string shape = io::shape_text(header.shape);
  if (header.shape.empty() || header.shape.size() > 2) {
    return io::bad_input(input.path(), "the array has " + std::to_string(header.shape.size()) + " dimensions",
                         "one or two are needed");
  }
  const auto count = io::product_of(header.shape);
  if (!count || *count > input.remaining() / value_bytes || *count * value_bytes != input.remaining()) {
    return io::bad_input(input.path(),
                         "the header announces the shape " + shape + " of " + std::to_string(value_bytes) +
                             "-byte values, but " + std::to_string(input.remaining()) + " bytes follow",
                         "the file may be cut off");
  }
  if (*count == 0 && *std::max_element(header.shape.begin(), header.shape.end()) > io::largest_empty_side) {
    return io::bad_input(input.path(), "the shape " + shape + " has no values and an absurd size");
  }
  return *count;
}

/// Opens and checks everything but the values. `types` lists what the caller can use.
Expected<Array> open_array(const std::string& path, std::span<const std::string_view> types, std::string_view wanted,
                           const ReadControl* control = nullptr) {
  auto input = InputFile::open(path);
  if (!input) return tl::make_unexpected(input.error());
  if (control != nullptr) input->follow(*control);
  const auto text = read_header_text(*input);
  if (!text) return tl::make_unexpected(text.error());
  auto header = HeaderParser(*text).parse();
  if (!header) {
    return io::bad_input(path, "the header of the array is not what NumPy writes: " + io::quoted(*text));
  }
  const auto value_bytes = bytes_of(header->type);
  if (!value_bytes || std::find(types.begin(), types.end(), header->type) == types.end()) {
    return io::bad_input(path, "the array holds values of type " + io::quoted(header->type),
                         "convert it to " + std::string(wanted));
  }
  const auto count = checked_count(*input, *header, *value_bytes);
  if (!count) return tl::make_unexpected(count.error());
  return Array{std::move(*input), std::move(*header), *count};
}

/// Calls `take(row, column, value)` in the file's order.
template <class Stored, class Take>
Expected<void> each_cell(Array& array, std::size_t rows, std::size_t cols, Take take) {
  std::size_t r = 0;
  std::size_t c = 0;
  auto result = io::each_value<Stored>(array.input, array.count, [&](Stored value) {
    take(r, c, value);
    if (array.header.fortran_order) {
      if (++r < rows) return;
      r = 0;
      ++c;
    } else {
      if (++c < cols) return;
      c = 0;
      ++r;
    }
  });
  if (!result) return result;
  return array.input.finish();
}

/// Creates the file and writes everything before the values. `shape` as Python writes it: "(2, 3)", "(2,)".
Expected<AtomicFile> create_array(const std::string& path, std::string_view type, const std::string& shape) {
  std::string header = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': " + shape + ", }";
  const std::size_t preamble = magic.size() + 4;  // with version and length
  const std::size_t total = (preamble + header.size() + 1 + alignment - 1) / alignment * alignment;
  header.append(total - preamble - header.size() - 1, ' ');
  header += '\n';
  std::string start(magic);
  start += {'\1', '\0', static_cast<char>(header.size() & 0xFFU), static_cast<char>(header.size() >> 8U)};
  start += header;
  auto output = AtomicFile::create(path);
  if (!output) return output;
  if (auto result = output->write(std::as_bytes(std::span(start))); !result) return tl::make_unexpected(result.error());
  return output;
}

Expected<void> write_vector(const std::string& path, std::string_view type, std::size_t size,
                            std::span<const std::byte> bytes) {
  auto output = create_array(path, type, "(" + std::to_string(size) + ",)");
  if (!output) return tl::make_unexpected(output.error());
  if (auto result = output->write(bytes); !result) return result;
  return output->commit();
}

}  // namespace

Expected<void> write_npy(const std::string& path, ConstMatrixView matrix) {
  auto output = create_array(path, "<f4", "(" + std::to_string(matrix.rows) + ", " + std::to_string(matrix.cols) + ")");
  if (!output) return tl::make_unexpected(output.error());
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    if (auto result = output->write(std::as_bytes(matrix.row(r))); !result) return result;
  }
  return output->commit();
}

Expected<void> write_npy(const std::string& path, std::span<const float> values) {
  return write_vector(path, "<f4", values.size(), std::as_bytes(values));
}

Expected<void> write_npy(const std::string& path, std::span<const std::int64_t> values) {
  return write_vector(path, "<i8", values.size(), std::as_bytes(values));
}

Expected<Matrix> read_npy(const std::string& path, const ReadControl& control) {
  static constexpr std::array<std::string_view, 2> types{"<f4", "<f8"};
  auto array = open_array(path, types, "little-endian float32", &control);
  if (!array) return tl::make_unexpected(array.error());
  const auto& shape = array->header.shape;
  // A sparse file can be larger than any memory.
  const std::uint64_t cells = std::uint64_t{shape[0]} * (shape.size() == 2 ? shape[1] : 1);
  if (cells > memory_limit_bytes() / sizeof(float))
    return io::bad_input(path, "there is not enough memory for this array");
  Matrix matrix(shape[0], shape.size() == 2 ? shape[1] : 1);
  bool too_large = false;
  const auto result =
      array->header.type == "<f4"
          ? each_cell<float>(*array, matrix.rows(), matrix.cols(),
                             [&](std::size_t r, std::size_t c, float value) { matrix(r, c) = value; })
          : each_cell<double>(*array, matrix.rows(), matrix.cols(), [&](std::size_t r, std::size_t c, double value) {
              const auto rounded = io::narrowed(value);
              too_large |= !rounded.has_value();
              matrix(r, c) = rounded.value_or(0.0F);
            });
  if (!result) return tl::make_unexpected(result.error());
  if (too_large) return io::bad_input(path, "a value is too large for float32");
  return matrix;
}

Expected<std::vector<std::int64_t>> read_npy_integers(const std::string& path, std::vector<std::size_t>* shape_out) {
  static constexpr std::array<std::string_view, 3> types{"<i8", "<i4", "<u4"};
  auto array = open_array(path, types, "little-endian int64");
  if (!array) return tl::make_unexpected(array.error());
  const auto& shape = array->header.shape;
  const std::size_t cols = shape.size() == 2 ? shape[1] : 1;
  std::vector<std::int64_t> values(array->count);
  const auto take = [&](std::size_t r, std::size_t c, std::int64_t value) { values[r * cols + c] = value; };
  const std::string& type = array->header.type;
  const auto result = type == "<i8"   ? each_cell<std::int64_t>(*array, shape[0], cols, take)
                      : type == "<i4" ? each_cell<std::int32_t>(*array, shape[0], cols, take)
                                      : each_cell<std::uint32_t>(*array, shape[0], cols, take);
  if (!result) return tl::make_unexpected(result.error());
  if (shape_out) *shape_out = shape;
  return values;
}

}  // namespace rowlight
