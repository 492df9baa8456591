#include <QAbstractItemModelTester>
#include <QLabel>
#include <QSignalSpy>
#include <QTableView>
#include <QTest>

#include "tests/support/shell_frames.h"
#include "ui/train/batch_model.h"
#include "ui/train/batch_panel.h"

using namespace rowlight;
using namespace rowlight::test;

class TestBatchPanel : public QObject {
  Q_OBJECT

 private slots:
  void theModelKeepsItsPromises() {
    BatchModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    const RatingSetPtr set = shellRatings();
    for (const std::size_t size : {std::size_t{64}, std::size_t{64}, std::size_t{12}, std::size_t{300}}) {
      model.setBatch(set, shellBatch(*set, size, size));
      QCOMPARE(model.rowCount(), static_cast<int>(std::min(size, BatchView::shown_batch_rows)));
    }
    model.setBatch(nullptr, nullptr);
    QCOMPARE(model.rowCount(), 0);
  }

  void cellsShowTheBatch() {
    BatchModel model;
    const RatingSetPtr set = shellRatings();
    const auto batch = shellBatch(*set, 3);
    model.setBatch(set, batch);
    const auto cell = [&](int row, int column) { return model.index(row, column).data().toString(); };
    QCOMPARE(cell(2, BatchModel::User),
             QString::fromUtf8(set->user_ids.id(batch->users[2]).data(),
                               static_cast<qsizetype>(set->user_ids.id(batch->users[2]).size())));
    QCOMPARE(cell(2, BatchModel::Movie), QString::fromStdString(set->movie_label(MovieRow{batch->movies[2]})));
    QCOMPARE(cell(2, BatchModel::Rating), QString::number(static_cast<double>(batch->ratings[2]), 'f', 1));
    QCOMPARE(cell(2, BatchModel::Prediction).size(), 4);
    const float share = model.index(2, BatchModel::ErrorColumn).data(BatchModel::ErrorShareRole).toFloat();
    QCOMPARE(share, batch->errors[2] / 4.5F);
    const auto alignment = model.index(2, BatchModel::Rating).data(Qt::TextAlignmentRole).value<Qt::Alignment>();
    QVERIFY(alignment & Qt::AlignRight);
  }

  void predictionsAreEmptyUntilTheyAreComputed() {
    BatchModel model;
    const RatingSetPtr set = shellRatings();
    model.setBatch(set, shellBatch(*set, 3, 64, false));
    QCOMPARE(model.index(0, BatchModel::Prediction).data().toString(), QString());
    QVERIFY(!model.index(0, BatchModel::ErrorColumn).data(BatchModel::ErrorShareRole).isValid());
  }

  void scoresAreShownBeforePredictions() {
    BatchModel model;
    const RatingSetPtr set = shellRatings();
    auto batch = std::make_shared<BatchView>(*shellBatch(*set, 3, 64, false));
    batch->scores.assign(64, -0.01234F);
    model.setBatch(set, batch);
    QCOMPARE(model.index(0, BatchModel::Score).data().toString(), QStringLiteral("−0.012"));
    QCOMPARE(model.index(0, BatchModel::Prediction).data().toString(), QString());
    model.setBatch(set, shellBatch(*set, 3, 64, false));
    QCOMPARE(model.index(0, BatchModel::Score).data().toString(), QString());
  }

  void thePanelSaysBatchLossAndNextOperation() {
    Workbench workbench;
    BatchPanel panel(&workbench);
    panel.show();
    const auto text = [&](const char* name) { return panel.findChild<QLabel*>(QLatin1String(name))->text(); };
    QCOMPARE(text("batchTitle"), QStringLiteral("No batch yet"));
    present(workbench, shellFrame());
    QCOMPARE(text("batchTitle"), QStringLiteral("Batch 1,560"));
    QVERIFY(text("batchFacts").contains(QStringLiteral("64 ratings")));
    QVERIFY(text("batchFacts").contains(QStringLiteral("0.8423")));
    QVERIFY(text("batchFacts").contains(QStringLiteral("4.82e-03")));
    QVERIFY(text("batchOperation").contains(QStringLiteral("Look up users")));
    QVERIFY(text("batchSentence").endsWith(u'.'));
    Frame done = shellFrame(RunState::Finished);
    present(workbench, done);
    QVERIFY(!panel.findChild<QLabel*>(QStringLiteral("batchOperation"))->isVisible());
  }

  void modeFastSaysWhyNoneAreListed() {
    Workbench workbench;
    BatchPanel panel(&workbench);
    panel.show();
    Frame fast = shellFrame(RunState::Playing);
    fast.settings.mode = TrainMode::Fast;
    fast.batch = nullptr;
    present(workbench, fast);
    QCOMPARE(panel.findChild<QLabel*>(QStringLiteral("batchTitle"))->text(), QStringLiteral("No minibatches"));
    QVERIFY(panel.findChild<QLabel*>(QStringLiteral("batchFacts"))->text().contains(QStringLiteral("Mode exact")));
    QVERIFY(!panel.findChild<QLabel*>(QStringLiteral("batchOperation"))->isVisible());
  }

  void noSentenceIsCut() {
    Workbench workbench;
    BatchPanel panel(&workbench);
    panel.resize(1200, panel.sizeHint().height());
    panel.show();
    for (int stage = 0; stage < batch_stage_count; ++stage) {
      Frame frame = shellFrame();
      frame.progress.next_stage = static_cast<BatchStage>(stage);
      present(workbench, frame);
      QCoreApplication::processEvents();
      const auto* sentence = panel.findChild<QLabel*>(QStringLiteral("batchSentence"));
      QVERIFY2(sentence->height() >= sentence->heightForWidth(sentence->width()), qPrintable(sentence->text()));
    }
  }

  void aRowSelectsItsMovie() {
    Workbench workbench;
    BatchPanel panel(&workbench);
    panel.resize(1000, 180);
    panel.show();
    present(workbench, shellFrame());
    auto* table = panel.findChild<QTableView*>(QStringLiteral("batchTable"));
    const QModelIndex index = table->model()->index(1, BatchModel::Movie);
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualRect(index).center());
    QCOMPARE(workbench.selectedMovie().value, workbench.frame()->batch->movies[1]);
  }
};

QTEST_MAIN(TestBatchPanel)
#include "test_batch_panel.moc"
