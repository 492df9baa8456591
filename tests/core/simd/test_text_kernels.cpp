#include <QTest>

#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "core/base/random.h"
#include "core/simd/kernel_table.h"

using namespace rowlight;
using namespace rowlight::simd;

namespace {

constexpr std::size_t bytes_before = 16;

/// Fields end to end, behind some bytes that may be looked at.
struct Fields {
  std::string text = std::string(bytes_before, '7');
  std::vector<std::uint32_t> ends;
  std::vector<std::uint32_t> lengths;

  explicit Fields(const std::vector<std::string>& fields) {
    for (const std::string& field : fields) {
      text += field;
      ends.push_back(static_cast<std::uint32_t>(text.size()));
      lengths.push_back(static_cast<std::uint32_t>(field.size()));
    }
  }
  [[nodiscard]] FieldPlaces places() const { return {ends.data(), lengths.data(), ends.size()}; }
};

/// What a field may hold, and what may stand there instead: of each length, with a byte that does not belong at each
/// place of it.
std::vector<std::string> numbers_and_others() {
  std::vector<std::string> all{""};
  Random random(1);
  for (std::size_t length = 1; length <= 20; ++length) {
    for (const char first : {'1', '9', '0'}) {
      std::string number(1, first);
      while (number.size() < length) number += static_cast<char>('0' + random.below(10));
      all.push_back(number);
      for (const char other : {'/', ':', '.', ' ', '-', '\r', '\0', '\xb5', '\xff'}) {
        std::string odd = number;
        odd[random.below(static_cast<std::uint32_t>(length))] = other;
        all.push_back(odd);
      }
    }
    all.emplace_back(length, '9');
  }
  return all;
}

bool digits_alone(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::uint64_t number_of(const std::string& digits) { return std::stoull(digits); }

}  // namespace

// Every kernel for reading text on every target of this machine.
class TestTextKernels : public QObject {
  Q_OBJECT

 private slots:
  void targets_data() {
    QTest::addColumn<int>("target");
    for (const Target target : supported_targets()) QTest::newRow(name_of(target).data()) << static_cast<int>(target);
  }

  void separatorsAreFound_data() { targets_data(); }
  void separatorsAreFound() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (const std::size_t offset : {0, 1, 3}) {
      for (std::size_t n = 0; n <= 3 * 64 + 1; ++n) {
        Random random(n);
        std::string text(offset + n, 'x');
        for (char& c : text) c = "0,9\n\rAz~"[random.below(8)];
        const bool foreign = n % 3 == 1;
        if (foreign) text[offset + random.below(static_cast<std::uint32_t>(n))] = '\x80';
        std::vector<std::uint32_t> expected;
        for (std::size_t i = 0; i < n; ++i) {
          const char c = text[offset + i];
          if (c == ',') expected.push_back(static_cast<std::uint32_t>(i));
          if (c == '\n') expected.push_back(static_cast<std::uint32_t>(i) | line_end_mark);
        }
        std::vector<std::uint32_t> marks(n + 64);
        const FoundSeparators found = kernels.find_separators(text.data() + offset, n, ',', marks.data());
        QCOMPARE(found.ascii, !foreign);
        marks.resize(found.count);
        QCOMPARE(marks, expected);
      }
    }
  }

