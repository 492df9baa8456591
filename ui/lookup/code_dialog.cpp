#include "ui/lookup/code_dialog.h"

#include <QApplication>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QFileDialog>
#include <QFontDatabase>
#include <QLabel>
#include <QMessageBox>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSaveFile>
#include <QVBoxLayout>

namespace rowlight {

CodeDialog::CodeDialog(QWidget* parent) : QDialog(parent) {
  setObjectName(QStringLiteral("codeDialog"));
  setWindowTitle(tr("The same pass in PyTorch"));
  auto* explanation =
      new QLabel(tr("This program does in PyTorch what is on the screen, and checks the numbers."), this);
  explanation->setWordWrap(true);
  text_ = new QPlainTextEdit(this);
  text_->setObjectName(QStringLiteral("codeText"));
  text_->setAccessibleName(tr("PyTorch program"));
  text_->setReadOnly(true);
  text_->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  text_->setLineWrapMode(QPlainTextEdit::NoWrap);
  auto* buttons = new QDialogButtonBox(this);
  QPushButton* copy = buttons->addButton(tr("&Copy"), QDialogButtonBox::ActionRole);
  copy->setObjectName(QStringLiteral("codeCopy"));
  QPushButton* save = buttons->addButton(tr("&Save…"), QDialogButtonBox::ActionRole);
  save->setObjectName(QStringLiteral("codeSave"));
  buttons->addButton(QDialogButtonBox::Close);
  auto* layout = new QVBoxLayout(this);
  layout->addWidget(explanation);
  layout->addWidget(text_, 1);
  layout->addWidget(buttons);
  connect(copy, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(program()); });
  connect(save, &QPushButton::clicked, this, &CodeDialog::askAndSave);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  resize(QFontMetrics(text_->font()).averageCharWidth() * 100, QFontMetrics(text_->font()).lineSpacing() * 34);
}

void CodeDialog::setProgram(const QString& program) { text_->setPlainText(program); }

QString CodeDialog::program() const { return text_->toPlainText(); }

QString CodeDialog::saveTo(const QString& path) const {
  QSaveFile file(path);
  const QByteArray bytes = program().toUtf8();
  if (file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit()) return {};
  return tr("%1 could not be written: %2. Choose another place.").arg(path, file.errorString());
}

void CodeDialog::askAndSave() {
  const QString path = QFileDialog::getSaveFileName(this, tr("Save the program"), QStringLiteral("lookup.py"),
                                                    tr("Python programs (*.py);;All files (*)"));
  if (path.isEmpty()) return;
  const QString problem = saveTo(path);
  if (!problem.isEmpty()) QMessageBox::warning(this, tr("Not saved"), problem);
}

}  // namespace rowlight
