#include <QAccessible>
#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QTableWidget>
#include <QTest>
#include <QVBoxLayout>

#include <cmath>

#include "core/ratings/sample.h"
#include "tests/support/lookup_views.h"
#include "ui/common/transport_bar.h"
#include "ui/lookup/code_dialog.h"
#include "ui/lookup/lane_view.h"
#include "ui/lookup/lookup_page.h"
#include "ui/lookup/step_strip.h"

using namespace rowlight;
using namespace rowlight::test;

class TestLookupPage : public QObject {
  Q_OBJECT

  /// Page and transport over an engine.
  struct Window : QWidget {
    explicit Window(bool live = false)
        : page(new LookupPage(&bench.workbench)), bar(new TransportBar(&bench.workbench)) {
      if (live) bench.workbench.send(InstallRatings{make_sample(), {}, {}, {}, {}});
      auto* layout = new QVBoxLayout(this);
      layout->addWidget(page, 1);
      layout->addWidget(bar);
      page->lanes()->setReducedMotion(true);
      bar->setPace(StepUnit::Operation, 0);
      resize(1280, 760);
      show();
      activateWindow();
      [[maybe_unused]] const bool active = QTest::qWaitForWindowActive(this);
      bench.run();
    }
    ~Window() override { delete page; }  // it talks to the workbench until its end
    template <class T>
    T* find(const char* name) {
      return findChild<T*>(QLatin1String(name));
    }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = {}, std::uint64_t units = 1) {
      QTest::keyClick(focusWidget() ? focusWidget() : this, key, modifiers);
      bench.run(units);
    }
    void enter(const char* name, const QString& text) {
      auto* edit = find<QLineEdit>(name);
      edit->setFocus();
      edit->setText(text);
      QTest::keyClick(edit, Qt::Key_Return);
      bench.run();
    }
    [[nodiscard]] QString sentence() { return find<QLabel>("lookupSentence")->text(); }
    [[nodiscard]] float weight(std::size_t row, std::size_t column) { return bench.view().weight(row, column); }

