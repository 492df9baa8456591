// The reader against one that is too simple to be wrong, and its quick way against its plain one, on text from a
// grammar of pieces: what stands in rating files, and what might.

#include <array>
#include <functional>

#include "core/ratings/formats.h"
#include "core/ratings/text_encoding.h"
#include "tests/fuzz/scratch_file.h"
#include "tests/support/parsed_chunks.h"
#include "tests/support/plain_reader.h"

using namespace rowlight;
using rowlight::test::require;

namespace {

constexpr std::array delimiters{",", "\t", "::", ";", "|", " ", ":"};
constexpr std::array odd_pieces{"0",
                                "00",
                                "7",
                                "4194303",
                                "4194304",
                                "12345678",
                                "3.5",
                                "0.5",
                                "10",
                                "99.9",
                                "3.55",
                                "-1",
                                "+2",
                                "1e2",
                                "nan",
                                "1e999",
                                "0x10",
                                "\r",
                                "\n",
                                "\r\n",
                                "\n\n",
                                " ",
                                "\t",
                                ",",
                                ";",
                                ":",
                                "::",
                                "|",
                                "\"",
                                "\"a, b\"",
                                "x",
                                "tt01",
                                "\xC3\xA9",
                                "\xE9",
                                "",
                                "3,5",
                                "1000000000",
                                "1234567890123",
                                "1234567890123456",
                                "12345678901234567",
                                "99999999999999999999"};

/// Takes bytes from the front of the input.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  [[nodiscard]] bool empty() const { return size_ == 0; }
  std::uint8_t take() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

// One byte a piece: mostly whole lines, sometimes a piece of one, sometimes the byte itself.
std::string text_of(Input& input, const std::string& delimiter, bool time) {
  std::string text;
  while (!input.empty()) {
    const std::uint8_t choice = input.take();
    if (choice < 96) {
      const unsigned user = choice % 32 * 131;
      const unsigned item = input.take() * 16457U % 4194400U;
      text += std::to_string(user) + delimiter + std::to_string(item) + delimiter + std::to_string(choice % 5);
      if (choice % 3 == 0) text += ".5";
      if (time) text += delimiter + std::to_string(1000000000U + item);
      text += choice % 16 == 1 ? "\r\n" : "\n";
    } else if (choice < 128) {
      text += delimiter;
    } else if (choice < 144) {
      text += '\n';
    } else if (choice < 152) {
      text += static_cast<char>(input.take());
    } else {
      text += odd_pieces[static_cast<std::size_t>(choice - 152) % odd_pieces.size()];
    }
  }
  return text;
}

void compare(const LoadedRatings& loaded, const test::PlainReader& plain, bool time) {
  const RatingSet& set = *loaded.set;
  const bool latin1 = loaded.report.encoding == "latin-1";
  require(set.size() == plain.rows.size(), "as many ratings");
  const auto id = [&](const std::string& text) { return latin1 ? latin1_to_utf8(text) : text; };
  Vocabulary users;
  Vocabulary items;
  const bool milliseconds = loaded.report.timestamps == "ms";
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto& row = plain.rows[i];
    require(set.users[i] == users.add(id(row.user)) && set.user_ids.id(set.users[i]) == id(row.user), "the same user");
    require(set.movies[i] == items.add(id(row.item)) && set.movie_ids.id(set.movies[i]) == id(row.item),
            "the same item");
    require(set.ratings[i] == row.rating, "the same rating");
    if (time)
      require(set.times[i] == (milliseconds && row.time >= 100'000'000'000 ? row.time / 1000 : row.time),
              "the same time");
  }
  require(loaded.report.lines == plain.lines && loaded.report.blank_lines == plain.blank_lines, "the same lines");
  require(loaded.report.bad_line_count == plain.bad_lines.size(), "as many bad lines");
  for (std::size_t i = 0; i < loaded.report.bad_lines.size(); ++i) {
    require(loaded.report.bad_lines[i].line == plain.bad_lines[i], "the same bad lines");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  Input input(data, size);
  const std::uint8_t shape = input.take();
  const std::uint8_t size_choice = input.take();
  const std::string delimiter = delimiters[shape % delimiters.size()];
  const bool time = shape / 8 % 2 == 0;
  std::string text = text_of(input, delimiter, time);

  Layout layout;
  layout.separation = separation_by(delimiter);
  layout.field_count = time ? 4 : 3;
  const bool item_first = shape / 16 % 2 == 1;
  layout.user = item_first ? 1 : 0;
  layout.item = item_first ? 0 : 1;
  layout.rating = 2;
  if (time) layout.time = 3;
  ReadOptions options;
  if (shape / 64 == 1) options.missing = 3.5F;
  const std::string difference = test::difference_of_ways(text, layout, options, shape / 32 % 2 == 1);
  require(difference.empty(), difference.c_str());

  // Sometimes long enough for several chunks, whose borders then fall anywhere. Seldom, since it takes a hundred times
  // as long: what the fuzzer likes about such an input is lost in most of its mutants.
  constexpr std::size_t long_text = 270'000;
  constexpr std::size_t seldom = 8;
  if (size_choice == 255 && text.size() > 64 && std::hash<std::string>{}(text) % seldom == 0) {
    const std::string once = text;
    while (text.size() < long_text) text += once;
  }
  // Lines that make the number of columns known whatever follows.
  const std::string known = "1" + delimiter + "2" + delimiter + "3" + (time ? delimiter + "4\n" : "\n");
  for (int i = 0; i < 260; ++i) text.insert(0, known);
  const test::PlainReader plain(text, delimiter, time ? 4 : 3);
  if (plain.gives_up) return 0;
  ReadOptions explicitly;
  explicitly.delimiter = delimiter;
  explicitly.columns = time ? "user,item,rating,time" : "user,item,rating";
  explicitly.header = false;
  explicitly.duplicates = Duplicates::KeepAll;
  explicitly.max_bad_lines = 1'000'000;
  const test::ScratchFile file("differential", reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  LoadControl control;
  for (const unsigned threads : {1U, 2U}) {
    if (threads == 2 && text.size() < long_text) break;
    control.threads = threads;
    const auto loaded = read_ratings(file.path(), explicitly, control);
    if (!loaded) {
      // A NUL in the first kilobyte and the like makes a binary file; UTF-16 there is none.
      require(loaded.error().what.find("binary") != std::string::npos, loaded.error().message().c_str());
      return 0;
    }
    compare(*loaded, plain, time);
  }
  return 0;
}
