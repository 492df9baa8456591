#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QString>

#include <vector>

#include "core/train/frame.h"

namespace rowlight {

class MainWindow;
class MeteredApplication;

/// `rowlight --tour DIR`: measures the GUI thread while training at full speed, trains the run to its end, measures
/// lookup against one-hot, takes a picture of every page in both themes, writes tour.json and quits the application
/// with an exit code. Where nothing comes from the engine or a reader for a minute it gives up.
class Tour : public QObject {
  Q_OBJECT

 public:
  Tour(MeteredApplication& application, MainWindow& window, QString directory);

 private:
  void present(const Frame& frame);
  void beginMeasuring(const Frame& frame);
  void endMeasuring();
  void finish();
  bool takePictures();
  bool writeReport();
  void quit(const QString& error, int exitCode);
  void watch();

  enum class Stage { WaitForData, Measure, StartOver, TrainToEnd, MeasureCost, Done };

  MeteredApplication& application_;
  MainWindow& window_;
  QString directory_;
  QElapsedTimer stageTimer_;
  QElapsedTimer lastSign_;  // of life
  Stage stage_ = Stage::WaitForData;
  TrainSettings settings_;
  bool trains_ = true;  // of the run to show
  double firstFrameMs_ = -1;
  std::vector<double> busyMs_;
  std::vector<double> rates_;
  std::uint64_t framesShown_ = 0;
  double measuredSeconds_ = 0;
  QString dataName_;
  QString target_;
};

}  // namespace rowlight
