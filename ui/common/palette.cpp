#include "ui/common/palette.h"

#include <QApplication>
#include <QPainter>
#include <QProxyStyle>
#include <QStyleFactory>
#include <QStyleOption>

#include <numeric>
#include <string_view>

#include "ui/common/pieces.h"

namespace rowlight {

namespace {

double linearChannel(double srgb) { return srgb <= 0.04045 ? srgb / 12.92 : std::pow((srgb + 0.055) / 1.055, 2.4); }

double srgbChannel(double linear) {
  return linear <= 0.0031308 ? linear * 12.92 : 1.055 * std::pow(linear, 1 / 2.4) - 0.055;
}

double relativeLuminance(const QColor& color) {
  return 0.2126 * linearChannel(color.redF()) + 0.7152 * linearChannel(color.greenF()) +
         0.0722 * linearChannel(color.blueF());
}

struct Oklab {
  double l, a, b;
};

// The two matrices are those of https://bottosson.github.io/posts/oklab/.
Oklab toOklab(const QColor& color) {
  const double r = linearChannel(color.redF());
  const double g = linearChannel(color.greenF());
  const double b = linearChannel(color.blueF());
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const double m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const double s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
          1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

QRgb fromOklab(const Oklab& lab) {
  const double l = std::pow(lab.l + 0.3963377774 * lab.a + 0.2158037573 * lab.b, 3);
  const double m = std::pow(lab.l - 0.1055613458 * lab.a - 0.0638541728 * lab.b, 3);
  const double s = std::pow(lab.l - 0.0894841775 * lab.a - 1.2914855480 * lab.b, 3);
  const auto channel = [](double linear) {
    return static_cast<int>(std::lround(255 * srgbChannel(std::clamp(linear, 0.0, 1.0))));
  };
  return qRgb(channel(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
              channel(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
              channel(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s));
}

DivergingTable makeDivergingTable(Theme theme) {
  const Oklab neutral = toOklab(theme == Theme::Light ? QColor(0xF7F7F7) : QColor(0x1B1C1E));
  const Oklab low = toOklab(QColor(0x2166AC));
  const Oklab high = toOklab(QColor(0xB35806));
  DivergingTable table{};
  table[0] = qRgb(0xC0, 0x1F, 0xB4);  // not a number: a hue that the scale does not hold
  for (int i = 1; i < 256; ++i) {
    const double t = std::abs(i - 128) / 127.0;
    const Oklab& end = i < 128 ? low : high;
    table[static_cast<std::size_t>(i)] =
        fromOklab({std::lerp(neutral.l, end.l, t), std::lerp(neutral.a, end.a, t), std::lerp(neutral.b, end.b, t)});
  }
  return table;
}

// Fusion with the 8 px grid and without gradients in headers.
class QuietStyle : public QProxyStyle {
 public:
  QuietStyle() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) { setObjectName(name()); }
  static QString name() { return QStringLiteral("rowlight-quiet"); }

  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override {
    switch (metric) {
      case PM_LayoutLeftMargin:
      case PM_LayoutTopMargin:
      case PM_LayoutRightMargin:
      case PM_LayoutBottomMargin:
      case PM_LayoutHorizontalSpacing:
      case PM_LayoutVerticalSpacing:
      case PM_SplitterWidth: return 8;
      case PM_HeaderMargin: return 4;
      case PM_ScrollBarExtent: return 14;
      default: return QProxyStyle::pixelMetric(metric, option, widget);
    }
  }

  void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                   const QWidget* widget) const override {
    if (element != CE_HeaderSection && element != CE_HeaderEmptyArea) {
      QProxyStyle::drawControl(element, option, painter, widget);
      return;
    }
    painter->fillRect(option->rect, option->palette.window());
    const QRect& rect = option->rect;
    painter->fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), option->palette.mid());
  }

  // Fusion draws the edge of fields and boxes darker than the window, which a dark window swallows.
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override {
    QProxyStyle::drawPrimitive(element, option, painter, widget);
    if (element == PE_IndicatorCheckBox || element == PE_FrameLineEdit) drawEdge(option, painter);
  }

