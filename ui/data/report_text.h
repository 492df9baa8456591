#pragma once

#include <QString>

#include "ui/data/inspection.h"

namespace rowlight {

// What the file doctor says about a file, as pure functions.

/// "100,000 ratings of 1,682 items by 943 users, 1 to 5, mean 3.53."; for a file that cannot be read its error, with
/// the line and the column.
[[nodiscard]] QString verdictOf(const Inspection& inspection);

/// What was counted beside that: lines, those left out, blank ones, repeated pairs, titles; for a file that cannot be
/// read what was found out until then.
[[nodiscard]] QString countsOf(const Inspection& inspection);

/// A sentence that names options as the command line does, "--columns", with the labels that they have in the window.
[[nodiscard]] QString labelled(QString sentence);

/// The error, with line and column and without the file, which stands in the title.
[[nodiscard]] QString errorSentence(const Error& error);

/// The same for a line that does not fit.
[[nodiscard]] QString badLineSentence(const BadLine& bad);

/// Seconds since 1970 as "1997-12-04 15:55:49".
[[nodiscard]] QString timeText(std::int64_t seconds);

/// A rating as short as it can be: 4, 3.5, −2.25.
[[nodiscard]] QString ratingText(float rating);

/// The text with places to break at in words that are too long for a narrow label, such as a quoted line of a file.
[[nodiscard]] QString breakable(const QString& text);

/// "Declare 0 as missing": what the button of an advice does; empty where it has no option.
[[nodiscard]] QString actionOf(const Advice& advice);

}  // namespace rowlight
