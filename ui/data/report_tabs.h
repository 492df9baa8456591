#pragma once

#include <QTabWidget>

#include <optional>

#include "ui/data/inspection.h"

class QLabel;
class QPushButton;
class QTableView;
class QVBoxLayout;

namespace rowlight {

class BadLineModel;
class EvidenceModel;
class FieldProblem;
class PreviewModel;
class ReportModel;

/// A label for a sentence about a file: plain text, which wraps and can be selected.
[[nodiscard]] QLabel* makeSentence(QWidget* parent, const char* name);

/// What was found in a file: the first rows as they were understood, the lines that do not fit, what to change, and the
/// stages of the detection.
class ReportTabs : public QTabWidget {
  Q_OBJECT

 public:
  enum Tab { Preview, Problems, Notes, Stages };

  explicit ReportTabs(QWidget* parent = nullptr);

  void showInspection(const Inspection& inspection);
  /// Nothing is known any more.
  void clear();

 signals:
  /// The button of an advice: its option is to be set.
  void adviceTaken(const rowlight::Advice& advice);

 private:
  QTableView* makeTable(ReportModel* model, const char* name, const QString& accessibleName);
  QWidget* makePage(const char* name, QTableView* table, QLabel** empty);
  void makePreview();
  void makeProblems();
  void makeNotes();
  void makeStages();
  void fitPreview();
  void showStop(const std::optional<Error>& error);
  void showReason();
  void fillNotes(const LoadReport& report);
  void addNote(const QString& sentence, const Advice* advice);
  void nameTabs(const LoadReport& report);

  PreviewModel* previewModel_ = nullptr;
  BadLineModel* problemModel_ = nullptr;
  EvidenceModel* stageModel_ = nullptr;
  QTableView* preview_ = nullptr;
  QTableView* problems_ = nullptr;
  QTableView* stages_ = nullptr;
  QLabel* noPreview_ = nullptr;
  QLabel* noProblems_ = nullptr;
  QLabel* noStages_ = nullptr;
  QLabel* stopped_ = nullptr;      // the error that ended the reading
  QPushButton* mend_ = nullptr;    // sets the option that its hint names
  std::optional<Advice> mending_;  // what that is
  QLabel* reason_ = nullptr;       // of the current line, in full
  QVBoxLayout* notes_ = nullptr;
  int noteCount_ = 0;
};

}  // namespace rowlight