  // A flat scroll bar without arrows: Fusion's thumb is nearly invisible on white.
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                          const QWidget* widget) const override {
    if (control != CC_ScrollBar) {
      QProxyStyle::drawComplexControl(control, option, painter, widget);
      if (control == CC_SpinBox) drawEdge(option, painter);
      return;
    }
    painter->fillRect(option->rect, option->palette.window());
    const QRect thumb = subControlRect(CC_ScrollBar, option, SC_ScrollBarSlider, widget);
    const bool active = option->state.testFlag(State_MouseOver) || option->activeSubControls == SC_ScrollBarSlider;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(option->palette.color(active ? QPalette::PlaceholderText : QPalette::Dark));
    const QRectF rounded = QRectF(thumb).adjusted(3, 3, -3, -3);
    const qreal radius = std::min(rounded.width(), rounded.height()) / 2;
    painter->drawRoundedRect(rounded, radius, radius);
    painter->restore();
  }

  QRect subControlRect(ComplexControl control, const QStyleOptionComplex* option, SubControl part,
                       const QWidget* widget) const override {
    const auto* bar = qstyleoption_cast<const QStyleOptionSlider*>(option);
    if (control != CC_ScrollBar || bar == nullptr) return QProxyStyle::subControlRect(control, option, part, widget);
    const bool upright = bar->orientation == Qt::Vertical;
    const QRect all = bar->rect;
    const int length = upright ? all.height() : all.width();
    const qint64 range = qint64{bar->maximum} - bar->minimum;
    int size = length;
    if (range > 0) {
      size = static_cast<int>(qint64{bar->pageStep} * length / (range + bar->pageStep));
      size = std::clamp(size, std::min(28, length), length);
    }
    const int start =
        sliderPositionFromValue(bar->minimum, bar->maximum, bar->sliderPosition, length - size, bar->upsideDown);
    const auto piece = [&](int from, int extent) {
      const QRect rect = upright ? QRect(all.left(), all.top() + from, all.width(), extent)
                                 : QRect(all.left() + from, all.top(), extent, all.height());
      return visualRect(bar->direction, all, rect);
    };
    switch (part) {
      case SC_ScrollBarSlider: return piece(start, size);
      case SC_ScrollBarSubPage: return piece(0, start);
      case SC_ScrollBarAddPage: return piece(start + size, length - start - size);
      case SC_ScrollBarGroove: return all;
      default: return {};
    }
  }

 private:
  static void drawEdge(const QStyleOption* option, QPainter* painter) {
    if (option->state.testFlag(State_HasFocus)) return;  // Fusion marks that clearly
    const bool enabled = option->state.testFlag(State_Enabled);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(option->palette.color(enabled ? QPalette::Dark : QPalette::Mid));
    painter->setBrush(Qt::NoBrush);
    painter->drawRoundedRect(QRectF(option->rect).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
    painter->restore();
  }
};

}  // namespace

Theme themeOf(const QPalette& palette) {
  const double text = relativeLuminance(palette.color(QPalette::WindowText));
  return text > relativeLuminance(palette.color(QPalette::Window)) ? Theme::Dark : Theme::Light;
}

