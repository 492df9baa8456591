#include <QAbstractItemModelTester>
#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QLabel>
#include <QLayout>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTabWidget>
#include <QTableView>
#include <QTest>

#include <set>

#include "ui/common/elided_label.h"
#include "ui/common/palette.h"
#include "ui/cost/cost_model.h"
#include "ui/cost/cost_page.h"
#include "ui/cost/cost_series.h"
#include "ui/cost/cost_text.h"
#include "ui/cost/log_log_chart.h"

using namespace rowlight;

namespace {

constexpr std::size_t index(CostAlgorithm algorithm) { return static_cast<std::size_t>(algorithm); }

/// A measurement with invented times: the lookup takes 2 us, the one-hot product as many ns as the table has rows.
CostView invented(const std::vector<std::size_t>& rows, bool running = false) {
  CostView view;
  view.options.rows = {10, 1000, 26'744};
  view.options.targets = {simd::Target::Scalar};
  view.options.memory_limit = 1'000'000'000;
  view.running = running;
  view.values_total = 36;
  view.values_done = rows.size() * 12;
  view.read_bandwidth = view.write_bandwidth = view.copy_bandwidth = 10e9;
  for (const std::size_t n : rows) {
    CostPoint& point = view.points.emplace_back();
    point.rows = n;
    for (std::size_t pass = 0; pass < cost_pass_count; ++pass) {
      for (auto& values : point.values) values[pass] = {static_cast<double>(n) * 1e-9, 5, 0, {}};
      point.values[index(CostAlgorithm::Lookup)][pass].seconds = 2e-6;
    }
    point.values[index(CostAlgorithm::LookupDenseGradient)][1].seconds = static_cast<double>(n) * 0.25e-9;
    point.values[index(CostAlgorithm::LookupDenseGradient)][0] = {0, 0, 0, "the forward pass is that of the lookup"};
  }
  return view;
}

/// Spaces that keep a number with its unit are spaces.
QString plain(QString text) { return text.replace(QChar(QChar::Nbsp), u' '); }

FramePtr frameWith(CostView view) {
  auto frame = std::make_shared<Frame>();
  frame->cost = std::make_shared<CostView>(std::move(view));
  return frame;
}

}  // namespace

class TestCostPage : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() { applyTheme(*qApp, Theme::Light); }