    Bench bench;
    LookupPage* page;
    TransportBar* bar;
  };

 private slots:
  void aWholePassByKeyboard() {
    Window window;
    QVERIFY(window.page->lanes()->hasFocus());
    QCOMPARE(window.bench.view().shown_step, 0);
    QStringList sentences;
    for (int step = 1; step <= lookup_step_count; ++step) {
      window.press(Qt::Key_Right);
      QCOMPARE(window.bench.view().shown_step, step);
      QVERIFY(window.sentence().startsWith(QStringLiteral("%1 of 18").arg(step)));
      sentences << window.sentence();
    }
    QCOMPARE(sentences.removeDuplicates(), 0);
    for (int step = lookup_step_count - 1; step >= 0; --step) {
      window.press(Qt::Key_Left);
      QCOMPARE(window.bench.view().shown_step, step);
    }
    QVERIFY(!window.find<QAction>("actionStepBack")->isEnabled());
    window.press(Qt::Key_Space, {}, lookup_step_count);
    QCOMPARE(window.bench.view().shown_step, lookup_step_count);
    window.press(Qt::Key_Home);
    QCOMPARE(window.bench.view().shown_step, 0);
  }

  void theSentenceIsForScreenReaders() {
    Window window;
    auto* label = window.find<QLabel>("lookupSentence");
    for (int step = 1; step <= 3; ++step) {
      window.press(Qt::Key_Right);
      QCOMPARE(label->accessibleName(), window.sentence());
      QAccessibleInterface* heard = QAccessible::queryAccessibleInterface(label);
      QVERIFY(heard);
      QCOMPARE(heard->text(QAccessible::Name), window.sentence());
    }
  }

  void theStripSeeks() {
    Window window;
    auto* strip = window.find<StepStrip>("stepStrip");
    QTest::mouseClick(strip, Qt::LeftButton, {}, strip->stepRect(11).center());
    window.bench.run();
    QCOMPARE(window.bench.view().shown_step, 11);
    QCOMPARE(strip->value(), 11);
    strip->setFocus();
    QTest::keyClick(strip, Qt::Key_Left);
    window.bench.run();
    QCOMPARE(window.bench.view().shown_step, 10);
  }

  void costsAreThoseOfTheSpecification() {
    Window window;
    window.bench.workbench.send(SeekLookup{4});
    window.bench.run();
    const auto* table = window.find<QTableWidget>("costTable");
    QCOMPARE(table->item(0, 0)->text(), QStringLiteral("–"));   // one-hot has nothing to do in step 4
    QCOMPARE(table->item(1, 0)->text(), QStringLiteral("0"));   // multiplies of the lookup
    QCOMPARE(table->item(1, 3)->text(), QStringLiteral("48"));  // bytes read: 4 rows of 3 floats
    QCOMPARE(table->item(2, 0)->text(), QStringLiteral("72"));  // of the pass so far: 4 x 6 x 3
    QCOMPARE(table->item(2, 1)->text(), QStringLiteral("60"));
    QVERIFY(window.find<QLabel>("verdictAnswer")->text().contains(QStringLiteral("not compared")));
    window.press(Qt::Key_Right);
    QVERIFY(window.find<QLabel>("verdictAnswer")->text().endsWith(QStringLiteral("yes")));
  }

  void editingAWeightCanBeUndone() {
    Window window;
    window.bench.workbench.send(SeekLookup{5});
    window.bench.run();
    QVERIFY(window.page->lanes()->edit(1, 2));
    auto* editor = window.find<QLineEdit>("weightEditor");
    editor->setText(QStringLiteral("7.5"));
    QTest::keyClick(editor, Qt::Key_Return);
    window.bench.run();
    QCOMPARE(window.weight(1, 2), 7.5F);
    QCOMPARE(window.bench.view().shown_step, 5);
    window.press(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(window.weight(1, 2), 0.2F);
    window.press(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(window.weight(1, 2), 7.5F);
  }

  void aPoisonedRowIsToldAndUndone() {
    Window window;
    window.bench.workbench.send(SeekLookup{5});
    window.bench.run();
    window.page->lanes()->setCurrent(3, 0);  // not looked up
    window.find<QPushButton>("poisonNan")->click();
    window.bench.run();
    for (std::size_t c = 0; c < 3; ++c) QVERIFY(std::isnan(window.weight(3, c)));
    QVERIFY(window.find<QLabel>("verdictAnswer")->text().contains(QStringLiteral("no")));
    QVERIFY(window.find<QLabel>("verdictReason")->text().contains(QStringLiteral("row 3")));
    window.press(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(window.weight(3, 0), 0.8F);
    QVERIFY(window.find<QLabel>("verdictAnswer")->text().endsWith(QStringLiteral("yes")));
  }

  void indicesAreEditedAndUndone() {
    Window window;
    window.enter("lookupIndices", QStringLiteral("1, 4"));
    QVERIFY(window.bench.view().indices == (std::vector<std::int64_t>{1, 4}));
    window.page->undoStack()->undo();
    window.bench.run();
    QVERIFY(window.bench.view().indices == (std::vector<std::int64_t>{2, 5, 2, 0}));
    QCOMPARE(window.find<QLineEdit>("lookupIndices")->text(), QStringLiteral("2, 5, 2, 0"));
  }

  void aBadIndexIsToldAtItsField() {
    Window window;
    for (const auto& [text, part] : {std::pair{"2, 6", "6"}, std::pair{"2, -1", "-1"}, std::pair{"2, x", "x"}}) {
      window.enter("lookupIndices", QLatin1String(text));
      auto* problem = window.find<QLabel>("lookupIndicesProblem");
      QVERIFY(problem->isVisible());
      QVERIFY2(problem->text().contains(QLatin1String(part)), qPrintable(problem->text()));
      QCOMPARE(window.find<QLineEdit>("lookupIndices")->text(), QLatin1String(text));  // nothing is lost
      QVERIFY(window.bench.view().indices == (std::vector<std::int64_t>{2, 5, 2, 0}));
    }
    QCOMPARE(window.page->undoStack()->count(), 0);
    window.enter("lookupIndices", QStringLiteral("3"));
    QVERIFY(!window.find<QLabel>("lookupIndicesProblem")->isVisible());
  }

  void forbiddenOptionsAreToldAtTheirField() {
    Window window;
    window.find<QCheckBox>("option_sparse")->click();
    window.bench.run();
    QVERIFY(window.bench.view().setup.options.sparse);
    window.find<QCheckBox>("option_scale_grad_by_freq")->click();
    window.bench.run();
    auto* problem = window.find<QLabel>("option_scale_grad_by_freqProblem");
    QVERIFY(problem->isVisible());
    QVERIFY(problem->text().contains(QStringLiteral("sparse")));
    QVERIFY(!window.bench.view().setup.options.scale_grad_by_freq);
    QVERIFY(window.find<QCheckBox>("option_scale_grad_by_freq")->isChecked());
    // Switching the other one off makes it possible.
    window.find<QCheckBox>("option_sparse")->click();
    window.bench.run();
    QVERIFY(window.bench.view().setup.options.scale_grad_by_freq);
    QVERIFY(!problem->isVisible());
    QCOMPARE(window.page->undoStack()->count(), 2);
    window.page->undoStack()->undo();
    window.bench.run();
    QVERIFY(window.find<QCheckBox>("option_sparse")->isChecked());
  }

  void optionFieldsReadAndRefuse_data() {
    QTest::addColumn<QString>("field");
    QTest::addColumn<QString>("text");
    QTest::newRow("padding outside") << "padding_idx"
                                     << "6";
    QTest::newRow("padding word") << "padding_idx"
                                  << "first";
    QTest::newRow("max_norm word") << "max_norm"
                                   << "long";
    QTest::newRow("offsets descend") << "offsets"
                                     << "0, 3, 1";
    QTest::newRow("offsets word") << "offsets"
                                  << "0, a";
    QTest::newRow("weights with mean") << "per_sample_weights"
                                       << "1, 1, 1, 1";
    QTest::newRow("learning rate") << "lr"
                                   << "quick";
  }
  void optionFieldsReadAndRefuse() {
    QFETCH(QString, field);
    QFETCH(QString, text);
    Window window;
    window.find<QComboBox>("option_mode")->setCurrentIndex(2);
    window.bench.run();
    QVERIFY(window.bench.view().setup.bag.has_value());
    const LookupSetup before = window.bench.view().setup;
    const QString name = QStringLiteral("option_") + field;
    window.enter(qPrintable(name), text);
    auto* problem = window.find<QLabel>(qPrintable(name + QStringLiteral("Problem")));
    QVERIFY(problem->isVisible());
    QVERIFY(problem->text().endsWith(u'.'));
    QVERIFY(window.bench.view().setup == before);
    QCOMPARE(window.find<QLineEdit>(qPrintable(name))->text(), text);
  }

  void theOptimizersAreChosen() {
    Window window;
    window.find<QComboBox>("option_optimizer")->setCurrentIndex(1);
    window.bench.run();
    QCOMPARE(window.bench.view().setup.optimizer.momentum, 0.9);
    window.find<QComboBox>("option_optimizer")->setCurrentIndex(5);  // SparseAdam without sparse
    window.bench.run();
    QVERIFY(window.find<QLabel>("option_optimizerProblem")->isVisible() ||
            window.find<QLabel>("option_sparseProblem")->isVisible());
    QCOMPARE(window.bench.view().setup.optimizer.kind, OptimizerKind::Sgd);
    window.find<QCheckBox>("option_sparse")->click();
    window.bench.run();
    QCOMPARE(window.bench.view().setup.optimizer.kind, OptimizerKind::SparseAdam);
  }

  void predictThenReveal() {
    Window window;
    window.find<QPushButton>("predictToggle")->click();
    auto* field = window.find<QLineEdit>("predictionField");
    QVERIFY(!field->isEnabled());
    window.press(Qt::Key_Right);
    window.press(Qt::Key_Right);
    QVERIFY(field->isEnabled() && field->hasFocus());
    QTest::keyClicks(field, QStringLiteral("60"));
    QTest::keyClick(field, Qt::Key_Return);
    window.bench.run();
    QCOMPARE(window.bench.view().shown_step, 3);
    QCOMPARE(window.find<QLabel>("predictionScore")->text(), QStringLiteral("score: 1 of 1"));
    field->setFocus();  // the next question, about the lookup, is there already
    QTest::keyClicks(field, QStringLiteral("12"));
    QTest::keyClick(field, Qt::Key_Return);
    window.bench.run();
    QCOMPARE(window.find<QLabel>("predictionScore")->text(), QStringLiteral("score: 1 of 2"));
    QVERIFY(window.find<QLabel>("predictionText")->text().contains(u'0'));
  }

  void playingStopsForAQuestion() {
    Window window;
    window.find<QPushButton>("predictToggle")->click();
    window.press(Qt::Key_Space, {}, 2);
    QVERIFY(window.bench.last<Pause>());
    QCOMPARE(window.bench.view().shown_step, 2);
  }

  void aHiddenPageSaysSo() {
    Window window;
    QVERIFY(window.bench.last<ShowLookup>()->shown);
    window.page->hide();
    window.bench.run();
    QVERIFY(!window.bench.last<ShowLookup>()->shown);
    QVERIFY(!window.bench.workbench.frame()->lookup);
    window.page->show();
    window.bench.run();
    QVERIFY(window.bench.last<ShowLookup>()->shown);
    QVERIFY(window.bench.workbench.frame()->lookup);
  }

  void aLiveTableIsFollowedOrCopied() {
    Window window(true);
    auto* source = window.find<QComboBox>("lookupSource");
    source->setCurrentIndex(2);
    emit source->activated(2);
    window.bench.run();
    QVERIFY(window.bench.view().setup.follows_training());
    QVERIFY(!window.find<QLineEdit>("option_padding_idx")->isEnabled());
    QVERIFY(window.find<QLineEdit>("lookupIndices")->isReadOnly());
    window.press(Qt::Key_Right);
    QVERIFY(window.bench.view().positions > 0);
    window.find<QPushButton>("ownBatch")->click();
    window.bench.run();
    QVERIFY(!window.bench.view().setup.follows_training());
    QVERIFY(window.find<QLineEdit>("option_padding_idx")->isEnabled());
    window.enter("lookupIndices", QStringLiteral("100, 3"));
    QVERIFY(window.bench.view().indices == (std::vector<std::int64_t>{100, 3}));
    window.find<QPushButton>("followTraining")->click();
    window.bench.run();
    QVERIFY(window.bench.view().setup.follows_training());
  }

  void withoutDataThereIsTheToyOnly() {
    Window window;
    auto* source = window.find<QComboBox>("lookupSource");
    QVERIFY(!(source->model()->flags(source->model()->index(1, 0)) & Qt::ItemIsEnabled));
    QVERIFY(window.find<QAction>("actionStep")->isEnabled());
  }

  void nothingMovesFromStepToStep() {
    Window window;
    window.bench.workbench.send(SeekLookup{1});
    window.bench.run();
    const QRect place = window.page->lanes()->geometry();
    for (int step = 2; step <= lookup_step_count; ++step) {
      window.press(Qt::Key_Right);
      QCoreApplication::processEvents();
      QCOMPARE(window.page->lanes()->geometry(), place);
    }
  }

  void theCodeIsAskedForAndShown() {
    Window window;
    window.find<QPushButton>("codeButton")->click();
    window.bench.run();
    auto* dialog = window.page->findChild<CodeDialog*>(QStringLiteral("codeDialog"));
    QVERIFY(dialog && dialog->isVisible());
    QVERIFY(dialog->program().contains(QStringLiteral("import torch")));
    QVERIFY(dialog->program().contains(QStringLiteral("indices = torch.tensor([2, 5, 2, 0])")));
  }

  void aSmallWindowHasADrawer() {
    Window window;
    window.resize(820, 560);
    QCoreApplication::processEvents();
    auto* toggle = window.find<QPushButton>("optionToggle");
    auto* side = window.find<QWidget>("lookupSide");
    QVERIFY(toggle->isVisible() && !side->isVisible());
    QVERIFY(window.page->minimumSizeHint().width() <= 820);
    toggle->click();
    QVERIFY(side->isVisible());
    window.resize(1280, 760);
    QCoreApplication::processEvents();
    QVERIFY(!toggle->isVisible() && side->isVisible());
  }
};

QTEST_MAIN(TestLookupPage)
#include "test_lookup_page.moc"
