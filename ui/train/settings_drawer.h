#pragma once

#include <QWidget>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "ui/common/workbench.h"

class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;
class QSpinBox;

namespace rowlight {

/// Edits the settings of a run. Follows the frame's settings until something is changed here; a change takes
/// effect with the button, which starts over (and asks first where trained state would be lost).
class SettingsDrawer : public QWidget {
  Q_OBJECT

 public:
  /// Asks whether `batches` batches of training may be thrown away.
  using Question = std::function<bool(QWidget* parent, std::uint64_t batches)>;

  explicit SettingsDrawer(Workbench* workbench, QWidget* parent = nullptr);

  /// What the fields say; nothing while one of them does not hold a number.
  [[nodiscard]] std::optional<TrainSettings> settings() const;
  /// Fills the fields.
  void setSettings(const TrainSettings& settings);
  [[nodiscard]] bool edited() const;
  void setQuestion(Question question) { question_ = std::move(question); }

 public slots:
  void apply();
  void discard();

 signals:
  void closeRequested();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  // One line of the form. The reader puts the field's value into settings (false: not a number); blame is found by
  // putting a single field into settings that are known to be good.
  struct Field {
    QWidget* editor = nullptr;
    QLabel* problem = nullptr;
    QString label;
    std::function<bool(TrainSettings&)> read;
    std::function<void(const TrainSettings&)> write;
    std::function<bool(const TrainSettings&)> applies;  // empty: always
  };

  QWidget* makeHeader();
  QWidget* makeForm();
  QWidget* makeFooter();
  void addModelFields();
  void addRunFields();
  void addOptimizerFields();
  void addFastFields();
  void addDataFields();
  Field& addField(const QString& label, QWidget* editor, const char* name, const QString& tip);
  void addNumber(const QString& label, const char* name, const QString& tip,
                 const std::function<double&(TrainSettings&)>& member,
                 const std::function<bool(const TrainSettings&)>& applies = {});
  void addCount(const QString& label, const char* name, const QString& tip,
                const std::function<std::int64_t(const TrainSettings&)>& get,
                const std::function<void(TrainSettings&, std::int64_t)>& set);
  QComboBox* addChoice(const QString& label, const char* name, const QString& tip, const QStringList& choices,
                       const std::function<int(const TrainSettings&)>& get,
                       const std::function<void(TrainSettings&, int)>& set);
  void present(const Frame& frame);
  void onEdit();
  void onOptimizer();
  void check();
  [[nodiscard]] QString problemOf(const Field& field, const Error& error) const;
  [[nodiscard]] bool startsOver(const TrainSettings& settings) const;

  Workbench* workbench_;
  Question question_;
  TrainSettings base_;  // the frame's: what the fields are compared with
  TrainSettings last_read_;
  OptimizerKind optimizer_ = OptimizerKind::AdamW;
  bool writing_ = false;
  bool under_way_ = false;  // the run has been trained
  std::vector<Field> fields_;
  QFormLayout* form_ = nullptr;
  QLabel* problem_ = nullptr;
  QPushButton* apply_ = nullptr;
  QPushButton* discard_ = nullptr;
};

}  // namespace rowlight
