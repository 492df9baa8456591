#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>

#include <nlohmann/json.hpp>

#include "app/cli/common.h"
#include "core/base/system.h"
#include "core/base/text.h"
#include "core/io/npy.h"
#include "core/io/safetensors.h"
#include "core/simd/kernels.h"
#include "core/train/fast_trainer.h"
#include "core/train/session.h"
#include "core/train/trainer.h"

namespace rowlight::cli {

namespace {

struct TrainArguments {
  ReadArguments read;
  TrainingArguments training;
  std::string test;
  std::string init;
  std::string order;
  std::string save;
  std::string resume;
  bool log_batches = false;
  bool epochs_given = false;
  std::optional<double> stop_at_rmse;
};

/// Reads everything that the arguments name. `vocabulary` of the test file is its own; the trainer matches ids.
Expected<InstallRatings> read_inputs(const TrainArguments& arguments, const Context& context) {
  InstallRatings inputs;
  const auto loaded = load(arguments.read, context);
  if (!loaded) return tl::make_unexpected(loaded.error());
  inputs.ratings = loaded->set;
  if (!arguments.test.empty()) {
    ReadArguments test = arguments.read;
    test.path = arguments.test;
    const auto test_set = load(test, context);
    if (!test_set) return tl::make_unexpected(test_set.error());
    inputs.test = test_set->set;
  }
  if (!arguments.order.empty()) {
    auto order = read_npy_integers(arguments.order);
    if (!order) return tl::make_unexpected(order.error());
    if (order->empty()) {
      return tl::make_unexpected(Error{ErrorKind::BadInput, "the order is empty",
                                       "it must hold the position of every training rating", arguments.order, 0, 0});
    }
    inputs.order = std::move(*order);
  }
  const auto tensors = [](const std::string& path, std::shared_ptr<const TensorFile>& into) -> Expected<void> {
    if (path.empty()) return {};
    auto file = read_safetensors(path);
    if (!file) return tl::make_unexpected(file.error());
    into = std::make_shared<TensorFile>(std::move(*file));
    return {};
  };
  if (auto read = tensors(arguments.init, inputs.initial); !read) return tl::make_unexpected(read.error());
  if (auto read = tensors(arguments.resume, inputs.resume); !read) return tl::make_unexpected(read.error());
  return inputs;
}

/// Prints the events of a run: JSON lines, or text for a person.
class Reporter {
 public:
  explicit Reporter(const Context& context) : context_(context) {}

  void data(const RatingSet& set, double seconds) const {
    if (context_.json) {
      print_line({{"event", "data"},
                  {"ratings", set.size()},
                  {"users", set.user_count()},
                  {"items", set.movie_count()},
                  {"seconds", seconds}});
    } else {
      std::cout << plural(set.size(), "rating") << " of " << plural(set.movie_count(), "item") << " by "
                << plural(set.user_count(), "user") << '\n';
    }
  }

  template <class AnyTrainer>
  void start(const AnyTrainer& trainer) const {
    if (!context_.json) return;
    print_line({{"event", "start"},
                {"parameters", trainer.model().parameter_count()},
                {"target", simd::name_of(simd::current_target())},
                {"threads", trainer.settings().threads},
                {"mode", name_of(trainer.settings().mode)}});
  }

  void batch(const Trainer& trainer) const {
    const std::uint64_t done = trainer.loss_curve().batches();
    const std::uint64_t per_epoch = trainer.batches_per_epoch();
    print_line({{"event", "batch"},
                {"epoch", (done - 1) / per_epoch + 1},
                {"batch", (done - 1) % per_epoch + 1},
                {"loss", number(trainer.step().loss())}});
  }

  void epoch(const EpochResult& e) const {
    const auto valid = [&](auto map) {
      return e.valid_loss ? number(map(*e.valid_loss)) : nlohmann::ordered_json(nullptr);
    };
    if (context_.json) {
      print_line({{"event", "epoch"},
                  {"epoch", e.epoch},
                  {"train_loss", number(e.train_loss)},
                  {"valid_loss", valid([](double loss) { return loss; })},
                  {"valid_rmse", valid([](double loss) { return std::sqrt(loss); })},
                  {"seconds", e.seconds},
                  {"ratings_per_second", number(e.ratings_per_second)}});
      return;
    }
    std::printf("epoch %3d  train %.4f", e.epoch, e.train_loss);
    if (e.valid_loss) std::printf("  valid %.4f (RMSE %.4f)", *e.valid_loss, std::sqrt(*e.valid_loss));
    std::printf("  %.0f ratings/s\n", e.ratings_per_second);
    std::fflush(stdout);
  }

