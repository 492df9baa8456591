#include "core/ratings/container.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/base/stop.h"
#include "core/ratings/dialect.h"
#include "core/ratings/lines.h"
#include "core/ratings/load_errors.h"
#include "core/ratings/text_encoding.h"

namespace rowlight {

namespace fs = std::filesystem;

namespace {

using namespace std::string_view_literals;

struct Magic {
  std::size_t offset;
  std::string_view bytes;
  std::string_view name;
};

constexpr std::array magics{
    Magic{0, "\x1F\x8B"sv, "a gzip archive"},
    Magic{0, "PK\x03\x04"sv, "a zip archive"},
    Magic{0, "PK\x05\x06"sv, "an empty zip archive"},
    Magic{4, "1AY&SY"sv, "a bzip2 archive"},
    Magic{0,
          "\xFD"
          "7zXZ\0"sv,
          "an xz archive"},
    Magic{0, "\x28\xB5\x2F\xFD"sv, "a zstd archive"},
    Magic{0, "7z\xBC\xAF\x27\x1C"sv, "a 7z archive"},
    Magic{0, "Rar!\x1A"sv, "a rar archive"},
    Magic{257, "ustar"sv, "a tar archive"},
    Magic{0, "\x89PNG\r\n\x1A\n"sv, "a PNG image"},
    Magic{0, "\xFF\xD8\xFF"sv, "a JPEG image"},
    Magic{0, "GIF87a"sv, "a GIF image"},
    Magic{0, "GIF89a"sv, "a GIF image"},
    Magic{0, "RIFF"sv, "a RIFF file (sound, video or WebP image)"},
    Magic{0, "%PDF-"sv, "a PDF document"},
    Magic{0,
          "\x7F"
          "ELF"sv,
          "a program (ELF)"},
    Magic{0, "\x93NUMPY"sv, "a NumPy array"},
    Magic{0, "\x89HDF\r\n"sv, "an HDF5 file"},
    Magic{0, "PAR1\x15"sv, "a Parquet file"},
    Magic{0, "SQLite format 3\0"sv, "an SQLite database"},
    Magic{0, "\xD0\xCF\x11\xE0"sv, "an old Microsoft Office document"},
};

bool starts_with_word(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  return std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char expected, char found) {
    return expected == (found >= 'A' && found <= 'Z' ? static_cast<char>(found - 'A' + 'a') : found);
  });
}

std::optional<std::string> foreign_text(std::string_view head) {
  take_utf8_mark(head);
  const std::size_t start = head.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return std::nullopt;
  head.remove_prefix(start);
  for (const std::string_view tag : {"<!doctype html"sv, "<html"sv, "<head"sv, "<body"sv, "<!--"sv, "<script"sv}) {
    if (starts_with_word(head, tag)) return "an HTML page";
  }
  if (starts_with_word(head, "<?xml") || starts_with_word(head, "<svg")) return "an XML document";
  if (starts_with_word(head, "{\\rtf")) return "an RTF document";
  if (starts_with_word(head, "version https://git-lfs")) return "a Git LFS pointer and not the file itself";
  if (head.front() == '{' || head.front() == '[') return "JSON";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> foreign_container(std::string_view head) {
  for (const Magic& magic : magics) {
    if (head.size() >= magic.offset && head.substr(magic.offset).starts_with(magic.bytes)) {
      return std::string(magic.name);
    }
  }
  if (auto text = foreign_text(head)) return text;
  // Text has no NUL and next to no control characters; what has them is some binary format without a known start.
  const std::string_view sample = head.substr(0, 65536);
  const auto control = std::count_if(sample.begin(), sample.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7F;
  });
  const bool nul = sample.substr(0, 1024).find('\0') != std::string_view::npos;
  if (nul || control * 50 > static_cast<std::ptrdiff_t>(sample.size())) return "a binary file";
  return std::nullopt;
}

