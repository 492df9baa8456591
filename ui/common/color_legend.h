#pragma once

#include <QWidget>

namespace rowlight {

/// The scale of the diverging palette: a gradient with -domain, 0 and +domain below it.
class ColorLegend : public QWidget {
  Q_OBJECT

 public:
  explicit ColorLegend(QWidget* parent = nullptr);

  /// Pre: domain > 0.
  void setDomain(float domain);
  [[nodiscard]] float domain() const { return domain_; }
  [[nodiscard]] QSize sizeHint() const override;
  [[nodiscard]] QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  float domain_ = 1;
};

}  // namespace rowlight