  template <class AnyTrainer>
  void done(const AnyTrainer& trainer, double seconds) const {
    if (!context_.json) return;
    const auto& epochs = trainer.epochs();
    const auto ratings = static_cast<double>(trainer.trained_ratings());
    const bool validated = !epochs.empty() && epochs.back().valid_loss;
    print_line({{"event", "done"},
                {"epochs", epochs.size()},
                {"seconds", seconds},
                {"ratings_per_second", trainer.batch_seconds() > 0 ? ratings / trainer.batch_seconds() : 0.0},
                {"valid_rmse", validated ? number(std::sqrt(*epochs.back().valid_loss)) : nullptr},
                {"train_seconds", trainer.train_seconds()},
                {"peak_memory_bytes", peak_memory_bytes()},
                {"unseen_users", trainer.unseen_users()},
                {"unseen_items", trainer.unseen_movies()}});
  }

 private:
  const Context& context_;
};

template <class AnyTrainer>
void show_progress(const AnyTrainer& trainer) {
  if (!stderr_is_terminal()) return;
  constexpr double percent = 100;
  const auto total = static_cast<double>(trainer.batches_per_epoch()) * trainer.settings().epochs;
  std::fprintf(stderr, "\r%5.1f %% ", percent * static_cast<double>(trainer.batches_done()) / total);
}

[[nodiscard]] bool at_rest(const Trainer& trainer) { return trainer.between_batches(); }
[[nodiscard]] bool at_rest(const FastTrainer& trainer) { return trainer.between_parts(); }

void report_batch(const Reporter& reporter, const Trainer& trainer) { reporter.batch(trainer); }
void report_batch(const Reporter&, const FastTrainer&) {}  // there are no minibatches, and no option asks for them

/// Trains to the end, to `stop_at_rmse` or to an interrupt. Errors: Diverged, Cancelled.
template <class AnyTrainer>
Expected<void> train(Session& session, const AnyTrainer& trainer, const TrainArguments& arguments,
                     const Reporter& reporter) {
  using namespace std::chrono_literals;
  std::size_t reported = trainer.epochs().size();
  if (trainer.finished()) return {};
  // No slice goes past the end of an epoch: whether training stops there must not hang on the clock.
  const Budget one_unit{std::chrono::microseconds::max(), 1};
  session.apply(Play{arguments.log_batches ? StepUnit::Batch : StepUnit::Epoch, 0});
  for (bool more = true; more;) {
    const std::uint64_t batches = trainer.batches_done();
    more = session.advance(arguments.log_batches ? one_unit : Budget{50ms, 1});
    const bool stop = interrupted();
    if (stop && more && !at_rest(trainer)) more = session.advance(one_unit);  // the epoch's validation
    if (arguments.log_batches && trainer.batches_done() != batches) report_batch(reporter, trainer);
    show_progress(trainer);
    if (reported < trainer.epochs().size()) {
      const EpochResult& epoch = trainer.epochs()[reported++];
      if (stderr_is_terminal()) std::fputs("\r\033[K", stderr);
      reporter.epoch(epoch);
      if (arguments.stop_at_rmse && epoch.valid_loss && std::sqrt(*epoch.valid_loss) <= *arguments.stop_at_rmse) {
        return {};
      }
    }
    if (stop && more) return fail(ErrorKind::Cancelled, "interrupted", "training stopped between two batches");
  }
  if (const FramePtr frame = session.frame(); frame->error) return tl::make_unexpected(*frame->error);
  return {};
}

Expected<void> check_save_path(const std::string& path) {
  if (path.empty()) return {};
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return fail(ErrorKind::Io, path + " is a folder", "--save needs the name of a file");
  }
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return {};
  return fail(ErrorKind::Io, "there is no folder " + folder.string(), "make it first, so that --save can write there");
}

/// Names the file that does not fit the ratings, where only one can be meant.
Error with_file(Error error, const TrainArguments& arguments) {
  std::vector<std::string> files;
  for (const std::string& file : {arguments.init, arguments.resume, arguments.order}) {
    if (!file.empty()) files.push_back(file);
  }
  if (error.kind == ErrorKind::BadInput && error.file.empty() && files.size() == 1) error.file = files[0];
  return error;
}

/// Trains the run that the session holds, and saves it.
template <class AnyTrainer>
Expected<void> train_and_save(Session& session, const AnyTrainer& trainer, const TrainArguments& arguments,
                              const Reporter& reporter) {
  reporter.start(trainer);
  const Expected<void> outcome = train(session, trainer, arguments, reporter);
  const bool stopped_cleanly = outcome || outcome.error().kind == ErrorKind::Cancelled;
  if (stopped_cleanly && !arguments.save.empty()) {
    if (auto saved = write_safetensors(arguments.save, trainer.save()); !saved) return saved;
  }
  return outcome;
}

/// Gives a resumed run another number of epochs. Errors: Usage, where its rate is planned for its own.
Expected<void> change_epochs(Session& session, int epochs) {
  const FramePtr frame = session.frame();
  TrainSettings more = frame->settings;
  more.epochs = epochs;
  if (starts_afresh(frame->settings, more, frame->progress.batches_done > 0)) {
    return fail(ErrorKind::Usage,
                "--epochs is " + std::to_string(epochs) + " and the saved run's one-cycle rate is planned for " +
                    std::to_string(frame->settings.epochs),
                "leave out --epochs; only a run with --schedule constant can be given other epochs");
  }
  session.apply(Configure{more});
  return {};
}

Expected<void> run(const TrainArguments& arguments, const Context& context) {
  const auto begin = std::chrono::steady_clock::now();
  const auto since_begin = [begin] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  auto settings = arguments.training.resolved();
  if (!settings) return tl::make_unexpected(settings.error());
  settings->seed = context.seed;
  settings->threads = context.thread_count();
  if (settings->mode == TrainMode::Fast && arguments.log_batches) {
    return fail(ErrorKind::Usage, "--log-batches is given in mode fast",
                "it has no minibatches; leave the option out, or use --mode exact");
  }
  if (auto writable = check_save_path(arguments.save); !writable) return writable;
  const Reporter reporter(context);
  const auto inputs = read_inputs(arguments, context);
  if (!inputs) return tl::make_unexpected(inputs.error());
  reporter.data(*inputs->ratings, since_begin());

  Session session;
  session.apply(Configure{*settings});
  session.apply(*inputs);
  if (!session.trainer() && !session.fast_trainer()) {
    return tl::make_unexpected(with_file(*session.frame()->error, arguments));
  }
  if (inputs->resume && arguments.epochs_given) {
    if (auto changed = change_epochs(session, settings->epochs); !changed) return changed;
  }
  const auto train_with = [&](const auto& trainer) -> Expected<void> {
    if (auto done = train_and_save(session, trainer, arguments, reporter); !done) return done;
    reporter.done(trainer, since_begin());
    return {};
  };
  return session.fast_trainer() ? train_with(*session.fast_trainer()) : train_with(*session.trainer());
}

/// A saved run brings its settings along; options that would set others are named, not silently dropped.
void note_unused_options(const CLI::App& command) {
  if (command.count("--resume") == 0) return;
  std::string given;
  for (const char* name : {"--mode", "--model", "--factors", "--y-range", "--batch-size", "--optimizer", "--lr",
                           "--momentum", "--betas", "--eps", "--weight-decay", "--schedule", "--valid", "--seed"}) {
    if (command.count(name) > 0) given += (given.empty() ? "" : ", ") + std::string(name);
  }
  if (!given.empty())
    std::cerr << "note: --resume goes on under the saved run's own settings, without " << given << '\n';
}

}  // namespace

