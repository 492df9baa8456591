#include "core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "core/io/values.h"

namespace rowlight {

namespace {

constexpr std::uint64_t longest_header = 100'000'000;  // the limit of the format's own library
constexpr std::size_t most_dimensions = 32;
constexpr std::string_view metadata_key = "__metadata__";

struct TypeInfo {
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array<TypeInfo, 5> types{{{"F32", 4}, {"F64", 8}, {"I64", 8}, {"I32", 4}, {"U8", 1}}};

/// One tensor as the header describes it.
struct Entry {
  std::string name;
  std::string type;
  std::vector<std::size_t> shape;
  std::vector<std::size_t> offsets;  ///< begin and end in the data
  bool has_shape = false;
};

/// Takes the header apart while it is parsed. A document tree of a hostile 100 MB header would need gigabytes; this
/// holds what the tensors need and ends at the first thing that does not belong there.
class HeaderHandler {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
  std::string error;

  bool start_object(std::size_t) {
    switch (place_) {
      case Place::Start: place_ = Place::Tensors; return true;
      case Place::Tensor: place_ = Place::Fields; return true;
      case Place::Metadata: place_ = Place::MetadataKeys; return true;
      default: return unexpected("an object");
    }
  }

  bool key(string_t& name) {
    if (place_ == Place::MetadataKeys) {
      key_ = name;
      place_ = Place::MetadataValue;
      return true;
    }
    if (place_ == Place::Fields) return field(name);
    if (name == metadata_key) {
      if (std::exchange(has_metadata_, true)) return reject("has __metadata__ twice");
      place_ = Place::Metadata;
      return true;
    }
    entries.emplace_back().name = name;
    place_ = Place::Tensor;
    return true;
  }

  bool string(string_t& text) {
    if (place_ == Place::MetadataValue) {
      place_ = Place::MetadataKeys;
      if (metadata.emplace(key_, text).second) return true;
      return reject("has the metadata " + io::quoted(key_) + " twice");
    }
    if (place_ != Place::Type) return unexpected("a text");
    entries.back().type = text;
    place_ = Place::Fields;
    return true;
  }

  bool start_array(std::size_t) {
    if (place_ == Place::Shape)
      place_ = Place::ShapeValues;
    else if (place_ == Place::Offsets)
      place_ = Place::OffsetValues;
    else
      return unexpected("a list");
    return true;
  }

  bool number_unsigned(number_unsigned_t number) {
    if (place_ != Place::ShapeValues && place_ != Place::OffsetValues) return unexpected("a number");
    Entry& entry = entries.back();
    auto& list = place_ == Place::ShapeValues ? entry.shape : entry.offsets;
    if (list.size() >= (place_ == Place::ShapeValues ? most_dimensions : 2)) {
      return reject("gives the tensor " + io::quoted(entry.name) + " too many sizes or offsets");
    }
    if (!std::in_range<std::size_t>(number)) return unexpected("a number too large for this machine");
    list.push_back(static_cast<std::size_t>(number));
    return true;
  }

  bool end_array() {
    place_ = Place::Fields;
    return true;
  }

  bool end_object() {
    if (place_ == Place::Fields) {
      const Entry& entry = entries.back();
      if (entry.type.empty() || !entry.has_shape || entry.offsets.size() != 2) {
        return reject("lacks dtype, shape or two data_offsets of the tensor " + io::quoted(entry.name));
      }
    }
    place_ = place_ == Place::Tensors ? Place::End : Place::Tensors;
    return true;
  }

  bool null() { return unexpected("null"); }
  bool boolean(bool) { return unexpected("true or false"); }
  bool number_integer(number_integer_t) { return unexpected("a negative number"); }
  bool number_float(number_float_t, const string_t&) { return unexpected("a number that is no integer"); }
  bool binary(binary_t&) { return unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) {
    return reject("is not JSON at its byte " + std::to_string(position));
  }

