#pragma once

#include <string_view>

namespace rowlight::io {

// The parts of the program of one pass that are always the same.

inline constexpr std::string_view introduction =
    R"("""One pass of an embedding layer in PyTorch: rows looked up, and the same rows as a product of matrices.

Rowlight wrote this program. What is named rowlight_... is what Rowlight computed. The program computes the same with
PyTorch (1.13 or 2.x) and stops with an AssertionError where it gets something else.
"""
)";

inline constexpr std::string_view helpers = R"(

def same_bits(a, b):
    """Whether two float32 tensors are equal to the last bit: -0.0 is not 0.0, and a NaN equals the same NaN."""
    return torch.equal(a.detach().contiguous().view(torch.int32), b.contiguous().view(torch.int32))


def magnitude(a):
    """Absolute values as float64. NaN and infinity count as zero: close() compares them as what they are."""
    return a.detach().double().nan_to_num(0.0, 0.0, 0.0).abs()


def close(a, b, terms):
    """Whether a and b differ by at most one millionth of `terms`, the sum of the absolute values that were added up.

    Adding float32 numbers in another order changes the last bits of a sum. NaN and infinity must be the same.
    """
    a, b = a.detach().double(), b.double()
    finite = torch.isfinite(b)
    smallest = 2.0**-149  # of all float32 numbers
    return (
        torch.equal(a.isnan(), b.isnan())
        and torch.equal(a[~finite].nan_to_num(), b[~finite].nan_to_num())
        and bool(((a - b).abs() <= 1e-6 * terms + smallest)[finite].all())
    )

)";

}  // namespace rowlight::io
