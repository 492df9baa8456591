#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTest>

#include <memory>
#include <optional>

#include "ui/data/file_doctor.h"

namespace rowlight::test {

inline const QString file = QStringLiteral("/somewhere/ratings.csv");

/// The report of a plain file with two bad lines, a notice and an advice.
inline LoadReport plainReport() {
  LoadReport report;
  report.file = file.toStdString();
  report.format = "delimited";
  report.encoding = "utf-8";
  report.delimiter = "\t";
  report.columns = {"user", "item", "rating"};
  report.lines = 100'003;
  report.ratings = 100'000;
  report.loaded = 99'990;
  report.users = 943;
  report.items = 1682;
  report.rating_min = 1;
  report.rating_max = 5;
  report.rating_mean = 3.52986;
  report.duplicates = 10;
  report.conflicts = 4;
  report.bytes = 1'979'173;
  report.bad_line_count = 2;
  report.bad_lines = {{1200, 7, "'abc' is not a rating; expected a number"}, {99'001, 0, "1 field; expected 3"}};
  report.notices = {"ignored columns: 4"};
  report.evidence = {{"delimiter", "TAB", "256 lines of the first 256 have 3 fields"},
                     {"header", "no", "the first line holds numbers"}};
  report.preview = {{1, "196→242→3", "196", "242", 3, 881250949, "Kolya (1996)"},
                    {2, "186→302→3.5", "186", "302", 3.5F, {}, ""}};
  report.advice = {{"57 ratings are 0: if that means implicit feedback here, declare 0 as missing", "missing", "0"}};
  return report;
}

inline Inspection inspectionOf(LoadReport report, const ReadOptions& options = {}) {
  auto ratings = std::make_shared<RatingSet>();
  ratings->ratings = {1};
  return {file, options, std::make_shared<const LoadReport>(std::move(report)), {}, ratings};
}

inline Inspection failureOf(Error error, LoadReport report = {}, const ReadOptions& options = {}) {
  return {file, options, std::make_shared<const LoadReport>(std::move(report)), std::move(error), nullptr};
}

/// A dialog and what it asked for.
struct Doctor {
  Doctor() {
    QObject::connect(&dialog, &FileDoctor::inspectRequested, &dialog, [this](const QString&, const ReadOptions& o) {
      asked = o;
      ++requests;
    });
    QObject::connect(&dialog, &FileDoctor::cancelRequested, &dialog, [this] { ++cancels; });
    QObject::connect(&dialog, &FileDoctor::openRequested, &dialog, [this](const Inspection& i) { opened = i; });
  }
  /// Opens the dialog on a file that reads well.
  void read() {
    dialog.examine(file);
    dialog.showInspection(inspectionOf(plainReport()));
  }
  template <class T>
  T* find(const char* name) {
    return dialog.findChild<T*>(QLatin1String(name));
  }
  void type(const char* name, const char* text) {
    auto* edit = find<QLineEdit>(name);
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, QLatin1String(text));
  }
  QString text(const char* label) { return find<QLabel>(label)->text(); }
  bool canOpen() { return find<QPushButton>("doctorOpen")->isEnabled(); }
  /// The next request after `before`, once the typing rests.
  bool awaitRequest(int before) {
    return QTest::qWaitFor([&] { return requests == before + 1; }, 2000);
  }

  FileDoctor dialog;
  ReadOptions asked;
  std::optional<Inspection> opened;
  int requests = 0;
  int cancels = 0;
};

}  // namespace rowlight::test
