#include <QTest>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/simd/kernel_table.h"

using namespace rowlight;
using namespace rowlight::simd;

namespace {

constexpr std::size_t bytes_before = 16;

/// A text with the bits of its ends, behind some bytes that may be looked at.
struct Marked {
  std::string text;
  std::vector<std::uint64_t> fields;
  std::vector<std::uint64_t> lines;
  MarkedText found;

  Marked(const KernelTable& kernels, const std::string& lines_of_text, char separator)
      : text(std::string(bytes_before, '7') + lines_of_text),
        fields(lines_of_text.size() / 64 + 2, ~std::uint64_t{0}),
        lines(fields) {
    found = kernels.mark_ends(begin(), size(), separator, ends());
  }
  [[nodiscard]] const char* begin() const { return text.data() + bytes_before; }
  [[nodiscard]] std::size_t size() const { return text.size() - bytes_before; }
  [[nodiscard]] EndBits ends() { return {fields.data(), lines.data()}; }
};

/// Some fields as the first ones of so many lines.
CutFields cut_of(const std::string* texts, std::size_t count, std::size_t field) {
  CutFields cut;
  cut.long_field = field;
  cut.lines = count;
  for (std::size_t i = 0; i < CutFields::most_lines; ++i) {
    cut.odd[i] = i < count ? 0 : 1;
    if (i >= count) continue;
    const std::string padded = std::string(bytes_before, '7') + texts[i];
    std::memcpy(&cut.last[field][i], padded.data() + padded.size() - 8, 8);
    std::memcpy(&cut.before_last[i], padded.data() + padded.size() - 16, 8);
    cut.lengths[field][i] = static_cast<std::uint32_t>(texts[i].size());
  }
  return cut;
}

/// Calls `check` with each part of the texts that lines can be cut of.
template <class Check>
void in_parts(const std::vector<std::string>& texts, const Check& check) {
  for (std::size_t first = 0; first < texts.size(); first += CutFields::most_lines) {
    check(first, std::min(CutFields::most_lines, texts.size() - first));
  }
}

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

  void endsAreMarked_data() { targets_data(); }
  void endsAreMarked() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (std::size_t n = 0; n <= 3 * 64 + 1; ++n) {
      Random random(n);
      std::string text(n, 'x');
      for (char& c : text) c = "0,9\n\rAz~"[random.below(8)];
      const bool foreign = n % 3 == 1;
      if (foreign) text[random.below(static_cast<std::uint32_t>(n))] = '\x80';
      const Marked marked(kernels, text, ',');
      QCOMPARE(marked.found.ascii, !foreign);
      QCOMPARE(marked.found.lines, static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')));
      for (std::size_t i = 0; i < marked.lines.size() * 64; ++i) {
        const char c = i < n ? text[i] : 'x';
        QCOMPARE((marked.lines[i / 64] >> (i % 64) & 1U) != 0, c == '\n');
        QCOMPARE((marked.fields[i / 64] >> (i % 64) & 1U) != 0, c == '\n' || c == ',');
      }
    }
  }

