// What the window costs the training: in one process, in short turns, the plain loop of `rowlight-cli train` and the
// window's own engine while its Train page plays. Prints JSON.
//
//   rowlight_bench_window [--turns N] [--ms N] [--way NAME]... [training options] FILE
//
// A way takes something of the window into the plain loop, each on top of the ones before: `slices` of 8 ms, `frames`
// 60 times a second, `projected` frames. Beside `window` itself, the default, they tell where its time goes. Every way
// alternates with `plain`; a share is of the mean of the plain stretches before and after it. Turns that something
// disturbed do not count: see `turns` of the report.

#include <QElapsedTimer>
#include <QEventLoop>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#ifdef __linux__
#include <sched.h>
#include <unistd.h>
#endif

#include "app/cli/training_options.h"
#include "app/frame_meter.h"
#include "app/main_window.h"
#include "core/simd/kernels.h"
#include "core/train/session.h"

using namespace rowlight;
using nlohmann::ordered_json;

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr int many_epochs = 100000;   // so that no run ends
constexpr double most_others = 0.05;  // of one core: turns in which other processes had more do not count
constexpr double most_drift = 0.08;   // nor those during which the machine's speed changed by more
constexpr auto longest_wait = 60s;

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

#ifdef __linux__
/// Keeps a thread of this process, 0: the calling one, on the last core: cores of a virtual machine differ in speed.
void keep_on_last_core(pid_t thread) {
  const auto cores = static_cast<std::size_t>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cores - 1, &set);
  sched_setaffinity(thread, sizeof set, &set);
}

/// The thread of this process that has computed most, apart from the first.
pid_t busiest_thread() {
  pid_t busiest = 0;
  std::uint64_t most = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::uint64_t ran = 0;
    std::ifstream(task.path() / "schedstat") >> ran;
    const pid_t id = std::stoi(task.path().filename().string());
    if (id == getpid() || ran <= most) continue;
    busiest = id;
    most = ran;
  }
  return busiest;
}
#else
void keep_on_last_core(int /*thread*/) {}
int busiest_thread() { return 0; }
#endif

/// What a stretch of training gave. Rates are the engine's own: all between its first and its last batch counts, but
/// validation.
struct Stretch {
  double ratings_per_second = 0;
  double frames_per_second = 0;
  double projections_per_second = 0;
  double gui_share = 0;  // of the time in which the GUI thread was busy
  double others = 0;     // seconds that other processes had of all cores
};

/// What processes take of the cores from its start on.
class Cores {
 public:
  /// Seconds that others had so far; 0 where the system does not tell.
  [[nodiscard]] double others() const { return std::max(0.0, all() - all_ - (own() - own_)); }

 private:
  static double own() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
  static double all() {
    std::ifstream file("/proc/stat");
    std::string name;
    double user = 0;
    double nice = 0;
    double system = 0;
    file >> name >> user >> nice >> system;
    constexpr double ticks_per_second = 100;
    return (user + nice + system) / ticks_per_second;
  }

  double all_ = all();
  double own_ = own();
};

