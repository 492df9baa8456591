#include "core/train/cost_desk.h"

#include <utility>

namespace rowlight {

void CostDesk::start(const CostOptions& options, bool pauses_training) {
  paused_training_ = pauses_training || (measurement_ && paused_training_);
  measurement_ = std::make_unique<LookupCost>(options);
  publish();
}

void CostDesk::stop() {
  if (!measurement_) return;
  measurement_->cancel();
  publish();
  measurement_.reset();
}

bool CostDesk::advance(std::chrono::microseconds time) {
  const bool more = measurement_->advance(time);
  if (measurement_->version() != version_) publish();
  if (!more) measurement_.reset();
  return more;
}

void CostDesk::publish() {
  auto view = std::make_shared<CostView>(measurement_->result());
  view->paused_training = paused_training_;
  view_ = std::move(view);
  version_ = measurement_->version();
}

}  // namespace rowlight