  void linesAreCut_data() { targets_data(); }
  void linesAreCut() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    for (const std::size_t fields : {3, 4}) {
      for (const std::string separator : {",", "::"}) {
        for (const std::string end : {"\n", "\r\n"}) {
          for (const std::size_t lines : {0, 1, 2, 15, 16, 17, 127, 128, 130}) {
            std::string text = "first\n";
            const std::size_t begin = text.size();
            std::vector<std::vector<std::string>> expected;
            Random random(lines);
            for (std::size_t line = 0; line < lines; ++line) {
              expected.emplace_back();
              for (std::size_t field = 0; field < fields; ++field) {
                expected.back().push_back(std::string(random.below(12), static_cast<char>('a' + random.below(26))));
                text += (field > 0 ? separator : "") + expected.back().back();
              }
              text += end;
            }
            Marked marked(kernels, text, separator[0]);
            CutFields cut;
            cut.fields = fields;
            cut.width = separator.size();
            cut.long_field = fields - 1;
            const std::size_t next =
                kernels.cut_lines(marked.begin(), marked.size(), marked.ends(), begin, CutFields::most_lines, cut);
            QCOMPARE(cut.lines, std::min(lines, CutFields::most_lines));
            if (lines <= CutFields::most_lines) QCOMPARE(next, text.size());
            if (lines > 0) QCOMPARE(cut.cr, end.size() == 2);
            for (std::size_t line = 0; line < cut.lines; ++line) {
              QCOMPARE(cut.odd[line], 0U);
              for (std::size_t field = 0; field < fields; ++field) {
                const std::string& wanted = expected[line][field];
                QCOMPARE(std::size_t{cut.lengths[field][line]}, wanted.size());
                std::string last(8, ' ');
                std::memcpy(last.data(), &cut.last[field][line], 8);
                QVERIFY(field != cut.long_field || wanted.size() <= 8 || wanted.ends_with(last));
                const std::size_t seen = std::min<std::size_t>(wanted.size(), 8);
                QCOMPARE(last.substr(8 - seen), wanted.substr(wanted.size() - seen));
                if (field != cut.long_field || wanted.size() <= 8) continue;
                std::memcpy(last.data(), &cut.before_last[line], 8);
                const std::string before = wanted.substr(0, wanted.size() - 8);
                QCOMPARE(last.substr(8 - before.size()), before);
              }
            }
            for (std::size_t i = cut.lines; i < (cut.lines + 15) / 16 * 16; ++i) QVERIFY(cut.odd[i] != 0);
          }
        }
      }
    }
  }

  // Cutting ends before the first line that is not like the others.
  void anUnlikeLineEndsCutting_data() { targets_data(); }
  void anUnlikeLineEndsCutting() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const std::string wide(57, '1');
    const std::vector<std::pair<std::size_t, std::vector<std::string>>> unlike{
        {1, {"", "1", "1,2", "1,2,3,4", ",,,", "1\r2", "1,2," + wide, std::string(57, 'x')}},
        {2, {"1:2::3", "1::2:3", "1:::2::3", "1::2:::3", "1::2", "1::2::3::4", "1::2::3:", "::::::", "1::2:"}}};
    for (const auto& [width, lines] : unlike) {
      const std::string plain = width == 1 ? "1,2,3\n" : "1::2::3\n";
      for (const std::string& line : lines) {
        for (const std::size_t before : {0, 1, 40}) {
          std::string text;
          for (std::size_t i = 0; i < before; ++i) text += plain;
          Marked marked(kernels, text + line + '\n' + plain, plain[1]);
          CutFields cut;
          cut.fields = 3;
          cut.width = width;
          const std::size_t next = kernels.cut_lines(marked.begin(), marked.size(), marked.ends(), 0, 128, cut);
          QVERIFY2(cut.lines == before && next == text.size(), line.c_str());
        }
      }
    }
    // Behind a line with CR LF one without, and the end of a text that no line end closes.
    for (const std::string rest : {"1,2,3\n", "1,2,3\r", "1,2,3"}) {
      Marked marked(kernels, "1,2,3\r\n" + rest, ',');
      CutFields cut;
      cut.fields = 3;
      QCOMPARE(kernels.cut_lines(marked.begin(), marked.size(), marked.ends(), 0, 128, cut), std::size_t{7});
      QCOMPARE(cut.lines, std::size_t{1});
    }
    Marked marked(kernels, "1,2,3\n4,5,6\n7,8,9\n", ',');
    CutFields cut;
    cut.fields = 3;
    QCOMPARE(kernels.cut_lines(marked.begin(), marked.size(), marked.ends(), 0, 2, cut), std::size_t{12});
  }

  void idsAreRead_data() { targets_data(); }
  void idsAreRead() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    constexpr std::uint32_t limit = 4'000'000;
    std::vector<std::string> texts = numbers_and_others();
    for (const char* edge : {"0", "00", "3999999", "4000000", "99999999"}) texts.emplace_back(edge);
    in_parts(texts, [&](std::size_t first, std::size_t count) {
      CutFields cut = cut_of(&texts[first], count, 1);
      std::array<std::uint32_t, CutFields::most_lines> ids{};
      kernels.read_ids(cut, 1, limit, ids.data());
      for (std::size_t i = 0; i < count; ++i) {
        const std::string& text = texts[first + i];
        const bool plain = !text.empty() && text.size() <= 8 && digits_alone(text) &&
                           (text.size() == 1 || text[0] != '0') && number_of(text) < limit;
        QVERIFY2((cut.odd[i] == 0) == plain, text.c_str());
        if (plain) QCOMPARE(std::uint64_t{ids[i]}, number_of(text));
      }
    });
    for (const std::size_t count : {1, 2, 7, 8, 9, 128}) {
      std::vector<std::string> plain(count, "12");
      plain[count / 2] = "345";
      CutFields cut = cut_of(plain.data(), count, 0);
      std::array<std::uint32_t, CutFields::most_lines> ids{};
      QCOMPARE(kernels.read_ids(cut, 0, limit, ids.data()), 345U);
    }
  }

  void numbersAreRead_data() { targets_data(); }
  void numbersAreRead() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const std::vector<std::string> texts = numbers_and_others();
    in_parts(texts, [&](std::size_t first, std::size_t count) {
      CutFields cut = cut_of(&texts[first], count, 2);
      std::array<std::int64_t, CutFields::most_lines> numbers{};
      kernels.read_numbers(cut, numbers.data());
      for (std::size_t i = 0; i < count; ++i) {
        const std::string& text = texts[first + i];
        const bool plain = !text.empty() && text.size() <= 16 && digits_alone(text);
        QVERIFY2((cut.odd[i] == 0) == plain, text.c_str());
        if (plain) QCOMPARE(numbers[i], static_cast<std::int64_t>(number_of(text)));
      }
    });
    for (const std::size_t count : {1, 2, 7, 8, 9, 128}) {
      std::vector<std::string> plain(count, "1234567890123456");
      plain[count / 2] = "7";
      CutFields cut = cut_of(plain.data(), count, 0);
      std::array<std::int64_t, CutFields::most_lines> numbers{};
      const NumberRange range = kernels.read_numbers(cut, numbers.data());
      QCOMPARE(range.min, std::int64_t{7});
      QCOMPARE(range.max, count == 1 ? std::int64_t{7} : std::int64_t{1234567890123456});
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
    in_parts(texts, [&](std::size_t first, std::size_t count) {
      CutFields cut = cut_of(&texts[first], count, 3);
      std::array<std::uint32_t, CutFields::most_lines> tenths{};
      std::array<float, CutFields::most_lines> values{};
      kernels.read_tenths(cut, 3, tenths.data(), values.data());
      for (std::size_t i = 0; i < count; ++i) {
        const std::string& text = texts[first + i];
        const bool with_point = text.size() == 3 && text[1] == '.';
        const std::string digits = with_point ? text.substr(0, 1) + text.substr(2) : text;
        const bool plain = !text.empty() && (with_point || text.size() < 3) && digits_alone(digits);
        QVERIFY2((cut.odd[i] == 0) == plain, text.c_str());
        QVERIFY(tenths[i] < 1000);
        if (!plain) continue;
        QCOMPARE(std::uint64_t{tenths[i]}, number_of(digits) * (with_point ? 1 : 10));
        QCOMPARE(std::bit_cast<std::uint32_t>(values[i]), std::bit_cast<std::uint32_t>(std::stof(text)));
      }
    });
  }

  void oddLinesStayOdd_data() { targets_data(); }
  void oddLinesStayOdd() {
    QFETCH(int, target);
    const KernelTable& kernels = kernels_for(static_cast<Target>(target));
    const std::vector<std::string> fives(37, "5");
    CutFields cut = cut_of(fives.data(), fives.size(), 0);
    cut.odd.fill(4);
    std::array<std::uint32_t, CutFields::most_lines> ids{};
    std::array<std::int64_t, CutFields::most_lines> numbers{};
    std::array<float, CutFields::most_lines> values{};
    kernels.read_ids(cut, 0, 10, ids.data());
    kernels.read_numbers(cut, numbers.data());
    kernels.read_tenths(cut, 0, ids.data(), values.data());
    for (std::size_t i = 0; i < fives.size(); ++i) QVERIFY(cut.odd[i] != 0);
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
