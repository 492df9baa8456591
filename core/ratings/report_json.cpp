#include "core/ratings/report_json.h"

#include <cmath>
#include <limits>

#include <nlohmann/json.hpp>

#include "core/ratings/text_encoding.h"

namespace rowlight {
namespace {

using Json = nlohmann::ordered_json;

Json text(const std::string& value) {
  if (invalid_utf8_at(value) == std::string::npos) return value;
  return printable(value, std::numeric_limits<std::size_t>::max());
}

Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json moment(const std::optional<std::int64_t>& time) { return time ? Json(*time) : Json(nullptr); }

Json texts(const std::vector<std::string>& values) {
  Json array = Json::array();
  for (const std::string& value : values) array.push_back(text(value));
  return array;
}

Json evidence_of(const LoadReport& report) {
  Json array = Json::array();
  for (const Evidence& e : report.evidence) {
    array.push_back({{"stage", e.stage}, {"decision", text(e.decision)}, {"because", text(e.because)}});
  }
  return array;
}

Json preview_of(const LoadReport& report) {
  Json array = Json::array();
  for (const PreviewRow& row : report.preview) {
    array.push_back({{"line", row.line},
                     {"text", text(row.text)},
                     {"user", text(row.user)},
                     {"item", text(row.item)},
                     {"rating", number(row.rating)},
                     {"time", moment(row.time)},
                     {"title", row.title.empty() ? Json(nullptr) : text(row.title)}});
  }
  return array;
}

Json advice_of(const LoadReport& report) {
  Json array = Json::array();
  for (const Advice& advice : report.advice) {
    array.push_back({{"sentence", text(advice.sentence)}, {"option", advice.option}, {"value", text(advice.value)}});
  }
  return array;
}

}  // namespace

Json to_json(const LoadReport& report) {
  Json bad_lines = Json::array();
  for (const BadLine& bad : report.bad_lines) {
    bad_lines.push_back({{"line", bad.line}, {"column", bad.column}, {"reason", text(bad.reason)}});
  }
  Json json;
  json["file"] = text(report.file);
  json["format"] = report.format;
  json["encoding"] = report.encoding;
  json["line_ending"] = report.line_ending;
  json["delimiter"] = text(report.delimiter);
  json["header"] = report.header;
  json["columns"] = texts(report.columns);
  json["lines"] = report.lines;
  json["ratings"] = report.ratings;
  json["users"] = report.users;
  json["items"] = report.items;
  json["rating_min"] = number(report.rating_min);
  json["rating_max"] = number(report.rating_max);
  json["rating_mean"] = number(report.rating_mean);
  json["rating_step"] = number(report.rating_step);
  json["timestamps"] = report.timestamps;
  json["time_min"] = moment(report.time_min);
  json["time_max"] = moment(report.time_max);
  json["duplicates"] = report.duplicates;
  json["conflicts"] = report.conflicts;
  json["blank_lines"] = report.blank_lines;
  json["loaded"] = report.loaded;
  json["bad_lines"] = std::move(bad_lines);
  json["titles"] = report.titles;
  json["items_without_title"] = report.items_without_title;
  json["titles_without_rating"] = report.titles_without_rating;
  json["notices"] = texts(report.notices);
  json["bytes"] = report.bytes;
  json["seconds"] = number(report.seconds);
  json["bad_line_count"] = report.bad_line_count;
  json["container"] = report.container;
  json["member"] = report.member.empty() ? Json(nullptr) : text(report.member);
  json["evidence"] = evidence_of(report);
  json["preview"] = preview_of(report);
  json["advice"] = advice_of(report);
  return json;
}

}  // namespace rowlight
