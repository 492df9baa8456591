#include <QTest>

#include "app/recent_files.h"
#include "tests/support/main_window.h"
#include "ui/data/guess_values.h"

using namespace rowlight;

class TestRecentFiles : public QObject {
  Q_OBJECT

 private slots:
  void init() { QSettings().clear(); }

  void theNewestIsTheFirst() {
    for (const char* path : {"/a", "/b", "/a"}) rememberFile(QString::fromLatin1(path), {});
    const auto files = recentFiles();
    QCOMPARE(files.size(), 2);
    QCOMPARE(files[0].path, QStringLiteral("/a"));
    QCOMPARE(files[1].path, QStringLiteral("/b"));
  }

  void eachFileKeepsItsOptions() {
    ReadOptions options;
    options.delimiter = "\t";
    options.header = false;
    options.skip_lines = 151;
    options.scale = RatingScale{0.5F, 5};
    rememberFile(QStringLiteral("/a/u.data"), options);
    rememberFile(QStringLiteral("/b"), {});
    const auto files = recentFiles();
    QCOMPARE(files.size(), 2);
    for (const Guess guess : all_guesses) {
      QVERIFY(!isGiven(guess, files[0].options));
      QCOMPARE(valueOf(guess, files[1].options), valueOf(guess, options));
      QCOMPARE(valueOf(guess, recentOptions(QStringLiteral("/a/u.data"))), valueOf(guess, options));
    }
    QVERIFY(optionTexts(files[1].options).contains(QStringLiteral("Skip lines: 151")));
    QVERIFY(optionTexts(files[1].options).contains(QStringLiteral("Delimiter: TAB")));
  }

  void theOptionsAreThoseOfTheLastTime() {
    ReadOptions options;
    options.skip_lines = 2;
    rememberFile(QStringLiteral("/a"), options);
    rememberFile(QStringLiteral("/a"), {});
    QVERIFY(!recentOptions(QStringLiteral("/a")).skip_lines);
  }

  void theOldestAreForgottenWithTheirOptions() {
    ReadOptions options;
    options.skip_lines = 2;
    for (int i = 0; i < 12; ++i) rememberFile(QStringLiteral("/%1").arg(i), options);
    QCOMPARE(recentFiles().size(), 8);
    QCOMPARE(recentFiles().last().path, QStringLiteral("/4"));
    QVERIFY(!recentOptions(QStringLiteral("/3")).skip_lines);
  }

 private:
  test::OwnHome home_;
};

QTEST_GUILESS_MAIN(TestRecentFiles)
#include "test_recent_files.moc"
