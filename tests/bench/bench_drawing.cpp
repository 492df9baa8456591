// What drawing costs the GUI thread: drives the real widgets without a screen and prints JSON. No engine runs; its
// frames are made beforehand or outside the measured time.
//
//   rowlight_bench_drawing [--dpr N] [--brief] [scatter|show|table|loss]...    default: all of them
//
// A frame is what happens between handing it over and the end of all that it causes on the GUI thread, waits left out.

#include <QApplication>
#include <QMouseEvent>
#include <QScrollBar>
#include <QThread>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/random.h"
#include "core/train/loss_curve.h"
#include "ui/common/palette.h"
#include "ui/common/workbench.h"
#include "ui/train/loss_panel.h"
#include "ui/train/pca_panel.h"
#include "ui/train/pca_view.h"
#include "ui/train/table_panel.h"
#include "ui/train/table_view.h"

using namespace rowlight;
using nlohmann::ordered_json;

namespace {

using Clock = std::chrono::steady_clock;
constexpr QSize window_size(900, 700);

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// The application, adding up the time that the GUI thread spends in events.
class Meter : public QApplication {
 public:
  using QApplication::QApplication;

  bool notify(QObject* receiver, QEvent* event) override {
    if (QThread::currentThread() != thread() || depth_ > 0) return QApplication::notify(receiver, event);
    ++depth_;
    const auto start = Clock::now();
    const bool handled = QApplication::notify(receiver, event);
    busy_ms_ += ms_since(start);
    --depth_;
    return handled;
  }

  /// Milliseconds that `act` and what follows from it take on the GUI thread, until `done` holds and no event is left.
  double busy(const std::function<void()>& act, const std::function<bool()>& done) {
    busy_ms_ = 0;
    const auto start = Clock::now();
    ++depth_;  // events sent by `act` are within its time
    act();
    --depth_;
    busy_ms_ += ms_since(start);
    do {
      processEvents();
      if (!done()) std::this_thread::sleep_for(std::chrono::microseconds(200));
    } while (!done());
    processEvents();
    return busy_ms_;
  }
  double busy(const std::function<void()>& act) {
    return busy(act, [] { return true; });
  }

 private:
  int depth_ = 0;
  double busy_ms_ = 0;
};

ordered_json summary(std::vector<double> ms) {
  std::sort(ms.begin(), ms.end());
  const auto rank = [&](double share) {
    const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(ms.size())));
    return ms[std::clamp<std::size_t>(at, 1, ms.size()) - 1];
  };
  return {{"p50", rank(0.5)}, {"p99", rank(0.99)}, {"max", ms.back()}, {"frames", ms.size()}};
}

RatingSetPtr make_set(int users, int movies) {
  auto set = std::make_shared<RatingSet>();
  set->name = "synthetic";
  set->synthetic = true;
  set->scale = {1, 5};
  set->genres = {"Drama", "Comedy", "Crime", "Action", "Sci-Fi", "Romance", "Animation", "Horror", "Western"};
  for (int u = 0; u < users; ++u) set->user_ids.add(std::to_string(u));
  set->movie_info.reserve(static_cast<std::size_t>(movies));
  for (int m = 0; m < movies; ++m) {
    set->movie_ids.add(std::to_string(m));
    set->movie_info.push_back({"The film with number " + std::to_string(m), {m * 7 % 11 % 9}});
  }
  return set;
}

std::shared_ptr<Frame> make_frame(RatingSetPtr set, std::size_t factors) {
  auto frame = std::make_shared<Frame>();
  frame->run = 1;
  frame->state = RunState::Playing;
  frame->settings.factors = factors;
  Random random(5, 1);
  const auto counts = [&](std::size_t rows) {
    auto all = std::make_shared<RowCounts>(rows);
    for (std::uint32_t& count : *all) count = random.below(1000);
    return all;
  };
  frame->user_counts = counts(set->user_count());
  frame->movie_counts = counts(set->movie_count());
  frame->loss = std::make_shared<LossHistory>();
  frame->ratings = std::move(set);
  return frame;
}

/// A cloud that is dense in the middle, in a few states of its movement.
std::vector<std::shared_ptr<const Projection>> moving_cloud(std::size_t points, int states) {
  std::vector<std::shared_ptr<const Projection>> all;
  for (int s = 0; s < states; ++s) {
    Random random(3, 1);  // the same points in each state
    auto projection = std::make_shared<Projection>();
    projection->coordinates = Matrix(points, 2);
    const float t = 0.02F * static_cast<float>(s);
    for (std::size_t r = 0; r < points; ++r) {
      const float x = random.truncated_normal(0.5) + 0.6F * random.truncated_normal(0.5);
      const float y = random.truncated_normal(0.35);
      projection->coordinates(r, 0) = x + t * y;
      projection->coordinates(r, 1) = y - t * x;
    }
    projection->variance_share = {0.23, 0.11};
    projection->batch = static_cast<std::uint64_t>(s);
    all.push_back(std::move(projection));
  }
  return all;
}

