#include "core/train/live_tables.h"

#include "core/io/factors.h"
#include "core/train/fast_trainer.h"
#include "core/train/trainer.h"

namespace rowlight {

namespace {

template <class AnyTrainer>
LiveTables tables_of_run(const AnyTrainer& trainer) {
  LiveTables tables;
  tables.ratings = trainer.ratings();
  for (const Table table : {Table::Users, Table::Movies}) {
    const std::size_t i = index_of(table);
    tables.factors[i] = &trainer.model().factors(table);
    tables.bias[i] = trainer.model().bias(table);
    tables.counts[i] = trainer.counts(table);
  }
  tables.batch = trainer.batches_done();
  tables.seed = trainer.settings().seed;
  return tables;
}

}  // namespace

LiveTables tables_of(const Trainer& trainer) { return tables_of_run(trainer); }

LiveTables tables_of(const FastTrainer& trainer) { return tables_of_run(trainer); }

LiveTables tables_of(const Factors& factors) {
  LiveTables tables;
  tables.ratings = factors.rows;
  for (const std::size_t i : {0U, 1U}) {
    if (factors.tables[i].rows() > 0) tables.factors[i] = &factors.tables[i];
    if (factors.biases[i].rows() > 0) tables.bias[i] = &factors.biases[i];
  }
  return tables;
}

}  // namespace rowlight
