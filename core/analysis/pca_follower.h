#pragma once

#include <memory>

#include "core/analysis/pca.h"

namespace rowlight {

/// Principal axes of a table that changes a little from call to call. A warm result starts from the axes of the last
/// one and reads the table one to three times instead of adding up its covariance.
///
/// What a warm result guarantees: its residual |S v - v (v'S v)|, computed from the table as it is now, is at most 2e-4
/// of the gap between the last axis shown and the next one, so the plane (or space) shown lies within 2e-4 (sine of the
/// largest angle) of one that S, the covariance, keeps (Davis and Kahan, 1970). This counts every other axis as if it
/// varied as much as the next one. With the variances that they had when the covariance was last computed, the plane
/// lies within 6e-5 to first order: 1e-4 holds as long as no difference between one of them and an axis shown has
/// shrunk by 40 % since. The next result starts from the axes as the residual mends them, so nothing adds up. Mean,
/// shares and coordinates are the table's of now. How much the next axis has is estimated from one more axis that is
/// followed along; an axis at right angles to all of these that came to vary more could be missed, so every 32nd result
/// at the latest is computed from the covariance. Whatever is not sure is computed so too, also where two axes shown
/// are too close to tell apart: then it is pca()'s, bit for bit.
///
/// Threading: one thread at a time; results do not depend on the number of threads of a pool.
class PcaFollower {
 public:
  PcaFollower();
  ~PcaFollower();
  PcaFollower(const PcaFollower&) = delete;
  PcaFollower& operator=(const PcaFollower&) = delete;

  /// As pca(), with the same errors. Starts anew when the table's shape or the options change.
  [[nodiscard]] Expected<Pca> next(ConstMatrixView rows, const PcaOptions& options = {}, ThreadPool* pool = nullptr);
  /// The next result owes nothing to those before.
  void forget();
  /// How often the last result read the table to come from the one before; 0: it was computed from the covariance.
  [[nodiscard]] int warm_passes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rowlight