struct Scale {
  std::size_t points;
  int frames;
};

/// Points that move, the mouse over them, clicks, zoom and pan.
ordered_json measure_scatter(Meter& meter, Scale scale) {
  Workbench workbench;
  PcaPanel panel(&workbench);
  panel.resize(window_size);
  panel.show();
  const auto first = make_frame(make_set(1, static_cast<int>(scale.points)), 2);
  const auto states = moving_cloud(scale.points, 4);
  PcaView& view = *panel.view();
  const auto shown = [&] { return view.upToDate(); };
  std::uint64_t sequence = 0;
  const auto present = [&] {
    auto frame = std::make_shared<Frame>(*first);
    frame->sequence = ++sequence;
    frame->projection = states[sequence % states.size()];
    workbench.present(std::move(frame));
  };
  meter.busy(present, shown);
  std::vector<double> moving;
  std::vector<double> interval;  // from frame to frame when each is waited for: how often the picture can move
  for (int i = 0; i < scale.frames; ++i) {
    const auto start = Clock::now();
    moving.push_back(meter.busy(present, shown));
    interval.push_back(ms_since(start));
  }

  Random random(9, 1);
  const auto somewhere = [&] {
    const double x = view.width() * (0.5 + 0.3 * static_cast<double>(random.truncated_normal(0.5)));
    const double y = view.height() * (0.5 + 0.2 * static_cast<double>(random.truncated_normal(0.5)));
    return QPointF(x, y);
  };
  const auto mouse = [&](QEvent::Type type, QPointF at, Qt::MouseButton button, Qt::MouseButtons held) {
    QMouseEvent event(type, at, view.mapToGlobal(at), button, held, Qt::NoModifier);
    QApplication::sendEvent(&view, &event);
  };
  std::vector<double> hover;
  std::vector<double> select;
  std::vector<double> pan;
  for (int i = 0; i < 200; ++i) {
    const QPointF at = somewhere();
    hover.push_back(meter.busy([&] { mouse(QEvent::MouseMove, at, Qt::NoButton, Qt::NoButton); }, shown));
  }
  for (int i = 0; i < 100; ++i) {
    const QPointF at = somewhere();
    select.push_back(meter.busy(
        [&] {
          mouse(QEvent::MouseButtonPress, at, Qt::LeftButton, Qt::LeftButton);
          mouse(QEvent::MouseButtonRelease, at, Qt::LeftButton, Qt::NoButton);
        },
        shown));
  }
  const QPointF middle = QRectF(view.rect()).center();
  mouse(QEvent::MouseButtonPress, middle, Qt::LeftButton, Qt::LeftButton);
  for (int i = 1; i <= std::min(scale.frames, 50); ++i) {
    const QPointF at = middle + QPointF(3 * i, i);
    pan.push_back(meter.busy([&] { mouse(QEvent::MouseMove, at, Qt::NoButton, Qt::LeftButton); }, shown));
  }
  mouse(QEvent::MouseButtonRelease, middle, Qt::LeftButton, Qt::NoButton);
  return {{"points", scale.points},     {"moving_ms", summary(moving)}, {"moving_interval_ms", summary(interval)},
          {"hover_ms", summary(hover)}, {"select_ms", summary(select)}, {"pan_ms", summary(pan)}};
}

/// From a frame with other ratings to the painted picture.
ordered_json measure_show(Meter& meter, Scale scale) {
  const auto first = make_frame(make_set(1, static_cast<int>(scale.points)), 2);
  first->projection = moving_cloud(scale.points, 1).front();
  std::vector<double> wall;
  std::vector<double> busy;
  for (int i = 0; i < scale.frames; ++i) {
    Workbench workbench;
    PcaPanel panel(&workbench);
    panel.resize(window_size);
    const auto start = Clock::now();
    busy.push_back(meter.busy(
        [&] {
          panel.show();
          workbench.present(first);
        },
        [&] { return panel.view()->showsLastFrame(); }));
    wall.push_back(ms_since(start));
  }
  return {{"points", scale.points}, {"wall_ms", summary(wall)}, {"gui_ms", summary(busy)}};
}

