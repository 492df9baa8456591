#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTest>

#include "tests/support/shell_frames.h"
#include "ui/train/settings_drawer.h"

using namespace rowlight;
using namespace rowlight::test;

class TestSettingsDrawer : public QObject {
  Q_OBJECT

  struct Drawer {
    Drawer() : widget(&workbench), sent(workbench) {
      widget.resize(340, 900);
      widget.show();
      widget.setQuestion([this](QWidget*, std::uint64_t batches) {
        ++questions;
        asked_about = batches;
        return answer;
      });
    }
    template <class T>
    T* find(const char* name) {
      return widget.findChild<T*>(QLatin1String(name));
    }
    void type(const char* name, const char* text) {
      auto* edit = find<QLineEdit>(name);
      edit->selectAll();
      QTest::keyClicks(edit, QLatin1String(text));
    }
    bool canApply() { return find<QPushButton>("settingsApply")->isEnabled(); }

    Workbench workbench;
    SettingsDrawer widget;
    SentCommands sent;
    int questions = 0;
    std::uint64_t asked_about = 0;
    bool answer = false;
  };

  static Frame untrained() {
    Frame frame = shellFrame();
    frame.progress.batches_done = 0;
    return frame;
  }

 private slots:
  void everySettingComesBackUnchanged() {
    Drawer drawer;
    TrainSettings odd;
    odd.mode = TrainMode::Fast;
    odd.fast = {0.75, 1.0 / 3};
    odd.model = ModelKind::Dot;
    odd.factors = 17;
    odd.range_mode = RangeMode::Given;
    odd.range_low = 0.1F;
    odd.range_high = 5.3F;
    odd.epochs = 1234;
    odd.batch_size = 4097;
    odd.optimizer = {OptimizerKind::Sgd, 1.0 / 3, 0.9, 0.81, 0.999, 1e-11, 0.0123456789012345};
    odd.schedule = ScheduleKind::Constant;
    odd.valid_share = 0.15;
    odd.seed = 18446744073709551615ULL;
    odd.threads = 3;
    drawer.widget.setSettings(odd);
    QVERIFY(drawer.widget.settings() == odd);
    drawer.widget.setSettings(TrainSettings{});
    QVERIFY(drawer.widget.settings() == TrainSettings{});
  }

  void followsTheFrameUntilEdited() {
    Drawer drawer;
    Frame frame = untrained();
    frame.settings.factors = 8;
    present(drawer.workbench, frame);
    QCOMPARE(drawer.find<QSpinBox>("settingFactors")->value(), 8);
    QVERIFY(!drawer.widget.edited() && !drawer.canApply());
    drawer.find<QSpinBox>("settingFactors")->setValue(12);
    QVERIFY(drawer.widget.edited() && drawer.canApply());
    frame.settings.seed = 7;
    present(drawer.workbench, frame);
    QCOMPARE(drawer.find<QSpinBox>("settingFactors")->value(), 12);
    drawer.widget.discard();
    QCOMPARE(drawer.find<QSpinBox>("settingFactors")->value(), 8);
    QCOMPARE(drawer.find<QLineEdit>("settingSeed")->text(), QStringLiteral("7"));
    QVERIFY(!drawer.widget.edited());
  }

  void applySendsTheSettings() {
    Drawer drawer;
    present(drawer.workbench, untrained());
    drawer.type("settingLearningRate", "0.02");
    QTest::mouseClick(drawer.find<QPushButton>("settingsApply"), Qt::LeftButton);
    QVERIFY(drawer.sent.last<Configure>());
    QCOMPARE(drawer.sent.last<Configure>()->settings.optimizer.learning_rate, 0.02);
    QCOMPARE(drawer.questions, 0);
  }

  void asksBeforeTrainedStateIsThrownAway() {
    Drawer drawer;
    present(drawer.workbench, shellFrame());
    drawer.find<QSpinBox>("settingFactors")->setValue(12);
    drawer.widget.apply();
    QCOMPARE(drawer.questions, 1);
    QCOMPARE(drawer.asked_about, std::uint64_t{1560});
    QVERIFY(drawer.sent.all.empty());
    drawer.answer = true;
    drawer.widget.apply();
    QVERIFY(drawer.sent.last<Configure>());
  }

