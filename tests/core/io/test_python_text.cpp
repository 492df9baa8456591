#include <QTest>

#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "core/base/random.h"
#include "core/io/python_text.h"

using namespace rowlight;

class TestPythonText : public QObject {
  Q_OBJECT

 private slots:
  void numbersComeBackBitForBit() {
    Random random(7);
    for (int i = 0; i < 200'000; ++i) {
      const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
      const std::string text = io::python_number(value);
      if (std::isnan(value)) {
        QCOMPARE(text, std::string("nan"));
        continue;
      }
      if (std::isinf(value)) continue;
      double read = 0;  // Python's float
      const auto result = std::from_chars(text.data(), text.data() + text.size(), read);
      QVERIFY(result.ec == std::errc() && result.ptr == text.data() + text.size());
      QVERIFY(text.find_first_of(".e") != std::string::npos);
      QCOMPARE(std::bit_cast<std::uint32_t>(static_cast<float>(read)), std::bit_cast<std::uint32_t>(value));
    }
  }

  void numbersAreShort() {
    QCOMPARE(io::python_number(0.1F), std::string("0.1"));
    QCOMPARE(io::python_number(-0.0F), std::string("-0.0"));
    QCOMPARE(io::python_number(3.0F), std::string("3.0"));
    QCOMPARE(io::python_number(-std::numeric_limits<float>::infinity()), std::string("-inf"));
    QCOMPARE(io::python_number(0.1), std::string("0.1"));
    QCOMPARE(io::python_number(1e-5), std::string("1e-05"));
  }

  void stringsAreLiterals() {
    QCOMPARE(io::python_string("run.safetensors"), std::string("\"run.safetensors\""));
    QCOMPARE(io::python_string("a\"b\\c\n"), std::string("\"a\\\"b\\\\c\\x0a\""));
    QCOMPARE(io::python_string("\xc3\xa9"), std::string("\"\xc3\xa9\""));
    QCOMPARE(io::python_string("\xe9.npy"), std::string("b\"\\xe9.npy\""));
  }

  void tensorsReadWell() {
    Matrix m(2, 3);
    QCOMPARE(io::python_tensor(m.view()), std::string("torch.zeros(2, 3)"));
    for (float& x : m.row(0)) x = 1;
    for (float& x : m.row(1)) x = 1;
    QCOMPARE(io::python_tensor(m.view()), std::string("torch.ones(2, 3)"));
    m(1, 2) = -0.5F;
    QCOMPARE(io::python_tensor(m.view()),
             std::string("torch.tensor([\n    [1.0, 1.0, 1.0],\n    [1.0, 1.0, -0.5],\n])"));
    QCOMPARE(io::python_tensor(Matrix(0, 3).view()), std::string("torch.zeros(0, 3)"));
    const std::vector<float> halves(3, 0.5F);
    QCOMPARE(io::python_tensor(std::span(halves)), std::string("torch.full((3,), 0.5)"));
    const std::vector<std::int64_t> none;
    QCOMPARE(io::python_tensor(std::span(none)), std::string("torch.zeros(0, dtype=torch.int64)"));
  }
};

QTEST_APPLESS_MAIN(TestPythonText)
#include "test_python_text.moc"
