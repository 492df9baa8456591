#include "core/ratings/container.h"

#include <algorithm>
#include <array>

namespace rowlight {
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
    Magic{0, "\xFF\xFE"sv, "UTF-16 text"},
    Magic{0, "\xFE\xFF"sv, "UTF-16 text"},
};

bool starts_with_word(std::string_view text, std::string_view lower_case) {
  if (text.size() < lower_case.size()) return false;
  return std::equal(lower_case.begin(), lower_case.end(), text.begin(), [](char expected, char found) {
    return expected == (found >= 'A' && found <= 'Z' ? static_cast<char>(found - 'A' + 'a') : found);
  });
}

std::optional<std::string> foreign_text(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const std::size_t start = head.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return std::nullopt;
  head.remove_prefix(start);
  for (const std::string_view tag : {"<!doctype html"sv, "<html"sv, "<head"sv, "<body"sv, "<!--"sv, "<script"sv}) {
    if (starts_with_word(head, tag)) return "an HTML page";
  }
  if (starts_with_word(head, "<?xml") || starts_with_word(head, "<svg")) return "an XML document";
  if (starts_with_word(head, "{\\rtf")) return "an RTF document";
  if (starts_with_word(head, "@relation")) return "an ARFF file, which cannot be read yet";
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

}  // namespace rowlight
