#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/ratings/reader.h"

namespace rowlight {

/// The report with the keys of `rowlight-cli inspect --json`, in their order; absent times are null, and text that
/// is not UTF-8 (a file name may be anything) has '?' for the foreign bytes, so that dumping cannot fail.
[[nodiscard]] nlohmann::ordered_json to_json(const LoadReport& report);

}  // namespace rowlight
