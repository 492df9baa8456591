#pragma once

#include <QWidget>

#include <array>

#include "ui/common/workbench.h"

class QLabel;

namespace rowlight {

class ElidedLabel;

/// What the status bar says about a frame, one text a part.
struct StatusTexts {
  QString data;    ///< "Rowlight sample (synthetic ratings)"
  QString counts;  ///< "48,250 ratings, 600 users, 300 movies"
  QString model;   ///< "DotProductBias, 50 factors, 45,900 parameters"
  QString simd;    ///< "AVX2"
  QString rate;    ///< "2.13 M/s", of constant width
  QString state;   ///< "playing"
};
[[nodiscard]] StatusTexts statusTexts(const Frame& frame);

/// The line at the bottom of the window. Parts that do not fit are left out, the least telling ones first; none is
/// ever cut, except that a long name of the data is elided.
class StatusBar : public QWidget {
  Q_OBJECT

 public:
  explicit StatusBar(Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] QSize minimumSizeHint() const override;

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  QLabel* makePart(const char* object_name, const QString& tip);
  void present(const Frame& frame);
  void fitParts();

  ElidedLabel* data_ = nullptr;
  QLabel* counts_ = nullptr;
  QLabel* model_ = nullptr;
  QLabel* simd_ = nullptr;
  QLabel* rate_ = nullptr;
  QLabel* state_ = nullptr;
  StatusTexts shown_;
};

}  // namespace rowlight
