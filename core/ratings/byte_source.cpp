#include "core/ratings/byte_source.h"

#include <algorithm>
#include <filesystem>

namespace rowlight {

Expected<ByteSource> ByteSource::open(const std::string& path) {
  auto file = InputFile::open(path);
  if (!file) return tl::make_unexpected(file.error());
  return ByteSource(std::move(*file));
}

Expected<std::size_t> ByteSource::read(std::span<char> into) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), file_.remaining()));
  if (auto done = file_.read(std::as_writable_bytes(into.first(wanted))); !done)
    return tl::make_unexpected(done.error());
  if (at_end() && wanted > 0) {
    if (auto same = file_.finish(); !same) return tl::make_unexpected(same.error());
  }
  return wanted;
}

namespace fs = std::filesystem;

std::string InputName::file_name() const { return fs::path(member.empty() ? path : member).filename().string(); }

InputName beside(const InputName& input, const std::string& file_name) {
  return {(fs::path(input.path).parent_path() / file_name).string(), {}};
}

bool exists(const InputName& input) {
  std::error_code code;
  return fs::is_regular_file(input.path, code);
}

bool same_input(const InputName& a, const InputName& b) {
  std::error_code code;
  return a.member == b.member && fs::equivalent(a.path, b.path, code);
}

Expected<std::string> read_whole_file(const InputName& name, std::uint64_t max_bytes) {
  auto source = ByteSource::open(name.path);
  if (!source) return tl::make_unexpected(source.error());
  if (source->size() > max_bytes) {
    return tl::make_unexpected(Error{ErrorKind::BadInput, "the file has " + std::to_string(source->size()) + " bytes",
                                     "expected at most " + std::to_string(max_bytes), name.path, 0, 0});
  }
  std::string text(static_cast<std::size_t>(source->size()), '\0');
  auto got = source->read(text);
  if (!got) return tl::make_unexpected(got.error());
  return text;
}

}  // namespace rowlight