/// Lets the GUI thread work on for a while.
void wait_for(std::chrono::milliseconds time) {
  QEventLoop loop;
  QTimer::singleShot(time, &loop, &QEventLoop::quit);
  loop.exec();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

ordered_json range(const std::vector<double>& values) {
  if (values.empty()) return nullptr;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {{"median", median(values)}, {"low", *low}, {"high", *high}};
}

/// A session without a window, driven by a thread of its own while the GUI thread waits for events as ever.
class PlainLoop {
 public:
  /// What the loop does as the window's engine does it.
  enum class Way { Plain, Slices, Frames, Projected };

  PlainLoop(const FramePtr& window_frame, std::vector<Command> looks) : looks_(std::move(looks)) {
    session_.apply(Configure{window_frame->settings});
    session_.apply(InstallRatings{window_frame->ratings, {}, {}, {}, {}});
    if (session_.trainer() == nullptr) give_up("only mode exact is measured");
  }

  Stretch run(Way way, std::chrono::milliseconds length) {
    Stretch stretch;
    for (const Command& look : looks_) {
      if (auto watch = look; way >= Way::Frames && std::holds_alternative<Watch>(watch)) session_.apply(watch);
      if (way == Way::Projected && std::holds_alternative<Project>(look)) session_.apply(look);
    }
    std::thread engine([&] {
      keep_on_last_core(0);
      train(way, length, stretch);
    });
    wait_for(length);
    engine.join();
    session_.apply(Watch{Table::Users, {}});
    session_.apply(Watch{Table::Movies, {}});
    session_.apply(Project{false, Table::Movies});
    stretch.ratings_per_second = session_.frame()->progress.ratings_per_second;
    return stretch;
  }

 private:
  void train(Way way, std::chrono::milliseconds length, Stretch& stretch) {
    const auto end = Clock::now() + length;
    const bool plain = way == Way::Plain;
    session_.apply(Play{plain ? StepUnit::Epoch : StepUnit::Batch, 0});
    std::size_t frames = 0;
    std::set<std::uint64_t> projections;
    FramePtr frame;
    auto last_frame = Clock::now();
    for (auto now = last_frame; now < end; now = Clock::now()) {
      session_.advance(plain ? Budget{50ms, 1} : Budget{8ms, UINT64_MAX});
      if (way < Way::Frames || Clock::now() - last_frame < 16ms) continue;
      last_frame = Clock::now();
      frame = session_.frame();
      ++frames;
      if (frame->projection) projections.insert(frame->projection->batch);
    }
    session_.apply(Pause{});
    stretch.frames_per_second = static_cast<double>(frames) / std::chrono::duration<double>(length).count();
    stretch.projections_per_second =
        static_cast<double>(projections.size()) / std::chrono::duration<double>(length).count();
  }

  Session session_;
  std::vector<Command> looks_;
};

/// The window, whose Train page is open.
class Window {
 public:
  Window(MeteredApplication& application, const TrainSettings& settings, const QElapsedTimer& since_start,
         const std::string& file)
      : application_(application), window_(settings, since_start, MainWindow::Memory::None) {
    QObject::connect(&window_.workbench(), &Workbench::commandSent, &window_, [this](const Command& command) {
      if (const auto* watch = std::get_if<Watch>(&command)) watches_[index_of(watch->table)] = *watch;
      if (const auto* project = std::get_if<Project>(&command)) project_ = *project;
    });
    QObject::connect(&window_.workbench(), &Workbench::presented, &window_, [this](const Frame& frame) {
      ++frames_;
      if (frame.projection) projections_.insert(frame.projection->batch);
    });
    QObject::connect(&window_, &MainWindow::openFailed, &window_,
                     [](const QString& sentence) { give_up(sentence.toStdString()); });
    window_.showPage(Page::Train);
    window_.show();
    window_.open(QString::fromStdString(file));
    wait([&] { return frame() && frame()->ratings && window_.firstFramePainted(); });
    TrainSettings endless = frame()->settings;
    endless.epochs = many_epochs;
    window_.workbench().send(Configure{endless});
    wait([&] { return frame()->settings == endless; });
  }

  [[nodiscard]] const FramePtr& frame() { return window_.workbench().frame(); }

  /// What the page has asked the engine to show.
  [[nodiscard]] std::vector<Command> looks() const {
    std::vector<Command> all;
    for (const std::optional<Watch>& watch : watches_) {
      if (watch) all.emplace_back(*watch);
    }
    if (project_) all.emplace_back(*project_);
    return all;
  }

  Stretch run(std::chrono::milliseconds length) {
    frames_ = 0;
    projections_.clear();
    application_.startMeasuring();
    QElapsedTimer timer;
    timer.start();
    window_.workbench().send(Play{StepUnit::Batch, 0});
    wait_for(length);
    window_.workbench().send(Pause{});
    const double seconds = static_cast<double>(timer.elapsed()) / 1000;
    const std::vector<double> busy = application_.stopMeasuring();
    Stretch stretch;
    stretch.frames_per_second = static_cast<double>(frames_) / seconds;
    stretch.projections_per_second = static_cast<double>(projections_.size()) / seconds;
    stretch.gui_share = std::accumulate(busy.begin(), busy.end(), 0.0) / 1000 / seconds;
    wait([&] { return frame()->state != RunState::Playing; });
    if (frame()->error) give_up(frame()->error->message());
    stretch.ratings_per_second = frame()->progress.ratings_per_second;
    return stretch;
  }

 private:
  template <class Condition>
  void wait(const Condition& condition) {
    const auto end = Clock::now() + longest_wait;
    while (!condition()) {
      if (Clock::now() > end) give_up("the window does not answer");
      wait_for(1ms);
    }
  }

  MeteredApplication& application_;
  std::optional<Watch> watches_[2];
  std::optional<Project> project_;
  std::size_t frames_ = 0;
  std::set<std::uint64_t> projections_;
  MainWindow window_;
};

struct Arguments {
  std::string file;
  std::vector<std::string> ways;
  int turns = 30;
  int ms = 500;
  cli::TrainingArguments training;
};

std::vector<double> column(const std::vector<Stretch>& all, double Stretch::*member) {
  std::vector<double> values;
  for (const Stretch& stretch : all) values.push_back(stretch.*member);
  return values;
}

PlainLoop::Way way_of(const std::string& name) {
  if (name == "slices") return PlainLoop::Way::Slices;
  if (name == "frames") return PlainLoop::Way::Frames;
  return name == "projected" ? PlainLoop::Way::Projected : PlainLoop::Way::Plain;
}

ordered_json measure(Window& window, const Arguments& arguments) {
  const std::chrono::milliseconds length(arguments.ms);
  PlainLoop plain(window.frame(), window.looks());
  const auto run = [&](const std::string& way) {
    const Cores cores;
    Stretch stretch = way == "window" ? window.run(length) : plain.run(way_of(way), length);
    stretch.others = cores.others();
    return stretch;
  };
  window.run(length);
  keep_on_last_core(busiest_thread());
  for (const std::string& way : arguments.ways) run(way);  // memory is touched, the first pictures are made
  std::vector<Stretch> plains = {run("plain")};
  std::vector<std::vector<Stretch>> stretches(arguments.ways.size());
  std::vector<std::vector<double>> shares(arguments.ways.size());
  for (int turn = 0; turn < arguments.turns; ++turn) {
    for (std::size_t i = 0; i < arguments.ways.size(); ++i) {
      const Stretch before = plains.back();
      const Stretch stretch = run(arguments.ways[i]);
      plains.push_back(run("plain"));
      const Stretch& after = plains.back();
      if (std::max({before.others, stretch.others, after.others}) > most_others * arguments.ms / 1000) continue;
      const double drift = std::abs(std::log(after.ratings_per_second / before.ratings_per_second));
      if (drift > most_drift) continue;
      stretches[i].push_back(stretch);
      shares[i].push_back(stretch.ratings_per_second / std::sqrt(before.ratings_per_second * after.ratings_per_second));
    }
  }
  ordered_json report{{"plain", {{"ratings_per_second", range(column(plains, &Stretch::ratings_per_second))}}}};
  for (std::size_t i = 0; i < arguments.ways.size(); ++i) {
    report[arguments.ways[i]] = {
        {"turns", shares[i].size()},
        {"share", range(shares[i])},
        {"ratings_per_second", range(column(stretches[i], &Stretch::ratings_per_second))},
        {"frames_per_second", median(column(stretches[i], &Stretch::frames_per_second))},
        {"projections_per_second", median(column(stretches[i], &Stretch::projections_per_second))},
        {"gui_share", median(column(stretches[i], &Stretch::gui_share))}};
  }
  return report;
}

}  // namespace