 private:
  /// What comes next.
  enum class Place {
    Start,
    Tensors,
    Tensor,
    Fields,
    Type,
    Shape,
    ShapeValues,
    Offsets,
    OffsetValues,
    Metadata,
    MetadataKeys,
    MetadataValue,
    End
  };

  bool field(const std::string& name) {
    Entry& entry = entries.back();
    bool repeated = false;
    if (name == "dtype") {
      repeated = !entry.type.empty();
      place_ = Place::Type;
    } else if (name == "shape") {
      repeated = std::exchange(entry.has_shape, true);
      place_ = Place::Shape;
    } else if (name == "data_offsets") {
      repeated = !entry.offsets.empty();
      place_ = Place::Offsets;
    } else {
      return reject("gives the tensor " + io::quoted(entry.name) + " an unknown field " + io::quoted(name));
    }
    return !repeated || reject("gives the tensor " + io::quoted(entry.name) + " the field " + name + " twice");
  }

  bool reject(std::string text) {
    error = "the header " + std::move(text);
    return false;
  }

  bool unexpected(std::string_view found) {
    const bool in_tensor = !entries.empty() && place_ != Place::Metadata && place_ != Place::MetadataValue;
    return reject("has " + std::string(found) + " in a place where the format has none" +
                  (in_tensor ? ", in the tensor " + io::quoted(entries.back().name) : ""));
  }

