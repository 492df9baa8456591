#include "ui/data/file_doctor.h"

#include <QAccessible>
#include <QCloseEvent>
#include <QDataStream>
#include <QFileInfo>
#include <QFontMetrics>
#include <QHBoxLayout>
#include <QIODevice>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QScreen>
#include <QScrollBar>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>

#include "ui/common/elided_label.h"
#include "ui/common/format.h"
#include "ui/common/key_policy.h"
#include "ui/common/palette.h"
#include "ui/common/typography.h"
#include "ui/data/guess_form.h"
#include "ui/data/report_tabs.h"
#include "ui/data/report_text.h"

namespace rowlight {
namespace {

constexpr int rest_ms = 200;
constexpr int slow_ms = 200;
constexpr quint32 state_magic = 0x526C4431;  // "RlD1"
constexpr QSize first_size(1080, 680);

}  // namespace

FileDoctor::FileDoctor(QWidget* parent) : QDialog(parent) {
  setObjectName(QStringLiteral("fileDoctor"));
  setWindowTitle(tr("File doctor"));
  setSizeGripEnabled(true);
  makeLayout();
  rest_.setSingleShot(true);
  rest_.setInterval(rest_ms);
  connect(&rest_, &QTimer::timeout, this, &FileDoctor::read);
  slow_.setSingleShot(true);
  slow_.setInterval(slow_ms);
  connect(&slow_, &QTimer::timeout, this, [this] {
    progress_->show();
    say(tr("Reading %1 …").arg(QFileInfo(path_).fileName()), false);
  });
  connect(form_, &GuessForm::changed, this, &FileDoctor::onGuess);
  connect(form_, &GuessForm::finished, this, &FileDoctor::flush);
  connect(tabs_, &ReportTabs::adviceTaken, this, &FileDoctor::takeAdvice);
  connect(tabs_, &QTabWidget::tabBarClicked, this, [this] { tabChosen_ = true; });
  KeyPolicy::install();
  resize(first_size.boundedTo(screen()->availableSize() - QSize(16, 48)));
}

FileDoctor::~FileDoctor() {
  // A field that loses the focus at the end says so to the dialog, so it goes before it.
  delete halves_;
}

void FileDoctor::makeLayout() {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(16, 12, 16, 12);
  layout->setSpacing(8);
  file_ = new ElidedLabel(Qt::ElideMiddle, this);
  file_->setObjectName(QStringLiteral("doctorFile"));
  file_->setForegroundRole(QPalette::PlaceholderText);
  verdict_ = makeSentence(this, "doctorVerdict");
  QFont heading = numberFont(TextSize::Large);
  heading.setWeight(QFont::DemiBold);
  verdict_->setFont(heading);
  counts_ = makeSentence(this, "doctorCounts");
  counts_->setFont(numberFont(TextSize::Normal));
  layout->addWidget(file_);
  layout->addWidget(verdict_);
  layout->addWidget(counts_);
  halves_ = new QSplitter(Qt::Horizontal, this);
  halves_->setObjectName(QStringLiteral("doctorHalves"));
  halves_->setChildrenCollapsible(false);
  form_ = new GuessForm(halves_);
  tabs_ = new ReportTabs(halves_);
  halves_->addWidget(form_);
  halves_->addWidget(tabs_);
  halves_->setStretchFactor(0, 0);
  halves_->setStretchFactor(1, 1);
  halves_->setSizes({QFontMetrics(font()).averageCharWidth() * 44, 1000});
  layout->addWidget(halves_, 1);
  layout->addWidget(makeFooter());
}

QWidget* FileDoctor::makeFooter() {
  auto* footer = new QWidget(this);
  auto* layout = new QHBoxLayout(footer);
  layout->setContentsMargins(0, 0, 0, 0);
  progress_ = new QWidget(footer);
  auto* row = new QHBoxLayout(progress_);
  row->setContentsMargins(0, 0, 0, 0);
  bar_ = new QProgressBar(progress_);
  bar_->setObjectName(QStringLiteral("doctorProgress"));
  bar_->setAccessibleName(tr("Share of the file that is read"));
  bar_->setFont(numberFont(TextSize::Normal));
  cancel_ = new QPushButton(tr("&Cancel"), progress_);
  cancel_->setObjectName(QStringLiteral("doctorCancel"));
  cancel_->setToolTip(tr("Stop reading (Esc)"));
  row->addWidget(bar_, 1);
  row->addWidget(cancel_);
  QSizePolicy room(QSizePolicy::Expanding, QSizePolicy::Preferred);
  room.setRetainSizeWhenHidden(true);
  progress_->setSizePolicy(room);
  progress_->hide();
  open_ = new QPushButton(tr("&Open"), footer);
  open_->setObjectName(QStringLiteral("doctorOpen"));
  open_->setDefault(true);
  close_ = new QPushButton(tr("C&lose"), footer);
  close_->setObjectName(QStringLiteral("doctorClose"));
  close_->setToolTip(tr("Close and keep what is open (Esc)"));
  layout->addWidget(progress_, 1);
  layout->addWidget(open_);
  layout->addWidget(close_);
  connect(cancel_, &QPushButton::clicked, this, [this] { setState(State::Cancelled); });
  connect(close_, &QPushButton::clicked, this, [this] {
    forget();
    QDialog::reject();
  });
  connect(open_, &QPushButton::clicked, this, [this] {
    const Inspection chosen = *shown_;  // who listens may close the dialog
    emit openRequested(chosen);
  });
  return footer;
}

void FileDoctor::begin(const QString& path, const ReadOptions& options) {
  forget();
  path_ = path;
  tabChosen_ = false;
  const QString name = QFileInfo(path).fileName();
  setWindowTitle(name.isEmpty() ? tr("File doctor") : tr("%1 – file doctor").arg(name));
  file_->setText(path);
  form_->setOptions(options);
  form_->verticalScrollBar()->setValue(0);
  tabs_->clear();
  tabs_->setCurrentIndex(ReportTabs::Preview);
  counts_->clear();
  open();
}

void FileDoctor::examine(const QString& path, const ReadOptions& options) {
  begin(path, options);
  say(tr("Reading %1 …").arg(QFileInfo(path).fileName()), false);
  read();
}

void FileDoctor::showOpened(const Inspection& inspection) {
  begin(inspection.path, inspection.options);
  showInspection(inspection);
  setState(State::Opened);
  // Who asks for the report of an open file has read that there is something in it.
  const LoadReport& report = *inspection.report;
  if (!report.bad_lines.empty()) {
    tabs_->setCurrentIndex(ReportTabs::Problems);
  } else if (!report.advice.empty()) {
    tabs_->setCurrentIndex(ReportTabs::Notes);
  }
}

void FileDoctor::forget() {
  rest_.stop();
  shown_.reset();
  setState(State::Read);
  tabs_->clear();  // the report may be large
}

void FileDoctor::stopReading() {
  if (state_ == State::Reading) emit cancelRequested();
}

void FileDoctor::setState(State state) {
  if (state != State::Reading) {
    stopReading();
    slow_.stop();
    progress_->hide();
  }
  state_ = state;
  // Ratings of other options than the fields show will not be opened any more.
  const bool current = state == State::Read || state == State::Opened;
  if (!current && shown_) shown_->ratings.reset();
  open_->setEnabled(state == State::Read && shown_ && shown_->ratings);
  open_->setToolTip(state == State::Opened ? tr("The file is open like this")
                    : open_->isEnabled()   ? tr("Open these ratings; a new run starts (Enter)")
                                           : tr("Nothing that could be opened has been read yet"));
  if (state == State::Cancelled) {
    say(tr("The reading was cancelled. Change a guess to read the file again."), false);
    counts_->clear();
  }
}

void FileDoctor::onGuess() {
  const bool valid = form_->options().has_value();
  setState(valid ? State::Waiting : State::Refused);
  if (valid) {
    form_->clearProblems();
    rest_.start();
  } else {
    rest_.stop();
    askToCorrect();
  }
}

void FileDoctor::flush() {
  if (rest_.isActive()) {
    rest_.stop();
    read();
  }
}

void FileDoctor::read() {
  const auto options = form_->options();
  if (!options) return;
  bar_->setRange(0, 0);
  setState(State::Reading);
  slow_.start();
  emit inspectRequested(path_, *options);
}

void FileDoctor::showProgress(qulonglong bytesDone, qulonglong bytesTotal) {
  if (!reading()) return;
  // Thousandths, since a progress bar counts in int and files have more bytes than that.
  bar_->setRange(0, bytesTotal > 0 ? 1000 : 0);
  if (bytesTotal == 0) return;
  const double share = static_cast<double>(bytesDone) / static_cast<double>(bytesTotal);
  bar_->setValue(static_cast<int>(1000 * std::clamp(share, 0.0, 1.0)));
  bar_->setFormat(
      tr("%1 of %2").arg(formatBytes(static_cast<double>(bytesDone)), formatBytes(static_cast<double>(bytesTotal))));
}

void FileDoctor::showInspection(const Inspection& inspection) {
  state_ = State::Read;  // it has ended by itself: there is nothing to cancel
  shown_ = inspection;
  setState(State::Read);
  form_->clearProblems();
  if (inspection.error) {
    const auto guess = blamedGuess(*inspection.error, inspection.options, form_->lastChanged());
    if (guess) {
      form_->showProblem(*guess, breakable(errorSentence(*inspection.error)));
      // An option that is refused says nothing about the file: what was known of it stays in sight.
      if (inspection.error->kind == ErrorKind::Usage) {
        askToCorrect();
        return;
      }
    }
  }
  form_->showReport(inspection.options, *inspection.report);
  tabs_->showInspection(inspection);
  counts_->setText(breakable(countsOf(inspection)));
  counts_->setVisible(!counts_->text().isEmpty());
  say(verdictOf(inspection), inspection.error.has_value());
  if (!tabChosen_) chooseTab(inspection);
}

void FileDoctor::askToCorrect() { say(tr("Correct the field that is marked: the file is read again at once."), true); }

void FileDoctor::chooseTab(const Inspection& inspection) {
  const LoadReport& report = *inspection.report;
  const bool problems = inspection.error || !report.bad_lines.empty();
  tabs_->setCurrentIndex(report.preview.empty() && problems ? ReportTabs::Problems : ReportTabs::Preview);
}

void FileDoctor::takeAdvice(const Advice& advice) {
  const auto guess = guessOf(QString::fromStdString(advice.option));
  if (!guess || !form_->choose(*guess, QString::fromStdString(advice.value))) return;
  form_->focusOn(*guess);
  flush();
}

void FileDoctor::say(const QString& verdict, bool wrong) {
  wrong_ = wrong;
  colorVerdict();
  if (verdict == verdict_->accessibleName()) return;
  verdict_->setText(breakable(verdict));
  verdict_->setAccessibleName(verdict);
  QAccessibleEvent alert(verdict_, QAccessible::Alert);
  QAccessible::updateAccessibility(&alert);
}

void FileDoctor::colorVerdict() {
  QPalette own = palette();
  if (wrong_) own.setColor(QPalette::WindowText, warningColor(themeOf(own)));
  verdict_->setPalette(own);
}

QByteArray FileDoctor::saveState() const {
  QByteArray out;
  QDataStream stream(&out, QIODevice::WriteOnly);
  stream << state_magic << size() << halves_->saveState();
  return out;
}

bool FileDoctor::restoreState(const QByteArray& state) {
  QDataStream stream(state);
  quint32 magic = 0;
  QSize all;
  QByteArray halves;
  stream >> magic >> all >> halves;
  if (stream.status() != QDataStream::Ok || magic != state_magic) return false;
  resize(all.boundedTo(screen()->availableSize()));
  return halves_->restoreState(halves);
}

void FileDoctor::reject() {
  // The first Esc stops the reading, the next one closes.
  if (reading()) {
    setState(State::Cancelled);
    return;
  }
  forget();
  QDialog::reject();
}

void FileDoctor::closeEvent(QCloseEvent* event) {
  forget();
  QDialog::closeEvent(event);
}

void FileDoctor::changeEvent(QEvent* event) {
  QDialog::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && verdict_) colorVerdict();
}

}  // namespace rowlight
