#include <QDropEvent>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QSignalSpy>
#include <QSplitter>
#include <QTabWidget>
#include <QTest>
#include <QUrl>

#include "tests/support/shell_frames.h"
#include "ui/common/message_strip.h"
#include "ui/common/placeholder_page.h"
#include "ui/train/loss_panel.h"
#include "ui/train/settings_drawer.h"
#include "ui/train/table_panel.h"
#include "ui/train/train_page.h"

using namespace rowlight;
using namespace rowlight::test;

class TestTrainPage : public QObject {
  Q_OBJECT

 private slots:
  void aSmallWindowShowsTabs() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.resize(1280, 800);
    page.show();
    present(workbench, shellFrame());
    auto* tabs = page.findChild<QTabWidget*>(QStringLiteral("trainTabs"));
    QCOMPARE(tabs->count(), 0);
    QVERIFY(page.userTable()->isVisible() && page.lossPanel()->isVisible());
    auto* columns = page.findChild<QSplitter*>(QStringLiteral("trainColumns"));
    columns->setSizes({300, 900});
    const QList<int> sizes = columns->sizes();
    page.resize(900, 600);
    QTRY_COMPARE(tabs->count(), 5);
    QCOMPARE(page.size(), QSize(900, 600));
    QVERIFY(page.userTable()->isVisible() && !page.lossPanel()->isVisible());
    page.resize(1280, 800);
    QTRY_COMPARE(tabs->count(), 0);
    QVERIFY(page.userTable()->isVisible() && page.lossPanel()->isVisible());
    QTRY_COMPARE(columns->sizes(), sizes);
  }

  void aTableThatIsAbsentIsNotInFront() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.resize(900, 600);
    page.show();
    auto* tabs = page.findChild<QTabWidget*>(QStringLiteral("trainTabs"));
    QTRY_COMPARE(tabs->count(), 5);
    present(workbench, shellFrame());
    QVERIFY(page.userTable()->isVisible());
    Frame frame = shellFrame(RunState::ViewOnly);
    auto viewed = std::make_shared<ViewedFactors>();
    viewed->width[index_of(Table::Movies)] = 24;
    viewed->missing = "words.vec holds no user table";
    frame.viewed = viewed;
    present(workbench, frame);
    QVERIFY(page.movieTable()->isVisible());
    tabs->setCurrentIndex(0);  // who wants to see that it is absent may
    present(workbench, frame);
    QVERIFY(page.userTable()->isVisible());
  }

  void aFocusedPanelKeepsItsFocusAndComesToTheFront() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.resize(1280, 800);
    page.show();
    page.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&page));
    QVERIFY(page.hasFocus());  // and no button: Space plays
    auto* log = page.findChild<QWidget*>(QStringLiteral("lossLogScale"));
    log->setFocus();
    page.resize(900, 600);
    QTRY_VERIFY(page.lossPanel()->isVisible() &&
                page.findChild<QTabWidget*>(QStringLiteral("trainTabs"))->count() == 5);
    QVERIFY(log->hasFocus());
  }

  void stateComesBack() {
    Workbench workbench;
    QByteArray state;
    QList<int> sizes;
    {
      TrainPage page(&workbench);
      page.resize(1280, 800);
      page.show();
      auto* columns = page.findChild<QSplitter*>(QStringLiteral("trainColumns"));
      columns->setSizes({400, 800});
      QTest::mouseClick(page.findChild<QPushButton*>(QStringLiteral("settingsToggle")), Qt::LeftButton);
      QTRY_VERIFY(page.settingsDrawer()->isVisible());
      QCoreApplication::processEvents();
      sizes = columns->sizes();
      state = page.saveState();
    }
    TrainPage page(&workbench);
    page.resize(1280, 800);
    page.show();
    QVERIFY(page.restoreState(state));
    QCoreApplication::processEvents();
    QVERIFY(page.settingsDrawer()->isVisible());
    QCOMPARE(page.findChild<QSplitter*>(QStringLiteral("trainColumns"))->sizes(), sizes);
    QVERIFY(!page.restoreState(QByteArrayLiteral("something else")));
    QVERIFY(!page.restoreState({}));
  }

  void messagesAreShownAndDismissed() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.resize(1280, 800);
    page.show();
    page.showLoadError({ErrorKind::BadInput, "the file is empty", "choose a file with ratings", "u.data", 0, 0});
    QVERIFY(page.messages()->isVisible());
    QCOMPARE(page.messages()->message(), QStringLiteral("u.data: The file is empty: choose a file with ratings."));
    QTest::mouseClick(page.findChild<QWidget*>(QStringLiteral("messageClose")), Qt::LeftButton);
    QVERIFY(!page.messages()->isVisible());

    Frame frame = shellFrame(RunState::Diverged);
    frame.error = Error{ErrorKind::Diverged, "the loss is not finite at batch 12", "lower the learning rate", {}, 0, 0};
    present(workbench, frame);
    QVERIFY(page.messages()->isVisible());
    page.messages()->dismiss();
    present(workbench, frame);
    QVERIFY(!page.messages()->isVisible());  // once dismissed, not shown again with every frame
    present(workbench, shellFrame());
    present(workbench, frame);
    QVERIFY(page.messages()->isVisible());
    present(workbench, shellFrame());
    QVERIFY(!page.messages()->isVisible());
  }

  void aReportIsShownOnlyWhenThereIsSomethingToSay() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.show();
    LoadReport report;
    report.file = "/somewhere/u.data";
    page.showLoadReport(report);
    QVERIFY(!page.messages()->isVisible());
    report.notices.emplace_back("u.item is not UTF-8 and is read as latin-1");  // worth noting, not worth a line here
    page.showLoadReport(report);
    QVERIFY(!page.messages()->isVisible());
    report.format = "libmf-model";  // of factors each notice tells how the picture is to be read
    page.showLoadReport(report);
    QVERIFY(page.messages()->message().contains(QStringLiteral("latin-1")));
    report.format = "movielens-100k";
    report.bad_line_count = 1;
    report.bad_lines.push_back({12, 3, "'abc' is not a rating; expected a number"});
    report.duplicates = 3;
    report.loaded = 1997;
    page.showLoadReport(report);
    QCOMPARE(page.messages()->message(),
             QStringLiteral("u.data: 1 line was left out; the first is line 12: 'abc' is not a rating; expected a "
                            "number. 3 pairs of user and movie stood there more than once; 1,997 ratings were taken."));
  }

  void whatCanBeLookedIntoIsOffered() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.show();
    auto* button = page.findChild<QPushButton*>(QStringLiteral("messageAction"));
    QSignalSpy asked(&page, &TrainPage::lookIntoFileRequested);
    page.showLoadError({ErrorKind::BadInput, "the file is empty", "choose a file with ratings", "u.data", 0, 0});
    QVERIFY(button->isVisible());
    QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(asked.count(), 1);
    page.showLoadError({ErrorKind::Io, "there is no such file", "choose another", "u.data", 0, 0});
    QVERIFY(page.messages()->isVisible() && !button->isVisible());
    LoadReport report;
    report.file = "u.data";
    report.duplicates = 3;
    report.loaded = 1997;
    page.showLoadReport(report);
    QVERIFY(!button->isVisible());
    report.conflicts = 2;
    page.showLoadReport(report);
    QVERIFY(button->isVisible());
    QVERIFY2(page.messages()->message().contains(QStringLiteral("2 with another rating")),
             qPrintable(page.messages()->message()));
    report = {};
    report.advice = {{"57 ratings are 0: declare 0 as missing", "missing", "0"}};
    page.showLoadReport(report);
    QVERIFY(button->isVisible() && page.messages()->message().contains(QStringLiteral("57 ratings are 0")));
  }

  void loadingShowsProgressAndCanBeCancelled() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.show();
    QSignalSpy cancelled(&page, &TrainPage::loadCancelled);
    page.showLoading(QStringLiteral("/somewhere/ratings.csv"), 5'000'000'000ULL, 20'000'000'000ULL);
    auto* bar = page.findChild<QProgressBar*>(QStringLiteral("loadBar"));
    QVERIFY(bar->isVisible());
    QCOMPARE(bar->value() * 4, bar->maximum());
    QTest::mouseClick(page.findChild<QPushButton*>(QStringLiteral("loadCancel")), Qt::LeftButton);
    QCOMPARE(cancelled.count(), 1);
    page.hideLoading();
    QVERIFY(!bar->isVisible());
  }

  void aDroppedFileIsOpened() {
    Workbench workbench;
    TrainPage page(&workbench);
    page.show();
    QSignalSpy opened(&workbench, &Workbench::openRequested);
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(QStringLiteral("/somewhere/u.data"))});
    QDragEnterEvent enter({10, 10}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&page, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(10, 10), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(&page, &drop);
    QCOMPARE(opened.count(), 1);
    QCOMPARE(opened[0][0].toString(), QStringLiteral("/somewhere/u.data"));
    QMimeData text;
    text.setText(QStringLiteral("hello"));
    QDragEnterEvent no({10, 10}, Qt::CopyAction, &text, Qt::LeftButton, Qt::NoModifier);
    no.ignore();
    QCoreApplication::sendEvent(&page, &no);
    QVERIFY(!no.isAccepted());
  }

  void everyControlHasAName() {
    Workbench workbench;
    TrainPage page(&workbench);
    for (const QWidget* widget : page.findChildren<QWidget*>()) {
      if (!widget->objectName().startsWith(QStringLiteral("setting")) || widget->focusPolicy() == Qt::NoFocus) continue;
      const auto* button = qobject_cast<const QAbstractButton*>(widget);
      QVERIFY2(!widget->accessibleName().isEmpty() || (button && !button->text().isEmpty()),
               qPrintable(widget->objectName()));
    }
  }

  void placeholdersSayWhatIsComing() {
    for (const Page kind : {Page::Explore}) {
      PlaceholderPage page(kind);
      const auto labels = page.findChildren<QLabel*>();
      QCOMPARE(labels.size(), 2);
      QVERIFY(labels[1]->text().contains(QStringLiteral("not built yet")));
    }
  }
};

QTEST_MAIN(TestTrainPage)
#include "test_train_page.moc"
