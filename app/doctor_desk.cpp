#include "app/doctor_desk.h"

#include "app/engine_host.h"
#include "ui/data/file_doctor.h"

namespace rowlight {

DoctorDesk::DoctorDesk(EngineHost* engine, QWidget* window) : engine_(engine), window_(window) {
  connect(engine_, &EngineHost::loadFailed, this,
          [this](const QString& path, const Error& error, const ReadOptions& options) {
            if (error.kind == ErrorKind::Cancelled) return;
            last_ = path;
            failed_ = true;
            lastOptions_ = options;
          });
  connect(engine_, &EngineHost::loadFinished, this, [this](const QString& path) {
    if (!path.isEmpty()) {  // the sample is no file; what was said about the one before it still stands
      last_ = path;
      failed_ = false;
    }
    // The person's question is answered. After a no it stays, so that another answer can be given.
    if (doctor_ && doctor_->isVisible()) doctor_->accept();
  });
}

FileDoctor& DoctorDesk::doctor() {
  if (doctor_) return *doctor_;
  doctor_ = new FileDoctor(window_);
  doctor_->restoreState(state_);
  connect(doctor_, &FileDoctor::inspectRequested, engine_, &EngineHost::inspect);
  connect(doctor_, &FileDoctor::cancelRequested, engine_, &EngineHost::cancelInspect);
  connect(doctor_, &FileDoctor::openRequested, engine_, &EngineHost::install);
  connect(engine_, &EngineHost::inspectProgress, doctor_, &FileDoctor::showProgress);
  connect(engine_, &EngineHost::inspected, doctor_, &FileDoctor::showInspection);
  return *doctor_;
}

void DoctorDesk::examine(const QString& path, const ReadOptions& options) { doctor().examine(path, options); }

void DoctorDesk::showOpened() { doctor().showOpened(*engine_->opened()); }

void DoctorDesk::showLast() {
  const auto& opened = engine_->opened();
  if (!failed_ && opened && opened->path == last_) {
    showOpened();
  } else {
    examine(last_, lastOptions_);
  }
}

QByteArray DoctorDesk::saveState() const { return doctor_ ? doctor_->saveState() : state_; }

}  // namespace rowlight
