#pragma once

#include <QWidget>

#include <vector>

#include "ui/common/palette.h"
#include "ui/common/workbench.h"

namespace rowlight {

class ElidedLabel;
class PcaView;

/// The projection of the Train page: heading, explanation, the picture, and the genres' colours, which can be
/// pressed to emphasise one genre. Asks the engine for the projection only while it is visible.
class PcaPanel : public QWidget {
  Q_OBJECT

 public:
  /// `workbench` must outlive the panel.
  explicit PcaPanel(Workbench* workbench, QWidget* parent = nullptr);

  [[nodiscard]] PcaView* view() const { return view_; }

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void buildLegend();
  void addGenres(const std::vector<GenreColors::Entry>& entries);
  void takeFrame();

  Workbench* workbench_;
  ElidedLabel* explanation_;
  QWidget* legend_;
  PcaView* view_;
};

}  // namespace rowlight
