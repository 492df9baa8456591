#include "app/tour.h"

#include <QDir>
#include <QEventLoop>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

#include "app/frame_meter.h"
#include "app/main_window.h"
#include "core/train/lookup_view.h"
#include "ui/common/palette.h"
#include "ui/common/rail.h"
#include "ui/common/workbench.h"

namespace rowlight {

namespace {

constexpr qint64 measuredMs = 5000;
constexpr int settleMs = 250;       // panels that update less often than the frames come catch up in this time
constexpr int manyEpochs = 100000;  // so that the measured run does not end by itself, but on the smallest files
constexpr int lookMs = 1000;        // between two looks at the last sign of life
constexpr qint64 mostSilentMs = 60000;
constexpr int stuckExitCode = 1;
constexpr double shortestPause = 1;  // ms: shorter bursts do nothing that one could see
constexpr int shownLookupStep = static_cast<int>(LookupStep::Compare);

/// Nearest-rank percentile. Pre: not empty, sorted.
double percentile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

/// Lets the window work on for a while.
void waitMs(int ms) {
  QEventLoop loop;
  QTimer::singleShot(ms, &loop, &QEventLoop::quit);
  loop.exec();
}

/// Pre: sorted.
QJsonObject summary(const std::vector<double>& sorted) {
  if (sorted.empty()) return {};
  return {{"p50", percentile(sorted, 0.5)}, {"p99", percentile(sorted, 0.99)}, {"max", sorted.back()}};
}

/// A measurement that is done in some seconds.
CostOptions briefCost() {
  CostOptions options;
  options.rows = cost_rows_up_to(1'000'000);
  options.time_per_value = std::chrono::milliseconds(10);
  options.longest_run = std::chrono::milliseconds(1000);
  options.bandwidth_bytes = 128ULL << 20U;
  return options;
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return percentile(values, 0.5);
}

}  // namespace

Tour::Tour(MeteredApplication& application, MainWindow& window, QString directory)
    : application_(application), window_(window), directory_(std::move(directory)) {
  connect(&window_.workbench(), &Workbench::presented, this, &Tour::present);
  connect(&window_, &MainWindow::openFailed, this,
          [this](const QString& sentence) { quit(sentence, window_.lastErrorExitCode()); });
  connect(&window_, &MainWindow::loadProgressed, this, [this] { lastSign_.start(); });
  window_.askToDiscard = [](const QString&) { return true; };  // nobody is there to answer
  lastSign_.start();
  auto* look = new QTimer(this);
  connect(look, &QTimer::timeout, this, &Tour::watch);
  look->start(lookMs);
}

void Tour::watch() {
  if (stage_ == Stage::Done || lastSign_.elapsed() < mostSilentMs) return;
  quit(tr("the tour has come to a stop: nothing was heard of the training for a minute"), stuckExitCode);
}

void Tour::present(const Frame& frame) {
  if (stage_ == Stage::Done) return;
  lastSign_.start();
  if (frame.error) {  // training diverged, or the engine refused the ratings or a command
    quit(QString::fromStdString(frame.error->message()), frame.error->exit_code());
    return;
  }
  switch (stage_) {
    case Stage::WaitForData:
      if (frame.ratings && window_.firstFramePainted()) beginMeasuring(frame);
      break;
    case Stage::Measure:
      ++framesShown_;
      if (frame.progress.ratings_per_second > 0) rates_.push_back(frame.progress.ratings_per_second);
      break;
    case Stage::StartOver:
      if (frame.state == RunState::Paused && frame.settings == settings_ && frame.progress.batches_done == 0) {
        stage_ = Stage::TrainToEnd;
        window_.workbench().send(Play{StepUnit::Batch, 0});
      }
      break;
    case Stage::TrainToEnd:
      if (frame.state == RunState::Finished) {
        stage_ = Stage::MeasureCost;
        window_.workbench().send(MeasureCost{briefCost()});
      }
      break;
    case Stage::MeasureCost:
      if (frame.cost && !frame.cost->running) finish();
      break;
    case Stage::Done: break;
  }
}

void Tour::beginMeasuring(const Frame& frame) {
  firstFrameMs_ = window_.firstFrameMs();
  settings_ = frame.settings;
  dataName_ = QString::fromStdString(frame.ratings->name);
  target_ = QString::fromUtf8(frame.simd_target.data(), static_cast<qsizetype>(frame.simd_target.size()));
  window_.showPage(Page::Train);
  trains_ = frame.viewed == nullptr;  // factors that were trained elsewhere are shown at rest
  if (trains_) {
    TrainSettings endless = settings_;
    endless.epochs = manyEpochs;
    window_.workbench().send(Configure{endless});
    window_.workbench().send(Play{StepUnit::Batch, 0});
  }
  stage_ = Stage::Measure;
  stageTimer_.start();
  application_.startMeasuring();
  // By the clock and not by a frame: after the end of a run none comes.
  QTimer::singleShot(measuredMs, this, &Tour::endMeasuring);
}

void Tour::endMeasuring() {
  if (stage_ != Stage::Measure) return;
  measuredSeconds_ = static_cast<double>(stageTimer_.elapsed()) / 1000.0;
  // This call is itself inside a burst; what was collected until now is complete.
  busyMs_ = application_.stopMeasuring();
  if (!trains_) {
    stage_ = Stage::MeasureCost;
    window_.workbench().send(MeasureCost{briefCost()});
    return;
  }
  window_.workbench().send(Pause{});
  window_.workbench().send(Configure{settings_});
  window_.workbench().send(Reset{});
  stage_ = Stage::StartOver;
}

void Tour::finish() {
  stage_ = Stage::Done;
  QTimer::singleShot(2 * settleMs, this, [this] {
    if (!takePictures() || !writeReport()) {
      const Error error{ErrorKind::Io, "cannot write into the folder", {}, directory_.toStdString(), 0, 0};
      quit(QString::fromStdString(error.message()), error.exit_code());
      return;
    }
    QCoreApplication::exit(0);
  });
}

bool Tour::takePictures() {
  if (!QDir().mkpath(directory_)) return false;
  const std::pair<Theme, const char*> themes[] = {{Theme::Light, "light"}, {Theme::Dark, "dark"}};
  const std::pair<Page, const char*> pages[] = {
      {Page::Lookup, "lookup"}, {Page::Train, "train"}, {Page::Explore, "explore"}, {Page::Cost, "cost"}};
  for (const auto& [theme, themeName] : themes) {
    applyTheme(application_, theme);
    for (const auto& [page, pageName] : pages) {
      window_.showPage(page);
      if (page == Page::Lookup) window_.workbench().send(SeekLookup{shownLookupStep});
      waitMs(settleMs);
      const QString file = QStringLiteral("%1/%2-%3.png").arg(directory_, pageName, themeName);
      if (!window_.grab().save(file)) return false;
    }
  }
  return true;
}

bool Tour::writeReport() {
  std::ranges::sort(busyMs_);
  // Most wake-ups do next to nothing and hide the rest in a percentile: those that a person could notice stand apart.
  const std::vector<double> longMs(std::ranges::lower_bound(busyMs_, shortestPause), busyMs_.end());
  const double busy = std::accumulate(busyMs_.begin(), busyMs_.end(), 0.0);
  const QJsonObject report{{"frame_ms", summary(busyMs_)},
                           {"bursts", static_cast<qint64>(busyMs_.size())},
                           {"long_burst_ms", summary(longMs)},
                           {"long_bursts", static_cast<qint64>(longMs.size())},
                           {"busy_share", busy / 1000.0 / measuredSeconds_},
                           {"busy_ms_per_frame", framesShown_ > 0 ? busy / static_cast<double>(framesShown_) : 0},
                           {"frames_per_second", static_cast<double>(framesShown_) / measuredSeconds_},
                           {"first_frame_ms", firstFrameMs_},
                           {"ratings_per_second", median(rates_)},
                           {"data", dataName_},
                           {"target", target_},
                           {"platform", QGuiApplication::platformName()}};
  QFile file(directory_ + QStringLiteral("/tour.json"));
  if (!file.open(QIODevice::WriteOnly)) return false;
  const QByteArray text = QJsonDocument(report).toJson();
  return file.write(text) == text.size();
}

void Tour::quit(const QString& error, int exitCode) {
  stage_ = Stage::Done;
  std::fprintf(stderr, "%s\n", qUtf8Printable(error));
  QCoreApplication::exit(exitCode);
}

}  // namespace rowlight
