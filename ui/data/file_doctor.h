#pragma once

#include <QDialog>
#include <QTimer>

#include <optional>

#include "ui/data/inspection.h"

class QLabel;
class QProgressBar;
class QPushButton;
class QSplitter;

namespace rowlight {

class ElidedLabel;
class GuessForm;
class ReportTabs;

/// Shows what was found in a rating file and why, and reads it again whenever a guess is corrected. It only asks: who
/// owns it reads the file (`inspectRequested`), tells how far that is and what came of it, and opens what was read.
class FileDoctor : public QDialog {
  Q_OBJECT

 public:
  explicit FileDoctor(QWidget* parent = nullptr);
  ~FileDoctor() override;

  /// Shows itself and asks for the file to be read.
  void examine(const QString& path, const ReadOptions& options = {});
  /// Shows itself with what is known about a file that is open already; reads nothing until something is changed.
  void showOpened(const Inspection& inspection);

  void showProgress(qulonglong bytesDone, qulonglong bytesTotal);
  /// What was asked for last has been read, or could not be.
  void showInspection(const Inspection& inspection);

  [[nodiscard]] const QString& path() const { return path_; }
  [[nodiscard]] bool reading() const { return state_ == State::Reading; }

  /// The size of the dialog and of its halves.
  [[nodiscard]] QByteArray saveState() const;
  bool restoreState(const QByteArray& state);

  void reject() override;

 signals:
  /// The file is to be read with these options, in place of what is being read.
  void inspectRequested(const QString& path, const rowlight::ReadOptions& options);
  /// What is being read is not needed any more; nothing needs to be said about it.
  void cancelRequested();
  /// Open was chosen: these ratings are to be installed. The dialog stays until someone closes it.
  void openRequested(const rowlight::Inspection& inspection);

 protected:
  void closeEvent(QCloseEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  enum class State {
    Waiting,    ///< a guess was changed; it is read when the typing rests
    Reading,    ///< asked for, not answered
    Refused,    ///< a field does not hold a value of its kind
    Cancelled,  ///< the person stopped the reading
    Read,       ///< shown_ is what the fields say
    Opened,     ///< likewise, and it is what is open in the window
  };

  void makeLayout();
  QWidget* makeFooter();
  void begin(const QString& path, const ReadOptions& options);
  void onGuess();
  void flush();
  void read();
  void stopReading();
  void forget();
  void setState(State state);
  void takeAdvice(const Advice& advice);
  void askToCorrect();
  void chooseTab(const Inspection& inspection);
  void say(const QString& verdict, bool wrong);
  void colorVerdict();

  QString path_;
  State state_ = State::Read;
  std::optional<Inspection> shown_;
  bool tabChosen_ = false;  // by the person, who then keeps it
  bool wrong_ = false;      // the verdict is an error
  QTimer rest_;             // of the typing
  QTimer slow_;             // what takes no longer is not worth a word
  ElidedLabel* file_ = nullptr;
  QLabel* verdict_ = nullptr;
  QLabel* counts_ = nullptr;
  QSplitter* halves_ = nullptr;
  GuessForm* form_ = nullptr;
  ReportTabs* tabs_ = nullptr;
  QWidget* progress_ = nullptr;
  QProgressBar* bar_ = nullptr;
  QPushButton* cancel_ = nullptr;
  QPushButton* open_ = nullptr;
  QPushButton* close_ = nullptr;
};

}  // namespace rowlight
