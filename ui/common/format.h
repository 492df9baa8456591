#pragma once

#include <QString>

#include <cstdint>
#include <string_view>

#include "core/base/error.h"
#include "core/simd/kernels.h"
#include "core/train/frame.h"

namespace rowlight {

// Numbers as the window shows them. All texts are English, so the numbers are too, whatever the system's locale.

/// 1250 -> "1,250".
[[nodiscard]] QString formatCount(std::uint64_t count);

/// A number with a fixed count of decimals and a true minus sign; "–" when it is not finite.
[[nodiscard]] QString formatFixed(double value, int decimals);

/// `digits` of a magnitude with the sign of `value`: a true minus, and none for what rounds to zero, since "−0.00"
/// would flicker beside "0.00".
[[nodiscard]] QString withMinus(const QString& digits, double value);

/// Like formatFixed(), always with a sign (a space of a digit's width for 0).
[[nodiscard]] QString formatSigned(double value, int decimals);

/// Three significant digits with a unit prefix, always eight characters wide so that nothing beside it moves:
/// 2134000 -> "2.13 M/s". Padded on the left with spaces as wide as a digit.
[[nodiscard]] QString formatPerSecond(double per_second);

/// Three significant digits of a number from 1 to 999.
[[nodiscard]] QString formatThreeDigits(double value);

/// "512 bytes", "336 kB", "5.35 MB", "1.20 GB" (powers of 1000).
[[nodiscard]] QString formatBytes(double bytes);

/// A short number as one would write it: 0.005, 1e-05, 0.9.
[[nodiscard]] QString formatShort(double value);

/// "epoch 2 of 5, batch 310 of 1,250" for a frame of any state; "pass 1, step 5 of 18" while the Lookup page is shown.
[[nodiscard]] QString formatPosition(const Frame& frame);

/// "943 users × 50 and 1,682 movies × 50 factors from model.txt, read only", or "1,682 × 50 factors from ..." for a
/// single table; empty unless the frame shows factors.
[[nodiscard]] QString formatFactors(const Frame& frame);

/// "playing", "paused", "finished", ...
[[nodiscard]] QString formatState(RunState state);

/// "DotProductBias": the model's name is that of the lessons, not that of the command line.
[[nodiscard]] QString formatModel(ModelKind model);
/// "DotProductBias, 50 factors".
[[nodiscard]] QString formatModel(const TrainSettings& settings);

/// "AVX-512", "AVX2", "SSE4", "NEON", "plain C++".
[[nodiscard]] QString formatTarget(simd::Target target);
/// The same for a target's name as the command line knows it.
[[nodiscard]] QString formatTarget(std::string_view name);

/// A full sentence with its next step, for the place where the mistake is: "The range is empty: give ...".
[[nodiscard]] QString formatError(const Error& error);

}  // namespace rowlight