int main(int argc, char** argv) {
  QElapsedTimer since_start;
  since_start.start();
  Arguments arguments;
  CLI::App app("What the window costs the training", "rowlight_bench_window");
  app.add_option("FILE", arguments.file, "Rating file")->required();
  app.add_option("--turns", arguments.turns, "How often each way has its turn")->check(CLI::Range(1, 10000));
  // Less than a second: that long the engine's rate is of the whole stretch.
  app.add_option("--ms", arguments.ms, "Length of a stretch")->check(CLI::Range(50, 900));
  app.add_option("--way", arguments.ways, "What is compared with the plain loop")
      ->check(CLI::IsMember({"slices", "frames", "projected", "window"}));
  cli::add_training_options(app, arguments.training);
  CLI11_PARSE(app, argc, argv);
  if (arguments.ways.empty()) arguments.ways = {"window"};
  auto settings = arguments.training.resolved();
  if (!settings) give_up(settings.error().message());
  settings->threads = 1;
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  MeteredApplication application(argc, argv);
  Window window(application, *settings, since_start, arguments.file);
  ordered_json report{{"file", arguments.file},
                      {"optimizer", name_of(settings->optimizer.kind)},
                      {"target", simd::name_of(simd::current_target())},
                      {"platform", QGuiApplication::platformName().toStdString()},
                      {"turns", arguments.turns},
                      {"ms", arguments.ms}};
  report.update(measure(window, arguments));
  std::printf("%s\n", report.dump(2).c_str());
  return 0;
}
