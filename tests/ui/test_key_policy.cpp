#include <QAbstractItemView>
#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QSlider>
#include <QSpinBox>
#include <QTableWidget>
#include <QTest>
#include <QVBoxLayout>

#include "ui/common/key_policy.h"
#include "ui/common/rail.h"

using namespace rowlight;

class TestKeyPolicy : public QObject {
  Q_OBJECT

  // A window with one single-key shortcut and a widget that may keep the key.
  struct Window : QWidget {
    explicit Window(const QKeySequence& key) {
      layout = new QVBoxLayout(this);
      action = new QAction(this);
      action->setShortcut(key);
      addAction(action);
      connect(action, &QAction::triggered, this, [this] { ++fired; });
      setFocusPolicy(Qt::StrongFocus);
    }
    void showWith(QWidget* widget) {
      layout->addWidget(widget);
      show();
      activateWindow();
      QVERIFY(QTest::qWaitForWindowActive(this));
      widget->setFocus();
      QVERIFY(widget->hasFocus());
    }
    QVBoxLayout* layout;
    QAction* action;
    int fired = 0;
  };

 private slots:
  void initTestCase() { KeyPolicy::install(); }

  void spacePressesTheFocusedButton() {
    Window window(QKeySequence(Qt::Key_Space));
    auto* button = new QPushButton(QStringLiteral("press"));
    int pressed = 0;
    connect(button, &QPushButton::clicked, &window, [&] { ++pressed; });
    window.showWith(button);
    QTest::keyClick(button, Qt::Key_Space);
    QCOMPARE(pressed, 1);
    QCOMPARE(window.fired, 0);
  }

  void spaceFiresWhereNobodyUsesIt() {
    Window window(QKeySequence(Qt::Key_Space));
    window.showWith(new QPushButton(QStringLiteral("press")));
    window.setFocus();
    QTest::keyClick(&window, Qt::Key_Space);
    QCOMPARE(window.fired, 1);
  }

  void spaceTogglesTheFocusedCheckBox() {
    Window window(QKeySequence(Qt::Key_Space));
    auto* box = new QCheckBox(QStringLiteral("log"));
    window.showWith(box);
    QTest::keyClick(box, Qt::Key_Space);
    QVERIFY(box->isChecked());
    QCOMPARE(window.fired, 0);
  }

  void digitsAreTypedIntoFields() {
    Window window(QKeySequence(Qt::Key_2));
    auto* edit = new QLineEdit;
    window.showWith(edit);
    QTest::keyClick(edit, Qt::Key_2);
    QCOMPARE(edit->text(), QStringLiteral("2"));
    auto* spin = new QSpinBox;
    spin->setRange(0, 999);
    window.layout->addWidget(spin);
    spin->show();
    spin->setFocus();
    spin->selectAll();
    QTest::keyClick(spin, Qt::Key_2);
    QCOMPARE(spin->value(), 2);
    QCOMPARE(window.fired, 0);
  }

  void arrowsMoveInTablesAndOnSliders() {
    Window window(QKeySequence(Qt::Key_Right));
    auto* table = new QTableWidget(2, 3);
    window.showWith(table);
    table->setCurrentCell(0, 0);
    QTest::keyClick(table, Qt::Key_Right);
    QCOMPARE(table->currentColumn(), 1);
    auto* slider = new QSlider(Qt::Horizontal);
    window.layout->addWidget(slider);
    slider->show();
    slider->setFocus();
    QTest::keyClick(slider, Qt::Key_Right);
    QCOMPARE(slider->value(), 1);
    QCOMPARE(window.fired, 0);
  }

