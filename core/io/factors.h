#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/matrix.h"
#include "core/base/row_index.h"
#include "core/io/factor_format.h"
#include "core/ratings/rating_set.h"

namespace rowlight {

/// Tables that were trained elsewhere, to be looked at: there are no ratings to train them on. At least one of the two
/// has rows. Immutable once read, shared between threads as shared_ptr<const Factors>.
struct Factors {
  std::string format;  ///< as factor_format_of() says
  RatingSetPtr rows;   ///< never null and without ratings: name, ids and titles of the rows
  Matrix tables[2];    ///< (users or movies, factors) by index_of(Table), all finite; empty: the file has no such table
  Matrix biases[2];    ///< (users or movies, 1), all finite; empty: none
  std::string missing;  ///< why one of the tables is empty, one sentence; "" where both are there

  [[nodiscard]] bool has(Table table) const { return tables[index_of(table)].rows() > 0; }
};

struct FactorOptions {
  std::string items_file;  ///< titles to be joined to the movie table by id; empty: none
};

/// What reading found: the keys of `rowlight-cli inspect` for a file of factors.
struct FactorReport {
  std::string file;
  std::string format;
  std::uint64_t bytes = 0;
  std::uint64_t users = 0;  ///< rows of the user table
  std::uint64_t items = 0;
  std::uint64_t user_factors = 0;  ///< numbers in a row of it
  std::uint64_t item_factors = 0;
  bool bias = false;
  std::uint64_t left_out = 0;  ///< rows without factors, such as those that LIBMF marks F
  std::uint64_t titles = 0;
  std::uint64_t items_without_title = 0;
  std::vector<std::string> notices;
  double seconds = 0;
};

struct LoadedFactors {
  std::shared_ptr<const Factors> factors;
  FactorReport report;
};

/// Reads factors that were trained elsewhere, in any format that factor_format_of() tells by the first bytes:
/// - Spark ALS: lines {"id":1,"features":[0.5,...]}; also a folder of part-*.json, or one with two such folders, of
///   which one has "user" in its name and the other "item" or "movie";
/// - LIBMF: the text that mf_save_model() writes; rows marked F (never trained) are left out and counted;
/// - word2vec text: a line "rows factors", then word and numbers in each line;
/// - .npy: two dimensions, float32 or float64; rows are named by their number;
/// - .safetensors: Rowlight's state_dict names or fastai's, with the ids that a saved run holds; else the tensors whose
///   names say user, movie or item; else the largest.
/// A single table that says nothing of whose rows it has is the movies', unless the path says "user"; a notice tells.
/// Synchronous; call it off the GUI thread. Errors, with file and where there is one line and column: Io; BadInput for
/// anything else than finite numbers, rows of unequal length, an id given twice, a file that ends early or a line above
/// 16 MB; Cancelled. Memory: about twice the tables, of which a declared size is never believed.
[[nodiscard]] Expected<LoadedFactors> read_factors(const std::string& path, const FactorOptions& options = {},
                                                   const ReadControl& control = {});

}  // namespace rowlight
