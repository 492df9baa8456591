#pragma once

#include <QFrame>

class QLabel;
class QPushButton;
class QToolButton;

namespace rowlight {

/// A line across the top of a page: a full sentence that says what went wrong or what was found, until it is
/// dismissed (button or Escape). The text can be selected and wraps.
class MessageStrip : public QFrame {
  Q_OBJECT

 public:
  enum class Kind { Information, Error };

  explicit MessageStrip(QWidget* parent = nullptr);

  /// Shows a message in place of the one before it; the same message again changes nothing. With the text of an
  /// `action`, a button offers it.
  void showMessage(Kind kind, const QString& sentence, const QString& action = {});
  void dismiss();
  [[nodiscard]] QString message() const;

 signals:
  void dismissed();
  void actionRequested();

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void renewIcon();

  Kind kind_ = Kind::Information;
  QLabel* icon_ = nullptr;
  QLabel* text_ = nullptr;
  QPushButton* action_ = nullptr;
  QToolButton* close_ = nullptr;
};

}  // namespace rowlight