namespace {

constexpr std::array known_names{"u.data", "ratings.csv", "ratings.dat", "ratings.txt"};
constexpr std::size_t most_files_to_look_into = 64;
constexpr std::size_t bytes_to_look_at = std::size_t{64} * 1024;

struct Candidate {
  InputName input;
  std::uint64_t bytes = 0;  // on the disk or in the archive, once it was looked into
};

// The last part of a path, also of "folder/" and ".".
std::string name_of(const fs::path& path) {
  std::error_code code;
  const fs::path full = fs::absolute(path, code).lexically_normal();
  return (full.has_filename() ? full : full.parent_path()).filename().string();
}

std::string known_name_list() {
  std::string list;
  for (const char* name : known_names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

// Whether the first lines are ratings; says then how large the file is.
bool reads_like_ratings(Candidate& file, const ZipFolder* folder) {
  auto source = ByteSource::open(file.input, std::nullopt, folder);
  if (!source) return false;
  file.bytes = source->size();
  std::string text(bytes_to_look_at, '\0');
  const auto got = source->read(text);
  if (!got) return false;
  text.resize(*got);
  if (foreign_container(text)) return false;
  const std::string_view whole(text.data(), source->at_end() ? text.size() : complete_lines(text));
  std::vector<std::string_view> lines;
  LineScanner().scan(whole, [&](std::string_view line) {
    constexpr std::size_t enough = 256;
    if ((!lines.empty() || !is_blank(line)) && lines.size() < enough) lines.push_back(line);
  });
  return !lines.empty() && detect_layout(lines, 1, {}).has_value();
}

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// Of files that all read like ratings, the one to take: 'rating' in its name counts more than its size.
ResolvedInput choose(std::vector<Candidate> found) {
  std::stable_sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    const auto rank = [](const Candidate& c) {
      return std::pair(lower_case(c.input.file_name()).find("rating") != std::string::npos, c.bytes);
    };
    return rank(a) > rank(b);
  });
  ResolvedInput resolved{found.front().input, {}, found.front().input.file_name() + " reads like ratings", {}};
  for (std::size_t i = 1; i < found.size(); ++i) {
    resolved.notice += (i == 1 ? "other files here read like ratings too: " : ", ") + found[i].input.file_name();
  }
  return resolved;
}

// `folder`: the archive that the files stand in, or nullptr.
Expected<std::optional<ResolvedInput>> known_or_readable(std::vector<Candidate> files, const ZipFolder* folder,
                                                         const std::atomic<bool>* cancel) {
  for (const std::string name : known_names) {
    for (const std::string ending : {"", ".gz"}) {
      for (const Candidate& file : files) {
        if (lower_case(file.input.file_name()) != name + ending) continue;
        return ResolvedInput{file.input, {}, "it is called " + file.input.file_name(), {}};
      }
    }
  }
  std::vector<Candidate> readable;
  for (std::size_t i = 0; i < std::min(files.size(), most_files_to_look_into); ++i) {
    if (is_set(cancel)) return loading_cancelled();
    if (reads_like_ratings(files[i], folder)) readable.push_back(std::move(files[i]));
  }
  if (readable.empty()) return std::nullopt;
  return choose(std::move(readable));
}

Expected<ResolvedInput> resolve_folder(const std::string& path, const std::atomic<bool>* cancel) {
  std::vector<Candidate> files;
  std::error_code code;
  fs::directory_iterator entry(path, code);
  for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
    if (is_set(cancel)) return loading_cancelled();
    std::error_code ignored;
    if (entry->is_regular_file(ignored)) files.push_back({{entry->path().string(), {}}});
  }
  if (code) {
    return tl::make_unexpected(
        Error{ErrorKind::Io, "the folder cannot be read: " + code.message(), "check its permissions", path, 0, 0});
  }
  std::sort(files.begin(), files.end(),
            [](const Candidate& a, const Candidate& b) { return a.input.path < b.input.path; });
  auto resolved = known_or_readable(std::move(files), nullptr, cancel);
  if (!resolved) return tl::make_unexpected(resolved.error());
  if (*resolved) return std::move(**resolved);
  return tl::make_unexpected(Error{ErrorKind::Io, "there are no ratings in this directory",
                                   "looked for " + known_name_list() + ", and for files that read like ratings", path,
                                   0, 0});
}

Expected<ResolvedInput> resolve_zip(const std::string& path, const std::atomic<bool>* cancel) {
  auto folder = ZipFolder::open(path);
  if (!folder) return tl::make_unexpected(folder.error());
  std::vector<std::string> members = folder->names();
  const auto depth = [](const std::string& name) { return std::count(name.begin(), name.end(), '/'); };
  std::stable_sort(members.begin(), members.end(),
                   [&](const std::string& a, const std::string& b) { return depth(a) < depth(b); });
  std::vector<Candidate> files;
  for (const std::string& member : members) {
    // What the Finder adds: resource forks under the names of the files.
    if (member.starts_with("__MACOSX/")) continue;
    files.push_back({{path, member}});
  }
  auto resolved = known_or_readable(std::move(files), &*folder, cancel);
  if (!resolved) return tl::make_unexpected(resolved.error());
  if (*resolved) return std::move(**resolved);
  return tl::make_unexpected(Error{ErrorKind::BadInput, "there are no ratings in this zip archive",
                                   "looked for " + known_name_list() + ", and for files that read like ratings", path,
                                   0, 0});
}

}  // namespace

Expected<ResolvedInput> resolve_input(const std::string& path, const std::atomic<bool>* cancel) {
  std::error_code code;
  Expected<ResolvedInput> resolved = ResolvedInput{{path, {}}, {}, {}, {}};
  if (fs::is_directory(path, code)) {
    resolved = resolve_folder(path, cancel);
  } else if (fs::is_regular_file(path, code)) {
    // The bytes as they stand: a zip archive in a .gz is none that could be opened.
    auto source = ByteSource::open(resolved->input, "utf-8");
    if (!source) return tl::make_unexpected(source.error());
    std::string head(4, '\0');
    auto got = source->read(head);
    if (!got) return tl::make_unexpected(got.error());
    if (source->container() == "plain" && is_zip(head)) resolved = resolve_zip(path, cancel);
  }
  if (resolved) resolved->name = name_of(path);
  return resolved;
}

}  // namespace rowlight
