#pragma once

#include <QString>
#include <QStringList>

#include <optional>

#include "core/ratings/reader.h"

namespace rowlight {

// What the file doctor's fields say, as pure functions between texts and ReadOptions.

/// One guess that the person can correct: a field of the form.
enum class Guess {
  Format,
  Delimiter,
  Columns,
  Header,
  SkipLines,
  Encoding,
  Scale,
  Missing,
  Duplicates,
  Items,
  MaxBadLines,
};
inline constexpr Guess all_guesses[] = {Guess::Format,     Guess::Delimiter, Guess::Columns,    Guess::Header,
                                        Guess::SkipLines,  Guess::Encoding,  Guess::Scale,      Guess::Missing,
                                        Guess::Duplicates, Guess::Items,     Guess::MaxBadLines};

/// The option's name on the command line, without dashes: "skip-lines".
[[nodiscard]] QString optionOf(Guess guess);
/// The reverse; knows the names of ReadOptions too ("skip_lines", "items_file").
[[nodiscard]] std::optional<Guess> guessOf(const QString& option);
/// "Skip lines".
[[nodiscard]] QString labelOf(Guess guess);

/// What the option of that name would be as text: "0", "1:5", "yes", "\\t"; empty where it is left to the detection.
[[nodiscard]] QString valueOf(Guess guess, const ReadOptions& options);
/// Sets an option from such a text; an empty one gives it back to the detection. Returns false, and changes nothing,
/// where the text is not of the option's kind.
bool setValue(Guess guess, const QString& text, ReadOptions& options);
/// Whether the option says anything.
[[nodiscard]] bool isGiven(Guess guess, const ReadOptions& options);

/// The texts that can be chosen for an option, beside "auto"; empty where anything may be typed.
[[nodiscard]] QStringList choicesOf(Guess guess);
/// How a value is shown: TAB for "\t", "keep the last" for "last"; most as they are.
[[nodiscard]] QString shownValue(Guess guess, const QString& value);

/// What was detected, as shown in "auto (TAB)"; empty where the report does not know.
[[nodiscard]] QString detectedValue(Guess guess, const LoadReport& report);
/// Why, in one sentence; empty where there is nothing to say.
[[nodiscard]] QString evidenceOf(Guess guess, const LoadReport& report);

/// The option that an error's hint says to set, if it names one as on the command line: "skip them with --skip-lines
/// 3".
[[nodiscard]] std::optional<Advice> adviceIn(const Error& error);

/// The field that an error belongs to: the one that it or its hint names; for a usage error without a name the first
/// given option that is refused on its own, else `last` where it is given, else the only one given.
[[nodiscard]] std::optional<Guess> blamedGuess(const Error& error, const ReadOptions& options,
                                               std::optional<Guess> last);

}  // namespace rowlight
