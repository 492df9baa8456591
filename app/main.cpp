// rowlight: the desktop program.

#include <QElapsedTimer>
#include <QTimer>

#include <cstdio>
#include <optional>
#include <thread>

#include <CLI/CLI.hpp>

#include "app/cli/training_options.h"
#include "app/frame_meter.h"
#include "app/main_window.h"
#include "app/tour.h"
#include "ui/common/palette.h"

namespace {

using namespace rowlight;

struct Arguments {
  std::string file;
  std::string page;
  std::string theme;
  std::string tour;
  double scale = 0;
  std::uint64_t seed = TrainSettings{}.seed;
  unsigned threads = 0;  // 0: all cores but one, which stays free for the window
  std::string target = "auto";
  cli::TrainingArguments training;
};

/// Reads the command line; nothing where the program is to end with `exitCode`.
std::optional<Arguments> parse(int argc, char** argv, int& exitCode) {
  Arguments arguments;
  CLI::App app("Rowlight: see what an embedding layer really does", "rowlight");
  app.set_version_flag("--version", std::string(ROWLIGHT_VERSION));
  app.add_option("FILE", arguments.file, "Rating file or folder to open (default: the built-in sample)");
  app.add_option("--page", arguments.page, "lookup, train, explore or cost")
      ->check(CLI::IsMember({"lookup", "train", "explore", "cost"}));
  app.add_option("--theme", arguments.theme, "light or dark")->check(CLI::IsMember({"light", "dark"}));
  app.add_option("--scale", arguments.scale, "Size of everything, 1 is normal")->check(CLI::Range(0.5, 4.0));
  app.add_option("--tour", arguments.tour, "Write pictures of every page and tour.json to this folder, then quit");
  app.add_option("--seed", arguments.seed, "Seed of all random numbers (default: 42)");
  cli::add_machine_options(app, arguments.threads, arguments.target, "all cores but one");
  cli::add_training_options(app, arguments.training);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    constexpr int wrongUsage = 2;
    exitCode = app.exit(error) == 0 ? 0 : wrongUsage;
    return {};
  }
  return arguments;
}

unsigned allCoresButOne() {
  const unsigned cores = std::thread::hardware_concurrency();
  return cores > 1 ? cores - 1 : 1;
}

void choosePage(MainWindow& window, const std::string& name) {
  const std::pair<const char*, Page> pages[] = {
      {"lookup", Page::Lookup}, {"train", Page::Train}, {"explore", Page::Explore}, {"cost", Page::Cost}};
  for (const auto& [text, page] : pages) {
    if (name == text) window.showPage(page);
  }
}

}  // namespace

// What could throw past here is a failed allocation.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
  QElapsedTimer sinceStart;
  sinceStart.start();
  int exitCode = 0;
  const auto arguments = parse(argc, argv, exitCode);
  if (!arguments) return exitCode;
  auto settings = arguments->training.resolved();
  if (!settings) {
    std::fprintf(stderr, "%s\n", settings.error().message().c_str());
    return settings.error().exit_code();
  }
  if (const auto chosen = cli::choose_target(arguments->target); !chosen) {
    std::fprintf(stderr, "%s\n", chosen.error().message().c_str());
    return chosen.error().exit_code();
  }
  settings->seed = arguments->seed;
  settings->threads = arguments->threads != 0 ? arguments->threads : allCoresButOne();
  if (arguments->scale > 0) qputenv("QT_SCALE_FACTOR", QByteArray::number(arguments->scale));

  MeteredApplication application(argc, argv);
  QCoreApplication::setOrganizationName(QStringLiteral("Rowlight"));
  QCoreApplication::setApplicationName(QStringLiteral("Rowlight"));
  QCoreApplication::setApplicationVersion(QStringLiteral(ROWLIGHT_VERSION));
  // A tour shows the program as it is on a first start, and leaves no trace in the person's settings.
  const bool remembers = arguments->tour.empty();
  MainWindow window(*settings, sinceStart, remembers ? MainWindow::Memory::Keep : MainWindow::Memory::None);
  if (!arguments->theme.empty()) window.chooseTheme(QString::fromStdString(arguments->theme));
  choosePage(window, arguments->page);
  std::optional<Tour> tour;
  if (!arguments->tour.empty()) {
    tour.emplace(application, window, QString::fromStdString(arguments->tour));
  }
  window.show();
  if (arguments->file.empty()) {
    window.openSample();
  } else {
    window.open(QString::fromStdString(arguments->file));
  }
  return QApplication::exec();
}
