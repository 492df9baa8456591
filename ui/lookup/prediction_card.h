#pragma once

#include <QFrame>

#include <cstdint>
#include <optional>

#include "core/train/lookup_view.h"

class QLabel;
class QLineEdit;
class QPushButton;

namespace rowlight {

class LiveLabel;

/// Predict, then reveal: asks for a number before some steps, and compares it with what the step then did. The answers
/// are the view's own numbers.
class PredictionCard : public QFrame {
  Q_OBJECT

 public:
  explicit PredictionCard(QWidget* parent = nullptr);

  /// Takes the next state: asks before a step with a question, and reveals after it.
  void setView(const LookupView& view);
  /// A question waits for its answer.
  [[nodiscard]] bool asking() const { return asked_ != 0 && !guess_; }
  [[nodiscard]] int right() const { return right_; }
  [[nodiscard]] int answered() const { return answered_; }

 signals:
  /// An answer was given: the step may run.
  void answerGiven();
  void questionAsked();

 private:
  void take();
  void reveal(const LookupView& view);
  void showScore();

  int asked_ = 0;  // the step that the question is about; 0: none
  std::uint64_t pass_ = 0;
  std::optional<qulonglong> guess_;
  int right_ = 0;
  int answered_ = 0;
  LiveLabel* text_ = nullptr;
  QLineEdit* field_ = nullptr;
  QPushButton* button_ = nullptr;
  QLabel* score_ = nullptr;
};

}  // namespace rowlight
