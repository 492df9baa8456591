#include <QTest>

#include "ui/data/guess_values.h"

using namespace rowlight;

class TestGuessValues : public QObject {
  Q_OBJECT

 private slots:
  void optionsGoToTextAndBack() {
    ReadOptions options;
    options.format = "netflix";
    options.delimiter = "\t";
    options.columns = "user,item,rating,-";
    options.header = false;
    options.skip_lines = 7;
    options.encoding = "utf-16";
    options.scale = RatingScale{-10, 10};
    options.missing = 99;
    options.duplicates = Duplicates::KeepAll;
    options.items_file = "/a b/títulos.csv";
    options.max_bad_lines = 0;
    ReadOptions back;
    for (const Guess guess : all_guesses) {
      QVERIFY(setValue(guess, valueOf(guess, options), back));
      QVERIFY(isGiven(guess, back));
      QCOMPARE(guessOf(optionOf(guess)), std::optional(guess));
    }
    for (const Guess guess : all_guesses) QCOMPARE(valueOf(guess, back), valueOf(guess, options));
    QCOMPARE(back.scale->low, -10.0F);
    for (const Guess guess : all_guesses) {
      QVERIFY(setValue(guess, {}, back));
      QVERIFY(!isGiven(guess, back));
    }
  }
};

QTEST_APPLESS_MAIN(TestGuessValues)
#include "test_guess_values.moc"
