#pragma once

#include <QDialog>

class QPlainTextEdit;

namespace rowlight {

/// Shows a program that reproduces what is on the screen: to read, copy or save.
class CodeDialog : public QDialog {
  Q_OBJECT

 public:
  explicit CodeDialog(QWidget* parent = nullptr);

  void setProgram(const QString& program);
  [[nodiscard]] QString program() const;
  /// Writes the program; a sentence of what went wrong, or empty.
  [[nodiscard]] QString saveTo(const QString& path) const;

 private:
  void askAndSave();
  QPlainTextEdit* text_ = nullptr;
};

}  // namespace rowlight
