#include "core/base/error.h"

namespace rowlight {

std::string Error::message() const {
  std::string text;
  if (!file.empty()) {
    text = file;
    if (line != 0) {
      text += ':' + std::to_string(line);
      if (column != 0) text += ':' + std::to_string(column);
    }
    text += ": ";
  }
  text += what;
  if (!hint.empty()) text += "; " + hint;
  return text;
}

int Error::exit_code() const {
  switch (kind) {
    case ErrorKind::Usage: return 2;
    case ErrorKind::BadInput: return 3;
    case ErrorKind::Io: return 4;
    case ErrorKind::Diverged: return 5;
    case ErrorKind::Cancelled: return 130;
  }
  return 3;
}

}  // namespace rowlight
