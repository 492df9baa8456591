#pragma once

#include <QWidget>

#include <array>

class QAction;
class QActionGroup;

namespace rowlight {

/// The pages of the window, in the order of the rail and of the keys 1-4.
enum class Page { Lookup, Train, Explore, Cost };
inline constexpr int page_count = 4;

/// The rail at the left edge: one button a page, exactly one is checked.
class Rail : public QWidget {
  Q_OBJECT

 public:
  explicit Rail(QWidget* parent = nullptr);

  [[nodiscard]] Page current() const { return current_; }
  /// Emits pageChosen() when the page is another one.
  void setCurrent(Page page);

  /// For the menu. Object names actionPageLookup, actionPageTrain, ...; the shortcuts 1-4 are set.
  [[nodiscard]] QAction* action(Page page) const { return actions_[static_cast<std::size_t>(page)]; }

 signals:
  void pageChosen(rowlight::Page page);

 private:
  std::array<QAction*, page_count> actions_{};
  Page current_ = Page::Train;
};

}  // namespace rowlight
