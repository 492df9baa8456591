#pragma once

#include <QWidget>

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "core/train/lookup_setup.h"

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;

namespace rowlight {

class FieldProblem;

/// The switches of an embedding and its optimizer. Each change that can be read is sent on at once as a whole setup;
/// what is refused stays in its field with the reason under it.
class OptionPanel : public QWidget {
  Q_OBJECT

 public:
  explicit OptionPanel(QWidget* parent = nullptr);

  /// The engine's setup: the fields follow when it differs from the one before.
  void setSetup(const LookupSetup& setup);
  /// Shows a refusal at its field; nothing clears those that were shown. Returns whether a field here is to blame.
  bool showError(const std::optional<Error>& error);
  /// What the fields say, put into the present setup; nothing while one cannot be read.
  [[nodiscard]] std::optional<LookupSetup> setup();

 signals:
  void setupEdited(const rowlight::LookupSetup& setup);

 private:
  struct Field {
    QWidget* editor = nullptr;
    FieldProblem* problem = nullptr;
    std::function<QString(LookupSetup&)> read;  ///< what is wrong, or empty
    std::function<void(const LookupSetup&)> write;
    std::function<bool(const LookupSetup&)> applies;  ///< empty: always
  };

  Field& addField(const QString& label, QWidget* editor, const char* name, const QString& tip);
  QLineEdit* addText(const QString& label, const char* name, const QString& tip, const QString& empty_text);
  QComboBox* addChoice(const QString& label, const char* name, const QString& tip, const QStringList& choices);
  void addSwitch(const QString& label, const char* name, const QString& tip, bool EmbeddingOptions::*member);
  void addNorm();
  void addBias();
  void addTableOptions();
  void addBagOptions();
  void addOptimizer();
  void edited();
  void writeFields();
  void showApplicable();

  LookupSetup setup_;
  bool written_ = false;
  bool writing_ = false;
  std::map<std::string, Field> fields_;  // by torch's names
  QFormLayout* form_ = nullptr;
  QLabel* following_ = nullptr;
};

}  // namespace rowlight