QPalette themePalette(Theme theme) {
  const bool light = theme == Theme::Light;
  const auto pick = [light](QRgb forLight, QRgb forDark) { return QColor(light ? forLight : forDark); };
  const QColor window = pick(0xF4F5F7, 0x1E2023);
  const QColor base = pick(0xFFFFFF, 0x151719);
  const QColor text = pick(0x1A1C1F, 0xECEEF0);
  const QColor secondary = pick(0x5A6169, 0xA6AEB7);
  const QColor disabled = pick(0x8C939B, 0x757C84);
  const QColor button = pick(0xFBFBFC, 0x2B2E32);

  QPalette palette(text, button, pick(0xFFFFFF, 0x3C4046), pick(0x8A9097, 0x7C848D), pick(0xCBCFD4, 0x43484F), text,
                   pick(0xFFFFFF, 0xFFFFFF), base, window);
  palette.setColor(QPalette::AlternateBase, pick(0xF7F8F9, 0x1A1C1F));
  palette.setColor(QPalette::Midlight, pick(0xE4E7EA, 0x33373C));
  palette.setColor(QPalette::Shadow, pick(0xB4B9BF, 0x000000));
  palette.setColor(QPalette::PlaceholderText, secondary);
  palette.setColor(QPalette::Highlight, pick(0x2166AC, 0x2F6FB0));
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, pick(0x1B5C9E, 0x7DB7EC));
  palette.setColor(QPalette::LinkVisited, pick(0x6B3FA0, 0xC3A6EA));
  palette.setColor(QPalette::ToolTipBase, pick(0x1A1C1F, 0xECEEF0));
  palette.setColor(QPalette::ToolTipText, pick(0xFFFFFF, 0x151719));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
    palette.setColor(QPalette::Disabled, role, disabled);
  }
  palette.setColor(QPalette::Disabled, QPalette::Highlight, pick(0xCBCFD4, 0x43484F));
  return palette;
}

void applyTheme(QApplication& application, Theme theme) {
  if (application.style()->objectName() != QuietStyle::name()) QApplication::setStyle(new QuietStyle);
  QApplication::setPalette(themePalette(theme));
}

