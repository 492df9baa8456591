#pragma once

#include <QPushButton>

namespace rowlight {

/// A flat checkable button: filled in the highlight colour when checked, so that the choice is seen from the back
/// row in both themes. Several side by side make a segmented control.
class ChoiceButton : public QPushButton {
  Q_OBJECT

 public:
  explicit ChoiceButton(const QString& text, QWidget* parent = nullptr);

  [[nodiscard]] QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;
};

}  // namespace rowlight
