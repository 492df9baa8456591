#include "core/io/factor_parts.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <span>

#include "core/base/files.h"
#include "core/base/row_index.h"
#include "core/io/factor_format.h"

namespace rowlight::io {

namespace {

namespace fs = std::filesystem;

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// The part files of one folder that hold anything: Spark writes an empty one for an empty partition.
std::vector<std::string> parts_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with("part-") || !name.ends_with(".json") || !entry->is_regular_file(code)) continue;
    if (entry->file_size(code) > 0) files.push_back(entry->path().string());
  }
  std::ranges::sort(files);
  if (files.empty()) return files;
  const auto head = head_of(files.front());
  if (!head || factor_format_of(*head) != "spark-factors") files.clear();
  return files;
}

}  // namespace

FactorParts factor_parts_of(const std::string& folder) {
  FactorParts parts;
  const std::size_t own = index_of(names_users(folder) ? Table::Users : Table::Movies);
  parts.files[own] = parts_in(folder);
  if (!parts.empty()) return parts;
  std::vector<fs::path> folders;
  std::error_code code;
  for (fs::directory_iterator entry(folder, code), end; !code && entry != end; entry.increment(code)) {
    if (entry->is_directory(code)) folders.push_back(entry->path());
  }
  std::ranges::sort(folders);
  for (const fs::path& inner : folders) {
    const std::string name = lower_case(inner.filename().string());
    const bool users = name.find("user") != std::string::npos;
    if (!users && name.find("item") == std::string::npos && name.find("movie") == std::string::npos) continue;
    std::vector<std::string>& files = parts.files[index_of(users ? Table::Users : Table::Movies)];
    if (files.empty()) files = parts_in(inner);
  }
  return parts;
}

bool names_users(const std::string& path) {
  std::error_code code;
  const fs::path full = fs::absolute(path, code).lexically_normal();
  const fs::path name = full.has_filename() ? full.filename() : full.parent_path().filename();
  return lower_case(name.string()).find("user") != std::string::npos;
}

Expected<std::string> head_of(const std::string& path) {
  auto file = InputFile::open(path);
  if (!file) return tl::make_unexpected(file.error());
  std::string head(static_cast<std::size_t>(std::min<std::uint64_t>(file->size(), factor_head_bytes)), '\0');
  if (auto read = file->read(std::as_writable_bytes(std::span(head))); !read) return tl::make_unexpected(read.error());
  return head;
}

}  // namespace rowlight::io