void add_train(CLI::App& app, Context& context) {
  CLI::App* command = app.add_subcommand("train", "Train a model on a rating file");
  auto arguments = std::make_shared<TrainArguments>();
  add_common_options(*command, context);
  add_read_options(*command, arguments->read);
  add_training_options(*command, arguments->training);
  command->add_option("--test", arguments->test, "Validate on this file instead of a share")->excludes("--valid");
  auto* init = command->add_option("--init", arguments->init, "Start from the tables of this .safetensors file");
  command->add_option("--order", arguments->order, "Order of the ratings: .npy with int64 positions");
  command->add_option("--save", arguments->save, "Write the trained run to this .safetensors file");
  command->add_option("--resume", arguments->resume, "Go on with the run in this .safetensors file, under its settings")
      ->excludes(init);
  command->add_flag("--log-batches", arguments->log_batches, "Print the loss of every batch (with --json)");
  command->add_option("--stop-at-rmse", arguments->stop_at_rmse, "Stop after an epoch with this validation RMSE");
  command->callback([arguments, command, &context] {
    arguments->epochs_given = command->count("--epochs") > 0;
    arguments->log_batches = arguments->log_batches && context.json;
    note_unused_options(*command);
    if (const auto done = run(*arguments, context); !done) context.report(done.error(), true);
  });
}

}  // namespace rowlight::cli
