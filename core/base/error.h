#pragma once

#include <cstdint>
#include <string>

#include <tl/expected.hpp>

namespace rowlight {

/// Why an operation failed; decides the exit code of rowlight-cli and where the window shows the message.
enum class ErrorKind {
  Usage,      ///< options that contradict each other or are out of range (exit code 2)
  BadInput,   ///< the content of a file is not what it has to be (exit code 3)
  Io,         ///< a file could not be read or written (exit code 4)
  Diverged,   ///< training produced a loss that is not finite (exit code 5)
  Cancelled,  ///< the person or a signal asked to stop (exit code 130)
};

/// A failure as a value: what happened, where, and what to do about it. Immutable after creation, safe to copy
/// between threads.
struct Error {
  ErrorKind kind = ErrorKind::BadInput;
  std::string what;          ///< what was found, one sentence part without a full stop
  std::string hint;          ///< what was expected or what to do next; may be empty
  std::string file;          ///< the file concerned; may be empty
  std::uint64_t line = 0;    ///< counted from 1; 0 where no line is to blame
  std::uint64_t column = 0;  ///< byte column in that line, counted from 1; 0 where unknown
  std::string field = {};    ///< the option concerned under torch's name ("padding_idx", "offsets"); may be empty

  /// `FILE:LINE:COLUMN: what; hint`, without the parts that are not known.
  [[nodiscard]] std::string message() const;

  /// The exit code that rowlight-cli ends with for this error.
  [[nodiscard]] int exit_code() const;
};

template <class T>
using Expected = tl::expected<T, Error>;

/// Shorthand for returning an Error from a function that returns Expected<T>.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string what, std::string hint = {}) {
  return tl::make_unexpected(Error{kind, std::move(what), std::move(hint), {}, 0, 0});
}

/// The same, for an option that a window shows the message at.
[[nodiscard]] inline tl::unexpected<Error> fail_at(std::string field, ErrorKind kind, std::string what,
                                                   std::string hint = {}) {
  return tl::make_unexpected(Error{kind, std::move(what), std::move(hint), {}, 0, 0, std::move(field)});
}

}  // namespace rowlight