  Place place_ = Place::Start;
  std::string key_;
  bool has_metadata_ = false;
};

Expected<std::string> read_header(InputFile& input) {
  std::uint64_t length = 0;
  if (input.remaining() < sizeof(length)) return io::bad_input(input.path(), "this is not a .safetensors file");
  if (auto read = input.read(std::as_writable_bytes(std::span(&length, 1))); !read) {
    return tl::make_unexpected(read.error());
  }
  if (length > input.remaining()) {
    return io::bad_input(input.path(),
                         "the header announces " + std::to_string(length) + " bytes, but " +
                             std::to_string(input.remaining()) + " follow",
                         "this is not a .safetensors file, or it is cut off");
  }
  if (length > longest_header) return io::bad_input(input.path(), "the header is longer than 100 MB");
  std::string text(static_cast<std::size_t>(length), '\0');
  if (auto read = input.read(std::as_writable_bytes(std::span(text))); !read) return tl::make_unexpected(read.error());
  return text;
}

/// The values that the entry has, if type, shape and offsets agree.
Expected<std::size_t> count_of(const std::string& path, const Entry& entry) {
  const std::string name = "the tensor " + io::quoted(entry.name);
  const auto type = std::find_if(types.begin(), types.end(), [&](const TypeInfo& t) { return t.name == entry.type; });
  if (type == types.end()) {
    return io::bad_input(path, name + " has the type " + io::quoted(entry.type),
                         "F32, F64, I64, I32 and U8 can be read");
  }
  const std::size_t begin = entry.offsets[0];
  const std::size_t end = entry.offsets[1];
  if (begin > end) return io::bad_input(path, name + " ends before it begins");
  const auto count = io::product_of(entry.shape);
  // Divided, as the product with the type's size could overflow.
  if (!count || (end - begin) % type->bytes != 0 || *count != (end - begin) / type->bytes) {
    return io::bad_input(path, name + " of the shape " + io::shape_text(entry.shape) + " and type " + entry.type +
                                   " does not fill its " + std::to_string(end - begin) + " bytes");
  }
  return *count;
}

/// Puts the entries in the order of their data, which has to be covered once and whole.
Expected<void> order_entries(const std::string& path, std::vector<Entry>& entries, std::uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  const auto twin = std::adjacent_find(entries.begin(), entries.end(),
                                       [](const Entry& a, const Entry& b) { return a.name == b.name; });
  if (twin != entries.end()) return io::bad_input(path, "there are two tensors " + io::quoted(twin->name));
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.offsets < b.offsets; });
  std::size_t at = 0;
  for (const Entry& entry : entries) {
    const std::string name = "the tensor " + io::quoted(entry.name);
    if (entry.offsets[0] < at) return io::bad_input(path, name + " overlaps the tensor before it");
    if (entry.offsets[0] > at) return io::bad_input(path, "there is a gap before " + name);
    if (entry.offsets[1] > data_bytes) {
      return io::bad_input(path, name + " ends beyond the end of the file", "the file may be cut off");
    }
    at = std::max(at, entry.offsets[1]);
  }
  if (at != data_bytes) {
    return io::bad_input(path, std::to_string(data_bytes - at) + " bytes after the last tensor belong to none");
  }
  return {};
}

template <class Stored, class Kept>
Expected<void> read_values(InputFile& input, std::size_t count, Tensor& tensor) {
  auto& values = tensor.values.emplace<std::vector<Kept>>();
  if constexpr (std::is_same_v<Stored, Kept>) {
    values.resize(count);
    return input.read(std::as_writable_bytes(std::span(values)));
  } else {
    values.reserve(count);
    bool too_large = false;
    auto result = io::each_value<Stored>(input, count, [&](Stored value) {
      if constexpr (std::is_same_v<Kept, float>) {
        const auto rounded = io::narrowed(value);
        too_large |= !rounded.has_value();
        values.push_back(rounded.value_or(0.0F));
      } else {
        values.push_back(value);
      }
    });
    if (result && too_large) return io::bad_input(input.path(), "a value is too large for float32");
    return result;
  }
}

Expected<void> read_tensor(InputFile& input, const Entry& entry, std::size_t count, Tensor& tensor) {
  if (entry.type == "F32") return read_values<float, float>(input, count, tensor);
  if (entry.type == "F64") return read_values<double, float>(input, count, tensor);
  if (entry.type == "I64") return read_values<std::int64_t, std::int64_t>(input, count, tensor);
  if (entry.type == "I32") return read_values<std::int32_t, std::int64_t>(input, count, tensor);
  return read_values<std::uint8_t, std::uint8_t>(input, count, tensor);
}

std::string_view type_of(const Tensor& tensor) {
  constexpr std::array<std::string_view, 3> names{"F32", "I64", "U8"};  // in the order of the variant
  return names[tensor.values.index()];
}

std::span<const std::byte> bytes_of(const Tensor& tensor) {
  return std::visit([](const auto& values) { return std::as_bytes(std::span(values)); }, tensor.values);
}

std::size_t count_of(const Tensor& tensor) {
  return std::visit([](const auto& values) { return values.size(); }, tensor.values);
}

/// The header's text, padded. Its tensors come in the order of `tensors`.
Expected<std::string> header_of(const TensorFile& file,
                                const std::vector<std::pair<std::string_view, const Tensor*>>& tensors) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!file.metadata.empty()) header[std::string(metadata_key)] = file.metadata;
  std::size_t at = 0;
  for (const auto& [name, tensor] : tensors) {
    const std::size_t end = at + bytes_of(*tensor).size();
    header[std::string(name)] = {{"dtype", type_of(*tensor)}, {"shape", tensor->shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  try {
    std::string text = header.dump();
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const nlohmann::json::exception&) {  // the one thing that dump() refuses
    return fail(ErrorKind::Usage, "the name of a tensor or a metadata text is not UTF-8");
  }
}

}  // namespace

Expected<void> write_safetensors(const std::string& path, const TensorFile& file) {
  std::vector<std::pair<std::string_view, const Tensor*>> tensors;
  for (const auto& [name, tensor] : file.tensors) {
    if (name == metadata_key || io::product_of(tensor.shape) != count_of(tensor)) {
      return fail(ErrorKind::Usage, "the tensor " + io::quoted(name) +
                                        " cannot be stored: its name is reserved or its "
                                        "shape does not fit its values");
    }
    tensors.emplace_back(name, &tensor);
  }
  // Wide types first keep every tensor aligned for readers that map the file; names keep the bytes reproducible.
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    const auto width = [](const Tensor* t) { return t->values.index() == 1 ? 8 : t->values.index() == 0 ? 4 : 1; };
    return width(a.second) > width(b.second);
  });
  const auto header = header_of(file, tensors);
  if (!header) return tl::make_unexpected(header.error());
  const std::uint64_t length = header->size();
  if (length > longest_header) return fail(ErrorKind::Usage, "names and metadata need more than 100 MB");

  auto output = AtomicFile::create(path);
  if (!output) return tl::make_unexpected(output.error());
  if (auto result = output->write(std::as_bytes(std::span(&length, 1))); !result) return result;
  if (auto result = output->write(std::as_bytes(std::span(*header))); !result) return result;
  for (const auto& [name, tensor] : tensors) {
    if (auto result = output->write(bytes_of(*tensor)); !result) return result;
  }
  return output->commit();
}