  void moreEpochsLoseNothingAndAreNotAskedAbout() {
    Drawer drawer;
    Frame frame = shellFrame();
    frame.settings.schedule = ScheduleKind::Constant;
    present(drawer.workbench, frame);
    drawer.find<QSpinBox>("settingEpochs")->setValue(9);
    QCOMPARE(drawer.find<QPushButton>("settingsApply")->text(), QStringLiteral("&Apply"));
    drawer.widget.apply();
    QCOMPARE(drawer.questions, 0);
    QCOMPARE(drawer.sent.last<Configure>()->settings.epochs, 9);
  }

  void moreEpochsOfAOneCycleRunStartItOver() {
    Drawer drawer;
    Frame frame = untrained();
    frame.settings.schedule = ScheduleKind::OneCycle;
    present(drawer.workbench, frame);
    drawer.find<QSpinBox>("settingEpochs")->setValue(9);
    QCOMPARE(drawer.find<QPushButton>("settingsApply")->text(), QStringLiteral("&Apply"));
    frame.progress.batches_done = 3;
    present(drawer.workbench, frame);
    QCOMPARE(drawer.find<QPushButton>("settingsApply")->text(), QStringLiteral("&Apply and start over"));
    drawer.widget.apply();
    QCOMPARE(drawer.questions, 1);
  }

  void everyModelAndOptimizerCanBeChosen() {
    for (const ModelKind model : model_kinds) {
      for (const OptimizerKind optimizer : optimizer_kinds) {
        Frame frame = untrained();
        frame.settings.model = model;
        frame.settings.optimizer = default_optimizer(optimizer);
        Drawer drawer;
        present(drawer.workbench, frame);
        QCOMPARE(drawer.widget.settings(), std::optional(frame.settings));
        QVERIFY(!drawer.find<QComboBox>("settingModel")->currentText().isEmpty());
        QVERIFY(!drawer.find<QComboBox>("settingOptimizer")->currentText().isEmpty());
      }
    }
  }

  void threadsAreChosenWithoutStartingOver() {
    Drawer drawer;
    present(drawer.workbench, shellFrame());
    auto* threads = drawer.find<QSpinBox>("settingThreads");
    QCOMPARE(threads->value(), 1);
    threads->setValue(3);
    drawer.widget.apply();
    QCOMPARE(drawer.questions, 0);
    QCOMPARE(drawer.sent.last<Configure>()->settings.threads, 3U);
    threads->setValue(5000);
    QCOMPARE(threads->value(), 1024);
  }

  void problemsStandUnderTheirField() {
    Drawer drawer;
    present(drawer.workbench, untrained());
    drawer.type("settingLearningRate", "0,5");
    auto* problem = drawer.find<QLabel>("settingLearningRateProblem");
    QVERIFY(problem->isVisible());
    QVERIFY(problem->text().contains(QStringLiteral("0,5")) && problem->text().endsWith(u'.'));
    QVERIFY(!drawer.canApply());
    drawer.type("settingLearningRate", "-1");
    QVERIFY(problem->isVisible() && problem->text().contains(QStringLiteral("learning rate")));
    QVERIFY(!drawer.canApply());
    QVERIFY(!drawer.find<QLabel>("settingFactorsProblem")->isVisible());
    drawer.type("settingLearningRate", "0.5");
    QVERIFY(!problem->isVisible() && drawer.canApply());
  }

  void aProblemOfTwoFieldsIsShownSomewhere() {
    Drawer drawer;
    present(drawer.workbench, untrained());
    drawer.find<QComboBox>("settingRange")->setCurrentIndex(2);
    drawer.type("settingRangeLow", "5");
    drawer.type("settingRangeHigh", "1");
    QVERIFY(!drawer.canApply());
    QStringList shown;
    for (const QLabel* label : drawer.widget.findChildren<QLabel*>()) {
      if (label->objectName().endsWith(QStringLiteral("Problem")) && label->isVisible()) shown << label->text();
    }
    QVERIFY(!shown.isEmpty());
    QVERIFY(shown.front().contains(QStringLiteral("range")));
  }

