#include <QApplication>
#include <QStyle>
#include <QTest>

#include <limits>
#include <set>

#include "ui/common/palette.h"
#include "ui/common/typography.h"

using namespace rowlight;

class TestPalette : public QObject {
  Q_OBJECT

 private slots:
  void contrastIsThatOfWcag() {
    QVERIFY(std::abs(contrastRatio(Qt::black, Qt::white) - 21) < 1e-6);
    QVERIFY(std::abs(contrastRatio(QColor(0x777777), Qt::white) - 4.48) < 0.01);
    QCOMPARE(contrastRatio(Qt::red, Qt::red), 1.0);
  }

  void themeIsReadFromTheLightness() {
    QCOMPARE(themeOf(themePalette(Theme::Light)), Theme::Light);
    QCOMPARE(themeOf(themePalette(Theme::Dark)), Theme::Dark);
  }

  void textIsReadable() {
    using Role = QPalette::ColorRole;
    const std::vector<std::pair<Role, Role>> pairs = {{Role::WindowText, Role::Window},
                                                      {Role::Text, Role::Base},
                                                      {Role::Text, Role::AlternateBase},
                                                      {Role::ButtonText, Role::Button},
                                                      {Role::PlaceholderText, Role::Window},
                                                      {Role::PlaceholderText, Role::Base},
                                                      {Role::HighlightedText, Role::Highlight},
                                                      {Role::ToolTipText, Role::ToolTipBase},
                                                      {Role::Link, Role::Window},
                                                      {Role::PlaceholderText, Role::AlternateBase}};
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      const QPalette palette = themePalette(theme);
      for (const auto& [text, ground] : pairs) {
        const double ratio = contrastRatio(palette.color(text), palette.color(ground));
        QVERIFY2(ratio >= 4.5, qPrintable(QStringLiteral("roles %1 on %2: %3").arg(text).arg(ground).arg(ratio)));
      }
      QVERIFY(contrastRatio(movedColor(theme), palette.color(QPalette::Base)) >= 3);
      QVERIFY(contrastRatio(palette.color(QPalette::Highlight), palette.color(QPalette::Base)) >= 3);
    }
  }

  void everyCellColourCarriesText() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      for (const QRgb color : divergingTable(theme))
        QVERIFY(contrastRatio(textColorOn(QColor(color)), QColor(color)) >= 4.5);
    }
  }

  void divergingScaleHasItsEndsAndNeutral() {
    QCOMPARE(divergingColor(-1, 1, Theme::Light), qRgb(0x21, 0x66, 0xAC));
    QCOMPARE(divergingColor(1, 1, Theme::Light), qRgb(0xB3, 0x58, 0x06));
    QCOMPARE(divergingColor(0, 1, Theme::Light), qRgb(0xF7, 0xF7, 0xF7));
    QCOMPARE(divergingColor(-7, 2, Theme::Dark), qRgb(0x21, 0x66, 0xAC));
    QCOMPARE(divergingColor(7, 2, Theme::Dark), qRgb(0xB3, 0x58, 0x06));
    QVERIFY(QColor(divergingColor(0, 1, Theme::Dark)).lightnessF() < 0.15F);
    QCOMPARE(divergingIndex(std::numeric_limits<float>::max(), std::numeric_limits<float>::min()), std::size_t{255});
  }

  void whatIsNotFiniteHasAColourOfItsOwn() {
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
      const QRgb nan = divergingColor(std::numeric_limits<float>::quiet_NaN(), 1, theme);
      QCOMPARE(divergingColor(std::numeric_limits<float>::infinity(), 1, theme), nan);
      const DivergingTable& table = divergingTable(theme);
      QVERIFY(std::find(table.begin() + 1, table.end(), nan) == table.end());
    }
  }

  void domainsAreOneTwoFive() {
    QCOMPARE(roundUp125(0.03), 0.05);
    QCOMPARE(roundUp125(1.0), 1.0);
    QCOMPARE(roundUp125(1.01), 2.0);
    QCOMPARE(roundUp125(7.0), 10.0);
    QCOMPARE(roundUp125(0.1), 0.1);
  }

  void domainChangesInStepsOnly() {
    ColorDomain domain;
    QVERIFY(domain.update(0.01F));
    QCOMPARE(domain.value(), 0.05F);
    QVERIFY(!domain.update(0.022F));  // 0.055: above the step, within its tolerance
    QVERIFY(domain.update(0.03F));
    QCOMPARE(domain.value(), 0.1F);
    QVERIFY(!domain.update(0.019F));  // 0.0475: would fit the lower step, but not clearly
    QVERIFY(domain.update(0.015F));
    QCOMPARE(domain.value(), 0.05F);
    QVERIFY(!domain.update(0));
    QVERIFY(!domain.update(std::numeric_limits<float>::quiet_NaN()));
    QCOMPARE(domain.value(), 0.05F);
  }

  void domainDoesNotFlickerAroundAnyStep() {
    // A deviation that trembles by 5 % around any value changes the domain at most once.
    for (float center = 0.01F; center < 1; center *= 1.07F) {
      ColorDomain domain;
      domain.update(center);
      int changes = 0;
      for (int i = 0; i < 100; ++i) changes += domain.update(center * (i % 2 == 0 ? 1.05F : 0.95F)) ? 1 : 0;
      QVERIFY2(changes <= 1, qPrintable(QString::number(center)));
    }
  }

  void categoriesAreMarksThatCanBeSeen() {
    std::set<QRgb> seen;
    for (int slot = -1; slot < category_count; ++slot) {
      seen.insert(categoryColor(slot).rgb());
      for (const Theme theme : {Theme::Light, Theme::Dark}) {
        const QColor ground = themePalette(theme).color(QPalette::Base);
        const double best =
            std::max(contrastRatio(categoryColor(slot), ground), contrastRatio(categoryCasing(slot, theme), ground));
        QVERIFY2(best >= 3, qPrintable(QString::number(slot)));
      }
    }
    QCOMPARE(seen.size(), std::size_t{category_count + 1});
    QCOMPARE(categoryColor(99), categoryColor(GenreColors::other));
  }

  void aGenreHasItsColourInEveryDataSet() {
    RatingSet one;
    one.genres = {"Adventure", "Drama", "Horror", "Comedy"};
    one.movie_info = {{"a", {0}}, {"b", {0}}, {"c", {3}}, {"d", {1}}, {"e", {2}}};
    RatingSet two;
    two.genres = {"Horror", "Western", "Drama"};
    two.movie_info = {{"a", {0}}, {"b", {0}}, {"c", {2}}, {"d", {1}}};
    const GenreColors in_one(one);
    const GenreColors in_two(two);
    QVERIFY(in_one.slotOfGenre(1) != GenreColors::other);
    QCOMPARE(in_one.slotOfGenre(1), in_two.slotOfGenre(2));  // Drama
    QCOMPARE(in_one.slotOfGenre(2), in_two.slotOfGenre(0));  // Horror
    QCOMPARE(in_one.slotOfGenre(0), GenreColors::other);     // frequent here, but none of the eight
    QCOMPARE(in_one.legend().size(), std::size_t{4});
    QCOMPARE(in_one.legend().back().movies, std::size_t{2});
  }

  void unknownGenresGetSlotsByTheirFirstPlace() {
    RatingSet set;
    for (int g = 0; g < 10; ++g) set.genres.push_back("g" + std::to_string(g));
    // Genre g is first on g movies, and second on many: only first places count.
    for (int g = 0; g < 10; ++g) {
      for (int i = 0; i < g; ++i) set.movie_info.push_back({"t", {g, 0}});
    }
    set.movie_info.push_back({"no genre", {}});
    const GenreColors colors(set);
    QCOMPARE(colors.slotOfGenre(9), 0);
    QCOMPARE(colors.slotOfGenre(2), 7);
    QCOMPARE(colors.slotOfGenre(1), GenreColors::other);
    QCOMPARE(colors.slotOfGenre(0), GenreColors::other);
    QCOMPARE(colors.slotOfGenre(-1), GenreColors::other);
    QCOMPARE(colors.legend().size(), std::size_t{9});
    QCOMPARE(colors.legend().front().name, QStringLiteral("g9"));
    QCOMPARE(colors.legend().back().slot, GenreColors::other);
    QCOMPARE(colors.legend().back().movies, std::size_t{2});  // genre 1's movie and the one without
    QVERIFY(GenreColors(RatingSet{}).legend().empty());
  }

  void themeAppliesToTheApplication() {
    auto* application = static_cast<QApplication*>(QCoreApplication::instance());
    applyTheme(*application, Theme::Dark);
    QCOMPARE(themeOf(QApplication::palette()), Theme::Dark);
    const QStyle* style = QApplication::style();
    applyTheme(*application, Theme::Light);
    QCOMPARE(themeOf(QApplication::palette()), Theme::Light);
    QCOMPARE(QApplication::style(), style);
    QCOMPARE(style->pixelMetric(QStyle::PM_LayoutLeftMargin), 8);
  }

  void numbersKeepTheirWidth() {
    for (const TextSize size : {TextSize::Small, TextSize::Normal, TextSize::Large}) {
      const QFontMetricsF metrics(numberFont(size));
      QCOMPARE(metrics.horizontalAdvance(QStringLiteral("111")), metrics.horizontalAdvance(QStringLiteral("808")));
    }
  }
};

QTEST_MAIN(TestPalette)
#include "test_palette.moc"