  void durationsAndFactorsHaveThreeDigits() {
    QCOMPARE(formatDuration(281e-9), QStringLiteral("281 ns"));
    QCOMPARE(formatDuration(0.9999e-6), QStringLiteral("1.00 µs"));
    QCOMPARE(formatDuration(1.2345e-3), QStringLiteral("1.23 ms"));
    QCOMPARE(formatDuration(45.67), QStringLiteral("45.7 s"));
    QCOMPARE(formatFactor(1.2345), QStringLiteral("1.23"));
    QCOMPARE(formatFactor(35'149), QStringLiteral("35,100"));
  }

  void theFindingIsASentenceFromTheNumbers() {
    CostView view = invented({10, 26'744});
    QCOMPARE(plain(findingOf(view, CostPass::Forward, simd::Target::Scalar)),
             QStringLiteral("At 26,744 rows the one-hot product took 13.4 times as long as the lookup: 26.7 µs against "
                            "2.00 µs."));
    // The largest table does not count when it was not measured both ways, and the lookup may lose.
    view.points[1].values[index(CostAlgorithm::OneHot)][0] = {0, 0, 0, "it does not fit"};
    QCOMPARE(plain(findingOf(view, CostPass::Forward, simd::Target::Scalar)),
             QStringLiteral("At 10 rows the lookup took 200 times as long as the one-hot product: 2.00 µs against "
                            "10.0 ns."));
    QCOMPARE(firstRefusal(view, CostPass::Forward, simd::Target::Scalar),
             QStringLiteral("Not tried: one-hot product at 26,744 rows, because it does not fit."));
    QVERIFY(findingOf(view, CostPass::Forward, simd::Target::Avx2).isEmpty());
  }

  void linesAreToldApartWithoutColour() {
    const CostView view = invented({10, 1000});
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      const auto lines = timeSeries(view, CostPass::Backward, simd::Target::Scalar, theme);
      QCOMPARE(lines.size(), std::size_t{5});
      std::set<int> marks;
      const QColor ground = themePalette(theme).color(QPalette::Window);
      for (const LogLogSeries& line : lines) {
        if (line.marks) marks.insert(line.mark);
        QVERIFY2(contrastRatio(line.color, ground) >= 3, qPrintable(line.name));
      }
      QCOMPARE(marks.size(), std::size_t{4});
      QVERIFY(!lines.back().marks);  // the bandwidth
      QCOMPARE(lines.back().points.size(), std::size_t{3});
    }
    // The forward pass of the lookup is one, whatever its gradient.
    QCOMPARE(timeSeries(view, CostPass::Forward, simd::Target::Scalar, Theme::Light).size(), std::size_t{4});
  }

  void theModelFollowsAMeasurement() {
    CostModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    CostView begun = invented({10}, true);
    begun.points[0].values[index(CostAlgorithm::OneHot)][0] = {};
    model.setView(std::make_shared<CostView>(begun), CostPass::Forward);
    QCOMPARE(model.index(0, CostModel::OneHot).data().toString(), QStringLiteral("…"));
    QCOMPARE(model.index(0, CostModel::LookupDense).data().toString(), QStringLiteral("as lookup"));
    const QPersistentModelIndex kept = model.index(0, CostModel::Rows);
    model.setView(std::make_shared<CostView>(invented({10, 1000})), CostPass::Forward);
    QVERIFY(kept.isValid());
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.index(1, CostModel::Rows).data().toString(), QStringLiteral("1,000"));
    QCOMPARE(model.index(1, CostModel::Factor).data().toString(), QStringLiteral("0.50×"));
    QCOMPARE(model.index(1, CostModel::OneHotBytes).data().toString(), QStringLiteral("256 kB"));
    const QStringList lines = model.copyText({}).split(QLatin1Char('\n'));
    QCOMPARE(lines.size(), 4);  // header, two lines, the end
    QCOMPARE(lines[1].split(QLatin1Char('\t'))[CostModel::Lookup], QStringLiteral("2e-06"));
    QCOMPARE(model.copyText({model.index(1, 0)}).count(QLatin1Char('\n')), 2);
  }

  void theFieldsBecomeACommand() {
    Workbench workbench;
    CostPage page(&workbench);
    std::optional<CostOptions> asked;
    int cancelled = 0;
    connect(&workbench, &Workbench::commandSent, this, [&](const Command& command) {
      if (const auto* measure = std::get_if<MeasureCost>(&command)) asked = measure->options;
      cancelled += std::holds_alternative<CancelCost>(command) ? 1 : 0;
    });
    page.findChild<QSpinBox*>(QStringLiteral("costBatch"))->setValue(128);
    page.findChild<QSpinBox*>(QStringLiteral("costDim"))->setValue(32);
    page.findChild<QComboBox*>(QStringLiteral("costLargest"))->setCurrentIndex(1);
    auto* scalar = page.findChild<QPushButton*>(QStringLiteral("costTarget_scalar"));
    scalar->setChecked(true);
    page.findChild<QPushButton*>(QStringLiteral("costMeasure"))->click();
    QVERIFY(asked.has_value());
    QVERIFY(validate(*asked).has_value());
    QCOMPARE(asked->batch, std::size_t{128});
    QCOMPARE(asked->dim, std::size_t{32});
    QCOMPARE(asked->rows.back(), std::size_t{10'000});
    QVERIFY(std::ranges::find(asked->targets, simd::Target::Scalar) != asked->targets.end());

    auto* cancel = page.findChild<QPushButton*>(QStringLiteral("costCancel"));
    QVERIFY(!cancel->isEnabled());
    workbench.present(frameWith(invented({10}, true)));
    QVERIFY(cancel->isEnabled());
    cancel->click();
    QCOMPARE(cancelled, 1);
    workbench.present(frameWith(invented({10})));
    QVERIFY(!cancel->isEnabled());
  }

  void thePageShowsWhatIsMeasured() {
    Workbench workbench;
    CostPage page(&workbench);
    page.resize(1200, 700);
    page.show();
    const auto* chart = page.findChild<LogLogChart*>(QStringLiteral("costTimeChart"));
    auto* finding = page.findChild<QLabel*>(QStringLiteral("costFinding"));
    auto* state = page.findChild<ElidedLabel*>(QStringLiteral("costState"));
    QVERIFY(page.findChild<QLabel*>(QStringLiteral("costEmpty"))->isVisible());
    QVERIFY(!finding->isVisible());
    CostView running = invented({10}, true);
    running.paused_training = true;
    workbench.present(frameWith(running));
    QVERIFY(chart->isVisible());
    QCOMPARE(state->text(), QStringLiteral("Measuring 10 rows with plain C++: 12 of 36 values. Training was paused for "
                                           "it."));
    workbench.present(frameWith(invented({10, 1000, 26'744})));
    QVERIFY(finding->text().startsWith(QStringLiteral("At 26,744 rows the one-hot product took 13.4 times")));
    QCOMPARE(chart->series().size(), std::size_t{4});
    QTest::mouseClick(page.findChild<QPushButton*>(QStringLiteral("costBackward")), Qt::LeftButton);
    QCOMPARE(page.pass(), CostPass::Backward);
    QCOMPARE(chart->series().size(), std::size_t{5});
    QVERIFY(finding->text().startsWith(QStringLiteral("At 26,744 rows the dense gradient took 4.00 times")));
    page.findChild<QPushButton*>(QStringLiteral("costCopy"))->click();
    QCOMPARE(QApplication::clipboard()->text().count(QLatin1Char('\n')), 4);
    // The fields say what was measured, whoever asked for it.
    QVERIFY(page.findChild<QPushButton*>(QStringLiteral("costTarget_scalar"))->isChecked());
  }

  void aSmallWindowHasTabs() {
    Workbench workbench;
    CostPage page(&workbench);
    page.resize(800, 480);
    page.show();
    auto* tabs = page.findChild<QTabWidget*>(QStringLiteral("costTabs"));
    QCOMPARE(tabs->count(), 3);
    for (int i = 0; i < 3; ++i) QCOMPARE(tabs->widget(i)->layout()->contentsMargins().top(), 8);
    page.resize(1200, 700);
    QTRY_COMPARE(tabs->count(), 0);
    QVERIFY(page.findChild<QTableView*>(QStringLiteral("costTable"))->isVisible());
    // A wide page can be made narrow again: 900 pixels less the rail.
    QVERIFY2(page.minimumSizeHint().width() <= 820, qPrintable(QString::number(page.minimumSizeHint().width())));
    page.resize(820, 480);
    QTRY_COMPARE(tabs->count(), 3);
    QCOMPARE(page.width(), 820);
  }

  void everythingHasANameToSpeak() {
    Workbench workbench;
    CostPage page(&workbench);
    for (const QWidget* widget : page.findChildren<QWidget*>()) {
      if (widget->focusPolicy() == Qt::NoFocus || !qobject_cast<const QAbstractButton*>(widget)) continue;
      const auto* button = static_cast<const QAbstractButton*>(widget);
      QVERIFY(!button->accessibleName().isEmpty() || !button->text().isEmpty());
    }
  }
};

QTEST_MAIN(TestCostPage)
#include "test_cost_page.moc"