  void onlyFieldsThatApplyAreShown() {
    Drawer drawer;
    present(drawer.workbench, untrained());
    QVERIFY(drawer.find<QLineEdit>("settingBeta1")->isVisible());
    QVERIFY(!drawer.find<QLineEdit>("settingMomentum")->isVisible());
    QVERIFY(!drawer.find<QLineEdit>("settingRangeLow")->isVisible());
    drawer.find<QComboBox>("settingOptimizer")->setCurrentIndex(0);
    QVERIFY(!drawer.find<QLineEdit>("settingBeta1")->isVisible());
    QVERIFY(drawer.find<QLineEdit>("settingMomentum")->isVisible());
    // The default of weight decay goes with the optimizer.
    QCOMPARE(drawer.find<QLineEdit>("settingWeightDecay")->text(), QStringLiteral("0"));
    drawer.find<QComboBox>("settingRange")->setCurrentIndex(2);
    QVERIFY(drawer.find<QLineEdit>("settingRangeLow")->isVisible());
  }

  void modeFastHasFieldsOfItsOwn() {
    Drawer drawer;
    present(drawer.workbench, untrained());
    QVERIFY(!drawer.find<QLineEdit>("settingFastStep")->isVisible());
    drawer.find<QComboBox>("settingMode")->setCurrentIndex(1);
    for (const char* name : {"settingFastStep", "settingFastRegularisation", "settingSeed"}) {
      QVERIFY2(drawer.find<QLineEdit>(name)->isVisible(), name);
    }
    for (const char* name : {"settingLearningRate", "settingWeightDecay", "settingBeta1"}) {
      QVERIFY2(!drawer.find<QLineEdit>(name)->isVisible(), name);
    }
    QVERIFY(!drawer.find<QSpinBox>("settingBatchSize")->isVisible());
    for (const char* name : {"settingRange", "settingOptimizer", "settingSchedule"}) {
      QVERIFY2(!drawer.find<QComboBox>(name)->isVisible(), name);
    }
    QVERIFY(drawer.canApply());
    drawer.type("settingFastStep", "2.5");
    QVERIFY(!drawer.canApply());
    QVERIFY(drawer.find<QLabel>("settingFastStepProblem")->isVisible());
    QVERIFY(drawer.find<QLabel>("settingFastStepProblem")->text().contains(QStringLiteral("step length")));
    drawer.type("settingFastStep", "0.5");
    drawer.answer = true;
    drawer.widget.apply();
    QVERIFY(drawer.sent.last<Configure>());
    QCOMPARE(drawer.sent.last<Configure>()->settings.mode, TrainMode::Fast);
    QCOMPARE(drawer.sent.last<Configure>()->settings.fast.step, 0.5);
  }

  void whatModeFastRefusesStaysInSight() {
    Drawer drawer;
    Frame frame = untrained();
    frame.settings.range_mode = RangeMode::Given;
    frame.settings.range_low = 1;
    frame.settings.range_high = 5;
    present(drawer.workbench, frame);
    drawer.find<QComboBox>("settingMode")->setCurrentIndex(1);
    QVERIFY(!drawer.canApply());
    QVERIFY(drawer.find<QComboBox>("settingRange")->isVisible());
    QVERIFY(drawer.find<QLabel>("settingRangeProblem")->isVisible());
    drawer.find<QComboBox>("settingRange")->setCurrentIndex(0);
    QVERIFY(drawer.canApply());
  }

  void aHiddenFieldCannotBlock() {
    Drawer drawer;
    present(drawer.workbench, untrained());
    drawer.type("settingBeta1", "x");
    QVERIFY(!drawer.canApply());
    drawer.find<QComboBox>("settingOptimizer")->setCurrentIndex(0);
    QVERIFY(drawer.canApply());
  }
};

QTEST_MAIN(TestSettingsDrawer)
#include "test_settings_drawer.moc"
