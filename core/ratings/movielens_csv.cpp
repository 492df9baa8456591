#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

#include "core/ratings/sample.h"

namespace rowlight {

namespace {

constexpr std::string_view end_of_line = "\r\n";  // as MovieLens latest is published, and RFC 4180 asks for

/// `field` as RFC 4180 wants it: in quotes, with quotes doubled, when it holds a comma, a quote or a line break.
std::string csv_field(std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(field);
  std::string out = "\"";
  for (const char c : field) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

/// The shortest text that reads back as the same float, with at least one decimal: "4.0", "3.25".
std::string rating_text(float rating) {
  char buffer[64];  // the longest float in this notation has 50 characters
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, rating, std::chars_format::fixed).ptr;
  std::string text(buffer, end);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::string ratings_text(const RatingSet& set) {
  std::string text = "userId,movieId,rating,timestamp";
  text += end_of_line;
  for (std::size_t i = 0; i < set.size(); ++i) {
    text += csv_field(set.user_ids.id(set.users[i])) + ',' + csv_field(set.movie_ids.id(set.movies[i])) + ',';
    text += rating_text(set.ratings[i]) + ',' + std::to_string(set.times.empty() ? 0 : set.times[i]);
    text += end_of_line;
  }
  return text;
}

std::string movies_text(const RatingSet& set) {
  std::string text = "movieId,title,genres";
  text += end_of_line;
  for (std::size_t m = 0; m < set.movie_count(); ++m) {
    const MovieInfo info = m < set.movie_info.size() ? set.movie_info[m] : MovieInfo{};
    std::string genres;
    for (const std::int32_t g : info.genre_index) {
      if (!genres.empty()) genres += '|';
      genres += set.genres[static_cast<std::size_t>(g)];
    }
    if (genres.empty()) genres = "(no genres listed)";  // the words that MovieLens uses
    text += csv_field(set.movie_ids.id(static_cast<std::int32_t>(m))) + ',' + csv_field(info.title) + ',' +
            csv_field(genres);
    text += end_of_line;
  }
  return text;
}

tl::unexpected<Error> io_error(std::string what, std::string hint, const std::filesystem::path& path) {
  return tl::make_unexpected(Error{ErrorKind::Io, std::move(what), std::move(hint), path.string(), 0, 0});
}

Expected<void> write_file(const std::filesystem::path& path, std::string_view text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (!file) return io_error("cannot be written", errno == 0 ? "" : std::generic_category().message(errno), path);
  return {};
}

}  // namespace

Expected<void> write_movielens_csv(const RatingSet& set, const std::string& directory) {
  const std::filesystem::path folder(directory);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return io_error("the folder cannot be created", error.message(), folder);
  if (auto done = write_file(folder / "ratings.csv", ratings_text(set)); !done) return done;
  return write_file(folder / "movies.csv", movies_text(set));
}

}  // namespace rowlight