Expected<TensorFile> read_safetensors(const std::string& path, const ReadControl& control) {
  auto input = InputFile::open(path);
  if (!input) return tl::make_unexpected(input.error());
  input->follow(control);
  HeaderHandler header;
  {
    const auto text = read_header(*input);
    if (!text) return tl::make_unexpected(text.error());
    if (!nlohmann::json::sax_parse(*text, &header)) {
      return io::bad_input(path, header.error, "the file may be damaged or in another format");
    }
  }
  if (auto ordered = order_entries(path, header.entries, input->remaining()); !ordered) {
    return tl::make_unexpected(ordered.error());
  }
  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (Entry& entry : header.entries) {
    const auto count = count_of(path, entry);  // before anything of that size is allocated
    if (!count) return tl::make_unexpected(count.error());
    Tensor& tensor = file.tensors[entry.name];
    tensor.shape = std::move(entry.shape);
    if (auto read = read_tensor(*input, entry, *count, tensor); !read) return tl::make_unexpected(read.error());
  }
  if (auto same = input->finish(); !same) return tl::make_unexpected(same.error());
  return file;
}

Expected<Matrix> matrix_of(const TensorFile& file, const std::string& name) {
  const std::string quoted = "the tensor " + io::quoted(name);
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) return fail(ErrorKind::BadInput, quoted + " is missing");
  const Tensor& tensor = found->second;
  const auto* values = std::get_if<std::vector<float>>(&tensor.values);
  if (values == nullptr)
    return fail(ErrorKind::BadInput, quoted + " holds no floats but " + std::string(type_of(tensor)));
  if (tensor.shape.empty() || tensor.shape.size() > 2) {
    return fail(ErrorKind::BadInput, quoted + " has " + std::to_string(tensor.shape.size()) + " dimensions",
                "one or two are needed");
  }
  if (io::product_of(tensor.shape) != values->size()) {
    return fail(ErrorKind::BadInput, quoted + " does not have the values that its shape announces");
  }
  if (values->empty() && *std::max_element(tensor.shape.begin(), tensor.shape.end()) > io::largest_empty_side) {
    return fail(ErrorKind::BadInput, quoted + " has no values and an absurd size");
  }
  const std::size_t cols = tensor.shape.size() == 2 ? tensor.shape[1] : 1;
  Matrix matrix(tensor.shape[0], cols);
  for (std::size_t r = 0; r < matrix.rows() && cols > 0; ++r) {
    std::copy_n(values->begin() + static_cast<std::ptrdiff_t>(r * cols), cols, matrix.row(r).begin());
  }
  return matrix;
}

Tensor tensor_of(ConstMatrixView matrix) {
  std::vector<float> values;
  values.reserve(matrix.rows * matrix.cols);
  for (std::size_t r = 0; r < matrix.rows; ++r) values.insert(values.end(), matrix.row(r).begin(), matrix.row(r).end());
  return {{matrix.rows, matrix.cols}, std::move(values)};
}

}  // namespace rowlight
