#pragma once

#include "core/base/error.h"

namespace rowlight {

// What ends a load in more than one of its stages.

[[nodiscard]] inline tl::unexpected<Error> loading_cancelled() {
  return fail(ErrorKind::Cancelled, "loading was cancelled");
}

[[nodiscard]] inline tl::unexpected<Error> not_enough_memory() {
  return fail(ErrorKind::BadInput, "there is not enough memory for these ratings",
              "expected fewer ratings, or a machine with more memory");
}

}  // namespace rowlight
