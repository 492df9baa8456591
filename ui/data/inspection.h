#pragma once

#include <QString>

#include <memory>
#include <optional>

#include "core/ratings/reader.h"

namespace rowlight {

/// What reading a file in one way gave. Cheap to copy: what can be large is shared.
struct Inspection {
  QString path;
  ReadOptions options;
  std::shared_ptr<const LoadReport> report;  ///< never null; of a file that could not be read what was found until then
  std::optional<Error> error;
  RatingSetPtr ratings;  ///< null after an error, or where they are no longer needed
};

}  // namespace rowlight