  void linesAreCut_data() { targets_data(); }
  void linesAreCut() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (const std::size_t fields : {3, 4}) {
      for (const std::size_t width : {1, 2}) {
        for (std::size_t lines = 0; lines <= CutFields::most_lines; lines += lines < 40 ? 1 : 11) {
          std::vector<std::uint32_t> marks;
          std::vector<std::vector<std::uint32_t>> lengths(fields);
          Random random(lines);
          std::uint32_t at = 5;
          for (std::size_t line = 0; line < lines; ++line) {
            for (std::size_t field = 0; field < fields; ++field) {
              lengths[field].push_back(random.below(12));
              at += lengths[field].back();
              const bool last = field + 1 == fields;
              marks.push_back(at | (last ? line_end_mark : 0));
              at += last ? 1 : static_cast<std::uint32_t>(width);
            }
          }
          CutFields cut;
          cut.fields = fields;
          kernels.cut_lines(marks.data(), lines, width, 5, cut);
          for (std::size_t line = 0; line < lines; ++line) {
            QCOMPARE(cut.odd[line], 0U);
            for (std::size_t field = 0; field < fields; ++field) {
              QCOMPARE(cut.ends[field][line], marks[line * fields + field] & ~line_end_mark);
              QCOMPARE(cut.lengths[field][line], lengths[field][line]);
            }
          }
        }
      }
    }
  }

  // A line of another number of fields is odd, and what is cut behind it still lies in the text.
  void anotherNumberOfFieldsIsOdd_data() { targets_data(); }
  void anotherNumberOfFieldsIsOdd() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (const std::size_t fields : {3, 4}) {
      constexpr std::size_t lines = 35;
      for (std::size_t i = 0; i < lines * fields; ++i) {
        std::vector<std::uint32_t> marks;
        for (std::size_t k = 0; k < lines * fields; ++k) {
          const bool end = ((k + 1) % fields == 0) != (k == i);
          marks.push_back(static_cast<std::uint32_t>(k) | (end ? line_end_mark : 0));
        }
        CutFields cut;
        cut.fields = fields;
        kernels.cut_lines(marks.data(), lines, 2, 0, cut);
        for (std::size_t line = 0; line < lines; ++line) {
          QCOMPARE(cut.odd[line] != 0, line == i / fields);
          for (std::size_t field = 0; field < fields; ++field) {
            QVERIFY(cut.ends[field][line] < lines * fields && cut.lengths[field][line] <= cut.ends[field][line]);
          }
        }
      }
    }
  }

  void idsAreRead_data() { targets_data(); }
  void idsAreRead() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    constexpr std::uint32_t limit = 4'000'000;
    std::vector<std::string> texts = numbers_and_others();
    for (const char* edge : {"0", "00", "3999999", "4000000", "99999999"}) texts.emplace_back(edge);
    const Fields fields(texts);
    std::vector<std::uint32_t> ids(texts.size());
    std::vector<std::uint32_t> odd(texts.size());
    kernels.ids_before(fields.text.data(), fields.places(), limit, ids.data(), odd.data());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string& text = texts[i];
      const bool plain = !text.empty() && text.size() <= 8 && digits_alone(text) &&
                         (text.size() == 1 || text[0] != '0') && number_of(text) < limit;
      QVERIFY2((odd[i] == 0) == plain, text.c_str());
      if (plain) QCOMPARE(std::uint64_t{ids[i]}, number_of(text));
    }
  }

  void numbersAreRead_data() { targets_data(); }
  void numbersAreRead() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const std::vector<std::string> texts = numbers_and_others();
    const Fields fields(texts);
    std::vector<std::int64_t> numbers(texts.size());
    std::vector<std::uint32_t> odd(texts.size());
    kernels.numbers_before(fields.text.data(), fields.places(), numbers.data(), odd.data());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const bool plain = !texts[i].empty() && texts[i].size() <= 16 && digits_alone(texts[i]);
      QVERIFY2((odd[i] == 0) == plain, texts[i].c_str());
      if (plain) QCOMPARE(numbers[i], static_cast<std::int64_t>(number_of(texts[i])));
    }
  }

  // All texts of up to three characters of an alphabet, and some longer ones.
  void tenthsAreRead_data() { targets_data(); }
  void tenthsAreRead() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const std::string alphabet("0123456789.,/:- \r\xb5", 18);
    std::vector<std::string> texts{"", "12.5", "10.0", "0000"};
    for (const char a : alphabet) {
      texts.push_back({a});
      for (const char b : alphabet) {
        texts.push_back({a, b});
        for (const char c : alphabet) texts.push_back({a, b, c});
      }
    }
    const Fields fields(texts);
    std::vector<std::uint32_t> tenths(texts.size());
    std::vector<float> values(texts.size());
    std::vector<std::uint32_t> odd(texts.size());
    kernels.tenths_before(fields.text.data(), fields.places(), tenths.data(), values.data(), odd.data());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string& text = texts[i];
      const bool with_point = text.size() == 3 && text[1] == '.';
      const std::string digits = with_point ? text.substr(0, 1) + text.substr(2) : text;
      const bool plain = !text.empty() && (with_point || text.size() < 3) && digits_alone(digits);
      QVERIFY2((odd[i] == 0) == plain, text.c_str());
      QVERIFY(tenths[i] < 1000);
      if (!plain) continue;
      QCOMPARE(std::uint64_t{tenths[i]}, number_of(digits) * (with_point ? 1 : 10));
      QCOMPARE(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(std::stof(text)));
    }
  }

  void oddLinesStayOdd_data() { targets_data(); }
  void oddLinesStayOdd() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const Fields fields(std::vector<std::string>(37, "5"));
    std::vector<std::uint32_t> odd(37, 4);
    std::vector<std::uint32_t> ids(37);
    std::vector<std::int64_t> numbers(37);
    std::vector<float> values(37);
    kernels.ids_before(fields.text.data(), fields.places(), 10, ids.data(), odd.data());
    kernels.numbers_before(fields.text.data(), fields.places(), numbers.data(), odd.data());
    kernels.tenths_before(fields.text.data(), fields.places(), ids.data(), values.data(), odd.data());
    for (const std::uint32_t mark : odd) QVERIFY(mark != 0);
  }

  void markedElementsStay_data() { targets_data(); }
  void markedElementsStay() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (const std::uint32_t kept_of_eight : {0U, 1U, 4U, 7U, 8U}) {
      for (std::size_t words = 0; words <= 5; ++words) {
        Random random(words + 1);
        std::vector<std::uint64_t> marks(words);
        std::vector<std::uint32_t> narrow(words * 64);
        std::vector<std::uint64_t> wide(words * 64);
        std::vector<std::uint32_t> expected;
        for (std::size_t i = 0; i < narrow.size(); ++i) {
          narrow[i] = random.below(1U << 31U);
          wide[i] = std::uint64_t{narrow[i]} << 32U | ~narrow[i];
          if (random.below(8) >= kept_of_eight) continue;
          marks[i / 64] |= std::uint64_t{1} << (i % 64);
          expected.push_back(narrow[i]);
        }
        QCOMPARE(kernels.keep_marked_32(narrow.data(), marks.data(), words, narrow.data()), expected.size());
        QCOMPARE(kernels.keep_marked_64(wide.data(), marks.data(), words, wide.data()), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
          QCOMPARE(narrow[i], expected[i]);
          QCOMPARE(wide[i], std::uint64_t{expected[i]} << 32U | ~expected[i]);
        }
      }
    }
  }
};

QTEST_APPLESS_MAIN(TestTextKernels)
#include "test_text_kernels.moc"
