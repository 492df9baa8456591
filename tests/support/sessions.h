#pragma once

#include <QString>

#include <cstdint>
#include <numeric>
#include <vector>

#include "core/train/session.h"
#include "tests/support/training.h"

namespace rowlight::test {

inline TrainSettings session_settings() { return small_settings(3); }

/// 201 ratings train: thirteen batches an epoch.
inline void install(Session& session, const TrainSettings& settings = session_settings()) {
  session.apply(Configure{settings});
  session.apply(InstallRatings{make_ratings(20, 30, 251, 1), {}, {}, {}, {}});
}

inline void finish(Session& session) {
  session.apply(Play{StepUnit::Batch, 0});
  while (session.advance({})) {
  }
}

inline void step(Session& session, StepUnit unit) {
  session.apply(Step{unit});
  while (session.advance({})) {
  }
}

inline std::vector<std::int32_t> all_rows(std::int32_t count) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

inline QString error_of(Session& session) {
  const FramePtr frame = session.frame();
  return frame->error ? QString::fromStdString(frame->error->message()) : QString();
}

}  // namespace rowlight::test
