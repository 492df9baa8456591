#pragma once

#include <QScrollArea>

#include <functional>
#include <optional>
#include <vector>

#include "core/ratings/reader.h"
#include "ui/data/guess_values.h"

class QLabel;
class QVBoxLayout;

namespace rowlight {

class FieldProblem;

/// The file doctor's guesses, one field each: what was detected stands in it as "auto (TAB)" and why stands under it,
/// and so does what is wrong with it.
class GuessForm : public QScrollArea {
  Q_OBJECT

 public:
  explicit GuessForm(QWidget* parent = nullptr);

  /// What the fields say; nothing while one of them is not of its kind (which it then says).
  [[nodiscard]] std::optional<ReadOptions> options() const;
  /// Fills the fields and forgets what was detected before.
  void setOptions(const ReadOptions& options);
  /// Sets one field, as if it was typed. Returns false where the value is not of its kind.
  bool choose(Guess guess, const QString& value);

  /// Shows what reading with `options` found.
  void showReport(const ReadOptions& options, const LoadReport& report);
  /// Puts the sentence under the field and takes it from all others; an empty sentence clears all.
  void showProblem(Guess guess, const QString& sentence);
  void clearProblems();

  void focusOn(Guess guess);
  /// The field that was changed last.
  [[nodiscard]] std::optional<Guess> lastChanged() const { return last_; }

 signals:
  /// The person changed a field; `options()` says what it comes to.
  void changed();
  /// A field was left, or Enter was pressed in it.
  void finished();

 protected:
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Field {
    Guess guess = Guess::Format;
    QWidget* editor = nullptr;
    QLabel* evidence = nullptr;
    FieldProblem* problem = nullptr;
    std::function<QString()> read;
    std::function<void(const QString& value)> write;
    std::function<void(const QString& detected)> showDetected;
  };

  void addFields();
  Field& addField(Guess guess, QWidget* editor, QWidget* row, const QString& tip);
  void addChoice(Guess guess, const QString& tip);
  void addDelimiter();
  void addText(Guess guess, const QString& tip);
  void addSkipLines();
  void addItems();
  void chooseItems();
  void onEdit(Guess guess);
  [[nodiscard]] Field& fieldOf(Guess guess);
  [[nodiscard]] static QString mistakeOf(Guess guess);

  QVBoxLayout* rows_ = nullptr;
  std::vector<Field> fields_;
  std::optional<Guess> last_;
  bool writing_ = false;
};

}  // namespace rowlight