/// Scrolling a table of which an engine that answers at once gives the rows in view.
ordered_json measure_table(Meter& meter, int rows, std::size_t factors, int frames) {
  Workbench workbench;
  TablePanel panel(Table::Movies, &workbench);
  panel.resize(window_size);
  std::vector<std::int32_t> watched;
  bool asked = false;
  QObject::connect(&workbench, &Workbench::commandSent, &panel, [&](const Command& command) {
    if (const auto* watch = std::get_if<Watch>(&command)) {
      watched = watch->rows;
      asked = true;
    }
  });
  const auto base = make_frame(make_set(1, rows), factors);
  std::uint64_t batch = 0;
  const auto answer = [&] {
    asked = false;
    auto frame = std::make_shared<Frame>(*base);
    WatchedRows& out = frame->movies;
    out.rows = watched;
    out.factors = Matrix(watched.size(), factors);
    for (std::size_t i = 0; i < watched.size(); ++i) {
      Random random(static_cast<std::uint64_t>(watched[i]), batch);
      for (float& x : out.factors.row(i)) x = random.truncated_normal(0.2);
      out.bias.push_back(random.truncated_normal(0.2));
    }
    out.touch.assign(watched.size(), RowTouch::None);
    out.last_lookup.assign(watched.size(), batch);
    out.standard_deviation = 0.2F;
    return frame;
  };
  panel.show();
  meter.busy([&] { workbench.present(answer()); });
  QScrollBar* bar = panel.view()->verticalScrollBar();
  // What scrolling to a place costs until the values of its rows are painted.
  const auto scroll = [&](int to) {
    double ms = meter.busy([&] { bar->setValue(to); });
    while (asked) {
      const FramePtr frame = answer();
      ms += meter.busy([&] { workbench.present(frame); });
    }
    return ms;
  };
  std::vector<double> smooth;
  std::vector<double> pages;
  std::vector<double> jumps;
  std::vector<double> playing;
  for (int i = 0; i < frames; ++i) smooth.push_back(scroll(bar->value() + 60));
  for (int i = 0; i < frames; ++i) pages.push_back(scroll(bar->value() + bar->pageStep()));
  Random random(7, 1);
  for (int i = 0; i < frames; ++i) {
    jumps.push_back(scroll(static_cast<int>(random.below(static_cast<std::uint32_t>(bar->maximum())))));
  }
  for (int i = 0; i < frames; ++i) {  // every row in view moves while it is scrolled
    ++batch;
    const FramePtr frame = answer();
    const double moved = meter.busy([&] { workbench.present(frame); });
    playing.push_back(moved + scroll(bar->value() + 60));
  }
  return {{"rows", rows},
          {"factors", factors},
          {"smooth_ms", summary(smooth)},
          {"pages_ms", summary(pages)},
          {"jumps_ms", summary(jumps)},
          {"playing_ms", summary(playing)}};
}

/// The loss chart of a run that has seen `batches` and goes on.
ordered_json measure_loss(Meter& meter, std::uint64_t batches, int frames) {
  Workbench workbench;
  LossPanel panel(&workbench);
  panel.resize(window_size);
  panel.show();
  LossCurve curve;
  Random random(11, 1);
  const auto train = [&](std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const double t = static_cast<double>(curve.batches()) / static_cast<double>(batches);
      curve.add(0.7 + std::exp(-6 * t) + 0.2 * static_cast<double>(random.truncated_normal(0.5)));
    }
  };
  train(batches);
  const auto base = make_frame(make_set(1, 10), 2);
  base->progress.batches_per_epoch = static_cast<std::size_t>(batches);
  base->settings.epochs = 2;
  std::vector<double> gui;
  std::vector<double> engine;  // copying the history into the frame
  for (int i = 0; i < frames; ++i) {
    train(100);
    const auto start = Clock::now();
    auto frame = std::make_shared<Frame>(*base);
    frame->loss = std::make_shared<LossHistory>(LossHistory{curve.points(), {}});
    engine.push_back(ms_since(start));
    // refresh(): as if the tenth of a second had passed that lies between two updates.
    gui.push_back(meter.busy([&] {
      workbench.present(std::move(frame));
      panel.refresh();
    }));
  }
  return {{"batches", batches}, {"update_ms", summary(gui)}, {"history_ms", summary(engine)}};
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> wanted;
  int brief = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--brief") {
      brief = 10;
    } else if (argument == "--dpr" && i + 1 < argc) {
      qputenv("QT_SCALE_FACTOR", argv[++i]);
    } else if (argument == "scatter" || argument == "show" || argument == "table" || argument == "loss") {
      wanted.push_back(argument);
    } else {
      std::fprintf(stderr, "usage: %s [--dpr N] [--brief] [scatter|show|table|loss]...\n", argv[0]);
      return 2;
    }
  }
  if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  Meter meter(argc, argv);
  applyTheme(meter, Theme::Light);
  const auto wants = [&](const char* part) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), part) != wanted.end();
  };
  ordered_json report{{"platform", QApplication::platformName().toStdString()},
                      {"device_pixel_ratio", meter.devicePixelRatio()},
                      {"width", window_size.width()},
                      {"height", window_size.height()}};
  const Scale scales[] = {{1'682, 500 / brief}, {26'744, 500 / brief}, {1'000'000, 100 / brief}};
  if (wants("scatter")) {
    for (const Scale& scale : scales) report["scatter"].push_back(measure_scatter(meter, scale));
  }
  if (wants("show")) {
    for (const Scale& scale : scales) report["first_show"].push_back(measure_show(meter, {scale.points, 5}));
  }
  if (wants("table")) report["table"] = measure_table(meter, 1'000'000, 128, 300 / brief);
  if (wants("loss")) {
    for (const std::uint64_t batches : {10'000ULL, 10'000'000ULL}) {
      report["loss"].push_back(measure_loss(meter, batches, 200 / brief));
    }
  }
  std::printf("%s\n", report.dump(2).c_str());
  return 0;
}
