#pragma once

#include <QFrame>
#include <QString>

namespace rowlight {

/// One line of text that gives way: when it is too long for its place it is elided, and the whole text becomes
/// the tool tip. Screen readers hear the whole text.
class ElidedLabel : public QFrame {
  Q_OBJECT

 public:
  explicit ElidedLabel(Qt::TextElideMode mode = Qt::ElideMiddle, QWidget* parent = nullptr);

  void setText(const QString& text);
  [[nodiscard]] const QString& text() const { return text_; }
  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  [[nodiscard]] bool fits() const;

  QString text_;
  Qt::TextElideMode mode_;
};

}  // namespace rowlight
