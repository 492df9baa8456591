#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "core/train/lookup_pass.h"
#include "core/train/session.h"
#include "ui/common/workbench.h"

// Lookup views out of the engine, and a workbench with an engine behind it that works when the test says so.

namespace rowlight::test {

/// The view of a toy pass as of a step.
inline std::shared_ptr<const LookupView> toyView(int step, const LookupSetup& setup = {}) {
  auto pass = std::move(*LookupPass::create(toy_input(setup)));
  while (pass->computed() < step) (void)pass->run_step();
  return pass->view(step, 0, 6);
}

/// A pass over a table of `rows` x `dim`, looking up `indices`.
inline std::unique_ptr<LookupPass> bigPass(std::size_t rows, std::size_t dim, std::vector<std::int64_t> indices) {
  LookupInput input;
  input.weight = Matrix(rows, dim);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < dim; ++c) input.weight(r, c) = 0.01F * static_cast<float>((r * 7 + c * 3) % 41) - 0.2F;
  }
  input.setup.source = LookupSource::Movies;
  input.setup.indices = std::move(indices);
  input.setup.options = {};
  return std::move(*LookupPass::create(std::move(input)));
}

/// A Workbench and a Session on one thread. Commands wait until run(); then each is applied, worked off, and the frame
/// is presented.
class Bench {
 public:
  Bench() {
    QObject::connect(&workbench, &Workbench::commandSent, [this](const Command& command) {
      all.push_back(command);
      waiting_.push_back(command);
    });
  }

  /// Play goes on for at most `units` steps.
  void run(std::uint64_t units = 1) {
    while (!waiting_.empty()) {
      const std::vector<Command> now = std::exchange(waiting_, {});
      for (const Command& command : now) {
        session.apply(command);
        const bool plays = std::holds_alternative<Play>(command);
        Budget budget;
        if (plays) budget.units = units;
        session.advance(budget);
      }
      workbench.present(session.frame());
    }
  }

  template <class T>
  [[nodiscard]] const T* last() const {
    for (auto command = all.rbegin(); command != all.rend(); ++command) {
      if (const auto* found = std::get_if<T>(&*command)) return found;
    }
    return nullptr;
  }
  [[nodiscard]] const LookupView& view() const { return *workbench.frame()->lookup; }

  Workbench workbench;
  Session session;
  std::vector<Command> all;

 private:
  std::vector<Command> waiting_;
};

}  // namespace rowlight::test
