#include "core/io/factors.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "core/base/text.h"
#include "core/io/factor_parts.h"
#include "core/io/factor_rows.h"
#include "core/io/values.h"
#include "core/ratings/titles.h"

namespace rowlight {

namespace {

namespace fs = std::filesystem;

std::string name_of(const std::string& path) {
  std::error_code code;
  const fs::path full = fs::absolute(path, code).lexically_normal();
  return (full.has_filename() ? full : full.parent_path()).filename().string();
}

/// Reads the part files of both tables as one. Progress counts the bytes of all of them.
Expected<io::FactorContent> read_parts(const io::FactorParts& parts, const std::string& path,
                                       const ReadControl& control, std::uint64_t& bytes) {
  std::error_code code;
  bytes = 0;
  for (const auto& files : parts.files) {
    for (const std::string& file : files) bytes += fs::file_size(file, code);
  }
  std::uint64_t before = 0;
  ReadControl of_part{{}, control.cancel};
  if (control.on_progress) {
    of_part.on_progress = [&](std::uint64_t done, std::uint64_t) { control.on_progress(before + done, bytes); };
  }
  io::FactorContent content;
  for (const std::size_t table : {0U, 1U}) {
    io::FactorRows rows;
    for (const std::string& file : parts.files[table]) {
      if (auto read = io::read_spark(file, of_part, rows); !read) return tl::make_unexpected(read.error());
      before += fs::file_size(file, code);
    }
    if (auto moved = rows.move_into(content.tables[table]); !moved) return io::bad_input(path, moved.error().what);
  }
  content.untold = parts.files[0].empty() && !fs::is_directory(path, code);
  return content;
}

Expected<io::FactorContent> read_content(const std::string& path, const ReadControl& control, FactorReport& report) {
  std::error_code code;
  io::FactorParts parts;
  if (fs::is_directory(path, code)) {
    parts = io::factor_parts_of(path);
    if (parts.empty()) {
      return tl::make_unexpected(Error{ErrorKind::Io,
                                       "there are no factors in this directory",
                                       "looked for part-*.json files as Spark writes them",
                                       path,
                                       0,
                                       0,
                                       {}});
    }
    report.format = "spark-factors";
  } else {
    const auto head = io::head_of(path);
    if (!head) return tl::make_unexpected(head.error());
    const auto format = factor_format_of(*head);
    if (!format) {
      return io::bad_input(path, "these are no factors in a known format",
                           "Spark ALS JSON lines, a LIBMF model, word2vec text, .npy or .safetensors can be read");
    }
    report.format = *format;
    report.bytes = fs::file_size(path, code);
    if (*format == "spark-factors") parts.files[1] = {path};
  }
  if (!parts.empty()) return read_parts(parts, path, control, report.bytes);
  if (report.format == "libmf-model") return io::read_libmf(path, control);
  if (report.format == "word2vec") return io::read_word2vec(path, control);
  if (report.format == "npy") return io::read_npy_factors(path, control);
  return io::read_tensor_factors(path, control);
}

/// Decides whose rows a table is that does not say it, and explains what is absent.
void settle_tables(const std::string& path, io::FactorContent& content, Factors& factors) {
  if (content.untold) {
    const bool users = io::names_users(path);
    if (users) std::swap(content.tables[0], content.tables[1]);
    content.notices.push_back(users ? "the rows are taken for users, as the file's name says so"
                                    : "the file does not say whose rows these are: they are taken for movies");
  }
  for (const Table table : {Table::Users, Table::Movies}) {
    if (content.tables[index_of(table)].values.rows() > 0) continue;
    factors.missing = name_of(path) + (table == Table::Users ? " holds no user table" : " holds no movie table");
  }
}

bool is_number(std::string_view id) {
  return !id.empty() && std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
}

/// Words are their own titles; numbers are not.
void name_rows_by_id(RatingSet& rows) {
  const auto count = static_cast<std::int32_t>(rows.movie_count());
  bool words = false;
  for (std::int32_t i = 0; i < count && !words; ++i) words = !is_number(rows.movie_ids.id(i));
  if (!words) return;
  rows.movie_info.resize(rows.movie_count());
  for (std::int32_t i = 0; i < count; ++i) rows.movie_info[static_cast<std::size_t>(i)].title = rows.movie_ids.id(i);
}

Expected<void> join_items(const FactorOptions& options, const ReadControl& control, RatingSet& rows,
                          FactorReport& report) {
  report.items_without_title = report.items;
  if (options.items_file.empty()) {
    name_rows_by_id(rows);
    return {};
  }
  LoadReport joined;
  auto done = join_titles({options.items_file, {}}, ReadOptions{}, rows, joined, control.cancel);
  if (!done) return done;
  report.titles = joined.titles;
  report.items_without_title = joined.items_without_title;
  report.notices.insert(report.notices.end(), joined.notices.begin(), joined.notices.end());
  return {};
}

}  // namespace

Expected<LoadedFactors> read_factors(const std::string& path, const FactorOptions& options,
                                     const ReadControl& control) {
  const auto start = std::chrono::steady_clock::now();
  FactorReport report;
  report.file = path;
  auto content = read_content(path, control, report);
  if (!content) return tl::make_unexpected(content.error());
  auto factors = std::make_shared<Factors>();
  factors->format = report.format;
  settle_tables(path, *content, *factors);
  if (content->tables[0].values.empty() && content->tables[1].values.empty()) {
    return io::bad_input(path, "there is no row of factors in it");
  }
  auto rows = std::make_shared<RatingSet>();
  rows->name = name_of(path);
  for (const std::size_t table : {0U, 1U}) {
    factors->tables[table] = std::move(content->tables[table].values);
    factors->biases[table] = std::move(content->tables[table].bias);
    report.bias = report.bias || !factors->biases[table].empty();
  }
  rows->user_ids = std::move(content->tables[0].ids);
  rows->movie_ids = std::move(content->tables[1].ids);
  report.users = factors->tables[0].rows();
  report.items = factors->tables[1].rows();
  report.user_factors = factors->tables[0].cols();
  report.item_factors = factors->tables[1].cols();
  report.left_out = content->left_out;
  report.notices = std::move(content->notices);
  if (report.users > 0 && report.items > 0 && report.user_factors != report.item_factors) {
    report.notices.push_back("rows of users have " + grouped(report.user_factors) + " factors, those of movies " +
                             grouped(report.item_factors));
  }
  if (auto joined = join_items(options, control, *rows, report); !joined) return tl::make_unexpected(joined.error());
  if (control.cancelled()) return fail(ErrorKind::Cancelled, "reading was cancelled");
  factors->rows = std::move(rows);
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return LoadedFactors{std::move(factors), std::move(report)};
}

}  // namespace rowlight
