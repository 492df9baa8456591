#pragma once

#include <QLabel>

namespace rowlight {

/// A sentence that changes and is then read out: its accessible name changes and an alert is sent (Qt 6.4 has no
/// announcements). Keeps the height of `lines` lines, so that nothing moves below it.
class LiveLabel : public QLabel {
  Q_OBJECT

 public:
  explicit LiveLabel(int lines, QWidget* parent = nullptr);

  /// Shows the sentence; the same again says nothing.
  void say(const QString& sentence);
  [[nodiscard]] QSize minimumSizeHint() const override;
  [[nodiscard]] QSize sizeHint() const override { return minimumSizeHint(); }
  [[nodiscard]] int heightForWidth(int) const override { return minimumSizeHint().height(); }

 private:
  int lines_;
};

/// What is wrong with a field, under it; takes no room while nothing is.
class FieldProblem : public QLabel {
  Q_OBJECT

 public:
  explicit FieldProblem(QWidget* field, QWidget* parent = nullptr);

  void setProblem(const QString& sentence);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void takeColor();
  QWidget* field_;
};

}  // namespace rowlight
