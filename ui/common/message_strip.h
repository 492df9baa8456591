#pragma once

#include <QFrame>

class QLabel;
class QProgressBar;
class QPushButton;
class QToolButton;

namespace rowlight {

/// A line at the top of a page for what concerns the whole page: a load that failed (a full sentence, until it is
/// closed), a load under way (progress and a way to cancel), or a notice. Hidden when there is nothing to say.
class MessageStrip : public QFrame {
  Q_OBJECT

 public:
  enum class Kind { Notice, Error };

  explicit MessageStrip(QWidget* parent = nullptr);

  /// Shows a message until it is closed or replaced.
  void showMessage(Kind kind, const QString& sentence);
  /// Shows progress in bytes; an unknown total (0) shows activity.
  void showProgress(const QString& text, quint64 done, quint64 total);
  void clear();
  [[nodiscard]] QString text() const;

 signals:
  void cancelClicked();

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void tint();

  QLabel* mark_;
  QLabel* text_;
  QProgressBar* progress_;
  QPushButton* cancel_;
  QToolButton* close_;
  bool error_ = false;
};

}  // namespace rowlight
