#pragma once

#include <QWidget>

#include <memory>
#include <optional>

#include "core/train/lookup_view.h"

class QButtonGroup;
class QComboBox;
class QLineEdit;

namespace rowlight {

class FieldProblem;

/// Which table the pass works on, and which of its rows are looked up.
class BatchEditor : public QWidget {
  Q_OBJECT

 public:
  explicit BatchEditor(QWidget* parent = nullptr);

  void setView(std::shared_ptr<const LookupView> view);
  /// The live tables to choose from, and whether they are being trained.
  struct Live {
    std::size_t rows[2] = {0, 0};  ///< of the user and the movie table; 0: there is none
    bool trains = false;           ///< there are batches to follow
    friend bool operator==(const Live&, const Live&) = default;
  };
  void setLive(const Live& live);
  /// Shows a refusal of the source or the indices; returns whether it was one.
  bool showError(const std::optional<Error>& error);

 signals:
  void setupEdited(const rowlight::LookupSetup& setup);

 protected:
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void makeRow();
  void chooseSource(int source);
  void chooseFollow(bool follow);
  void takeIndices();
  void write();
  void showFollow();

  std::shared_ptr<const LookupView> view_;
  Live live_;
  LookupSetup setup_;
  QString written_;
  QComboBox* source_ = nullptr;
  QLineEdit* indices_ = nullptr;
  QButtonGroup* follow_ = nullptr;
  QWidget* follow_box_ = nullptr;
  FieldProblem* problem_ = nullptr;
};

}  // namespace rowlight
