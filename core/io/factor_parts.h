#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/error.h"

/// Where the factors of a path stand. Internal to core/io.
namespace rowlight::io {

/// The files of Spark's factors, by index_of(Table) and in the order of their names.
struct FactorParts {
  std::vector<std::string> files[2];
  [[nodiscard]] bool empty() const { return files[0].empty() && files[1].empty(); }
};

/// The part-*.json files of a folder, or of the two folders in it whose names say user and item (or movie). Nothing
/// where the first of them does not begin as Spark's factors do.
[[nodiscard]] FactorParts factor_parts_of(const std::string& folder);

/// Whether a path says that what it names belongs to users: the one hint there is for a single table.
[[nodiscard]] bool names_users(const std::string& path);

/// The first factor_head_bytes of a file, or all of it. Errors: Io.
[[nodiscard]] Expected<std::string> head_of(const std::string& path);

}  // namespace rowlight::io