  void aTableOfRowsLeavesTheOtherKeysToTheWindow() {
    QTableWidget table(2, 3);
    table.setSelectionBehavior(QAbstractItemView::SelectRows);
    table.resize(1000, 300);
    table.show();
    for (const int key : {Qt::Key_Up, Qt::Key_Down, Qt::Key_PageUp, Qt::Key_PageDown}) {
      QVERIFY(usesKey(table, key, Qt::NoModifier));
    }
    for (const int key : {Qt::Key_Space, Qt::Key_Home, Qt::Key_1, Qt::Key_Right, Qt::Key_Left}) {
      QVERIFY(!usesKey(table, key, Qt::NoModifier));
    }
    table.resize(120, 300);  // now it can scroll sideways
    QCoreApplication::processEvents();
    QVERIFY(usesKey(table, Qt::Key_Right, Qt::NoModifier));
    QVERIFY(!usesKey(table, Qt::Key_Space, Qt::NoModifier));
  }

  void aListThatAFieldPopsUpKeepsItsKeys() {
    QComboBox box;
    box.addItems({QStringLiteral("one"), QStringLiteral("two")});
    QVERIFY(usesKey(*box.view(), Qt::Key_Space, Qt::NoModifier));
    QVERIFY(usesKey(*box.view(), Qt::Key_Home, Qt::NoModifier));
  }

  void spaceStepsPastAFocusedTable() {
    Window window(QKeySequence(Qt::Key_Space));
    auto* table = new QTableWidget(2, 3);
    table->setSelectionBehavior(QAbstractItemView::SelectRows);
    window.showWith(table);
    QTest::mouseClick(table->viewport(), Qt::LeftButton, {}, table->visualRect(table->model()->index(1, 1)).center());
    QVERIFY(table->hasFocus());
    QTest::keyClick(table, Qt::Key_Space);
    QCOMPARE(window.fired, 1);
  }

  void aSingleButtonLeavesTheArrowsToTheWindow() {
    Window window(QKeySequence(Qt::Key_Right));
    auto* button = new QPushButton(QStringLiteral("press"));
    window.showWith(button);
    QTest::keyClick(button, Qt::Key_Right);
    QCOMPARE(window.fired, 1);
  }

  void keysWithControlAreNeverKept() {
    QLineEdit edit;
    QVERIFY(usesKey(edit, Qt::Key_Home, Qt::NoModifier));
    QVERIFY(usesKey(edit, Qt::Key_Right, Qt::ShiftModifier));
    QVERIFY(!usesKey(edit, Qt::Key_O, Qt::ControlModifier));
  }

  void theRailHasOnePageAndFourKeys() {
    QWidget window;
    auto* layout = new QVBoxLayout(&window);
    auto* rail = new Rail;
    auto* edit = new QLineEdit;
    layout->addWidget(rail);
    layout->addWidget(edit);
    window.setFocusPolicy(Qt::StrongFocus);
    window.show();
    window.activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(&window));
    window.setFocus();
    QList<Page> chosen;
    connect(rail, &Rail::pageChosen, &window, [&](Page page) { chosen << page; });
    QTest::keyClick(&window, Qt::Key_3);
    QTest::keyClick(&window, Qt::Key_3);
    QCOMPARE(chosen, QList<Page>{Page::Explore});
    edit->setFocus();
    QTest::keyClick(edit, Qt::Key_1);
    QCOMPARE(edit->text(), QStringLiteral("1"));
    QCOMPARE(rail->current(), Page::Explore);
    auto* cost = rail->findChild<QAbstractButton*>(QStringLiteral("railButtonCost"));
    QTest::mouseClick(cost, Qt::LeftButton);
    QCOMPARE(rail->current(), Page::Cost);
    int checked = 0;
    for (const auto* button : rail->findChildren<QAbstractButton*>()) checked += button->isChecked() ? 1 : 0;
    QCOMPARE(checked, 1);
    QCOMPARE(cost->accessibleName(), QStringLiteral("Cost"));
    QVERIFY(cost->toolTip().contains(QStringLiteral("(4)")));
  }
};

QTEST_MAIN(TestKeyPolicy)
#include "test_key_policy.moc"
