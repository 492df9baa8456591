#pragma once

#include <string>

#include "core/base/error.h"
#include "core/io/safetensors.h"
#include "core/train/lookup_results.h"

namespace rowlight {

/// Tables of more numbers are not written into a program.
inline constexpr std::size_t most_numbers_in_a_program = 4096;

/// A Python program for torch 1.13 or 2.x that computes the pass of `input` by lookup and by one-hot product, forward,
/// backward and with the optimizer's first step, and asserts that it gets `results`: a looked-up output to the last
/// bit, all else within one millionth of the sum of the absolute terms. Arrays that `results` leaves empty are not
/// compared. The numbers stand in the program, bit for bit. Of a table of more than most_numbers_in_a_program only the
/// looked-up rows (and those with NaN or infinity) do, and the others are zero there, unless `weight_npy` names a file
/// with the table, which the program then reads.
/// Pre: LookupPass::create() accepts the input, and gave the results on it.
[[nodiscard]] std::string pytorch_program(const LookupInput& input, const LookupResults& results,
                                          const std::string& weight_npy = {});

/// A Python program that reads the tables of a saved run from `path` without further packages, defines fastai's module
/// that they belong to, and asserts that its predictions for some users and movies are Rowlight's.
/// Errors: BadInput when `file`, the content of `path`, is no saved run.
[[nodiscard]] Expected<std::string> pytorch_program(const TensorFile& file, const std::string& path);

}  // namespace rowlight