double contrastRatio(const QColor& a, const QColor& b) {
  const double la = relativeLuminance(a);
  const double lb = relativeLuminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QColor movedColor(Theme theme) { return QColor(theme == Theme::Light ? 0x8A2BA6 : 0xD79BEA); }

QColor warningColor(Theme theme) { return QColor(theme == Theme::Dark ? 0xF0A35C : 0x9A4A00); }

QColor textColorOn(const QColor& ground) {
  // Called for every cell with a number in it, so the channels' powers come from a table.
  static const std::array<double, 256> linear = [] {
    std::array<double, 256> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = linearChannel(static_cast<double>(i) / 255);
    return table;
  }();
  const QRgb rgb = ground.rgb();
  const auto at = [](int channel) { return linear[static_cast<std::size_t>(channel)]; };
  const double luminance = 0.2126 * at(qRed(rgb)) + 0.7152 * at(qGreen(rgb)) + 0.0722 * at(qBlue(rgb));
  // Black and white contrast equally with luminance 0.179, at 4.58:1.
  return luminance > 0.179 ? QColor(Qt::black) : QColor(Qt::white);
}

const DivergingTable& divergingTable(Theme theme) {
  static const DivergingTable light = makeDivergingTable(Theme::Light);
  static const DivergingTable dark = makeDivergingTable(Theme::Dark);
  return theme == Theme::Light ? light : dark;
}

QRgb divergingColor(float value, float domain, Theme theme) {
  return divergingTable(theme)[divergingIndex(value, domain)];
}

double roundUp125(double value) {
  const double power = std::pow(10.0, std::floor(std::log10(value)));
  for (const double step : {1.0, 2.0, 5.0}) {
    if (value <= step * power * (1 + 1e-9)) return step * power;
  }
  return 10 * power;
}

bool ColorDomain::update(float standard_deviation) {
  if (!(standard_deviation > 0) || !std::isfinite(standard_deviation)) return false;
  const double wanted = static_cast<double>(deviations) * static_cast<double>(standard_deviation);
  const double current = static_cast<double>(value_);
  // A step up when the wanted domain is 15 % above the step, down when it is 15 % below the next lower one.
  const bool grow = wanted > 1.15 * current;
  const bool shrink = roundUp125(wanted / 0.85) < 0.99 * current;
  if (!fresh_ && !grow && !shrink) return false;
  const auto next = static_cast<float>(roundUp125(wanted));
  const bool changed = fresh_ || next != value_;
  fresh_ = false;
  value_ = next;
  return changed;
}

QColor categoryColor(int slot) {
  // Okabe and Ito, 2008; black last, so that the most frequent categories are colours.
  static constexpr std::array<QRgb, category_count> colors = {0x0072B2, 0xE69F00, 0x009E73, 0xD55E00,
                                                              0x56B4E9, 0xCC79A7, 0xF0E442, 0x000000};
  if (slot < 0 || slot >= category_count) return QColor(0x888888);
  return QColor(colors[static_cast<std::size_t>(slot)]);
}

QColor categoryCasing(int slot, Theme theme) {
  const QColor ground = themePalette(theme).color(QPalette::Base);
  const QColor fill = categoryColor(slot);
  if (contrastRatio(fill, ground) >= 3) return ground;
  const QColor end = theme == Theme::Light ? QColor(Qt::black) : QColor(Qt::white);
  for (float t = 0.1F; t < 1; t += 0.05F) {
    const QColor mixed =
        QColor::fromRgbF(std::lerp(fill.redF(), end.redF(), t), std::lerp(fill.greenF(), end.greenF(), t),
                         std::lerp(fill.blueF(), end.blueF(), t));
    if (contrastRatio(mixed, ground) >= 3.5) return mixed;
  }
  return end;
}

namespace {

/// The genre of each slot.
constexpr std::array<std::string_view, category_count> slot_genres = {"Drama",  "Comedy",  "Crime",     "Action",
                                                                      "Sci-Fi", "Romance", "Animation", "Horror"};

int fixedSlotOf(std::string_view genre) {
  const auto found = std::find(slot_genres.begin(), slot_genres.end(), genre);
  return found == slot_genres.end() ? GenreColors::other : static_cast<int>(found - slot_genres.begin());
}

}  // namespace

GenreColors::GenreColors(const RatingSet& ratings, ThreadPool* pool) : slot_of_genre_(ratings.genres.size(), other) {
  // Where the genres lie in memory is anywhere: they are looked up once.
  std::vector<std::int32_t> first_genre(ratings.movie_info.size());
  eachChunk(pool, first_genre.size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const auto& genres = ratings.movie_info[i].genre_index;
      first_genre[i] = genres.empty() ? -1 : genres.front();
    }
  });
  std::vector<std::size_t> movies(ratings.genres.size(), 0);
  std::size_t rest = 0;
  for (const std::int32_t genre : first_genre) ++(genre >= 0 ? movies[static_cast<std::size_t>(genre)] : rest);
  const bool known = std::any_of(ratings.genres.begin(), ratings.genres.end(),
                                 [](const std::string& genre) { return fixedSlotOf(genre) != other; });
  std::vector<std::size_t> order(movies.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return movies[a] > movies[b]; });
  int next = 0;
  for (const std::size_t genre : order) {
    if (movies[genre] == 0 && !known) break;
    const int slot = known ? fixedSlotOf(ratings.genres[genre]) : next < category_count ? next++ : other;
    slot_of_genre_[genre] = slot;
    if (slot == other) {
      rest += movies[genre];
    } else if (movies[genre] > 0) {
      legend_.push_back({slot, QString::fromStdString(ratings.genres[genre]), movies[genre]});
    }
  }
  std::sort(legend_.begin(), legend_.end(), [](const Entry& a, const Entry& b) { return a.slot < b.slot; });
  if (rest > 0) legend_.push_back({other, {}, rest});

  slot_of_movie_.assign(ratings.movie_count(), static_cast<std::int8_t>(other));
  for (std::size_t i = 0; i < first_genre.size() && i < slot_of_movie_.size(); ++i) {
    slot_of_movie_[i] = static_cast<std::int8_t>(slotOfGenre(first_genre[i]));
  }
}

int GenreColors::slotOfGenre(std::int32_t genre) const {
  const auto index = static_cast<std::size_t>(genre);
  return genre >= 0 && index < slot_of_genre_.size() ? slot_of_genre_[index] : other;
}

int GenreColors::slotOfMovie(MovieRow movie) const {
  const auto index = static_cast<std::size_t>(movie.value);
  return movie.valid() && index < slot_of_movie_.size() ? slot_of_movie_[index] : other;
}

}  // namespace rowlight
