#pragma once

#include <QByteArray>
#include <QFile>

#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/base/matrix.h"

/// Reads tests/golden/layer_reference.json; the README there explains every formula and key.
namespace rowlight::test::reference {

using Json = nlohmann::json;

/// What the numbers of a stream are for.
enum Purpose : std::uint64_t {
  Weight = 0,
  Index = 2,
  Padded = 4,
  Gradient = 6,
  Input = 8,
  Bias = 10,
  Size = 12,
  Share = 14,
};

inline std::uint32_t draw(std::uint64_t stream, std::uint64_t i) {
  auto h = static_cast<std::uint32_t>((i + 1) * 2654435761U + stream * 2246822519U);
  h ^= h >> 15U;
  h *= 3266489917U;
  h ^= h >> 16U;
  return h >> 8U;
}

/// Number `i` of a case's tensor: plain ones are uniform in [-2, 2), the other kinds mix in special ones.
inline float value(std::uint64_t stream, std::uint64_t i, const std::string& kind) {
  const double x = (draw(stream, i) / 16777216.0 - 0.5) * 4;
  const std::uint32_t special = draw(stream + 1, i);
  if (kind == "zeros") {
    switch (special % 6) {
      case 0: return -0.0F;
      case 1: return 0.0F;
      case 2: return static_cast<float>(std::ldexp(x, -140));
      default: return static_cast<float>(x);
    }
  }
  if (kind == "poison") {
    switch (special % 40) {
      case 0: return std::numeric_limits<float>::quiet_NaN();
      case 1: return std::numeric_limits<float>::infinity();
      case 2: return -std::numeric_limits<float>::infinity();
      case 3: return -0.0F;
      default: return static_cast<float>(x);
    }
  }
  if (kind == "wide") {
    constexpr int exponents[] = {100, -100, 20, 0, 0, 0, 0, 0};
    return static_cast<float>(std::ldexp(x, exponents[special % 8]));
  }
  return static_cast<float>(x);
}

inline Matrix values(const Json& c, Purpose what, std::size_t rows, std::size_t cols,
                     const std::string& kind = "plain") {
  const std::uint64_t stream = c["seed"].get<std::uint64_t>() * 32 + what;
  Matrix matrix(rows, cols);
  for (std::size_t i = 0; i < rows * cols; ++i) matrix(i / cols, i % cols) = value(stream, i, kind);
  return matrix;
}

inline std::vector<std::int64_t> indices(const Json& c, std::size_t count) {
  const std::uint64_t stream = c["seed"].get<std::uint64_t>() * 32;
  const std::int64_t rows = c["rows"];
  std::vector<std::int64_t> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i] = draw(stream + Index, i) % c["among"].get<std::int64_t>() * 7919 % rows;
    if (!c.contains("padding_idx") || c["padding_idx"].is_null()) continue;
    const std::int64_t padding = c["padding_idx"];
    if (draw(stream + Padded, i) % 3 == 0) result[i] = padding < 0 ? padding + rows : padding;
  }
  return result;
}

/// Where each bag begins, and the end of the last one.
inline std::vector<std::int64_t> begins(const Json& c) {
  const std::uint64_t stream = c["seed"].get<std::uint64_t>() * 32 + Size;
  const std::uint32_t largest = c["largest"];
  std::vector<std::int64_t> begin{0};
  for (std::uint64_t bag = 0; bag < c["bags"].get<std::uint64_t>(); ++bag) {
    begin.push_back(begin.back() + (c["equal"].get<bool>() ? largest : draw(stream, bag) % (largest + 1)));
  }
  return begin;
}

/// Sum over i of x[i] * (2 i + 1), modulo 2^64, in hexadecimal digits.
template <class Range>
std::string checksum(const Range& integers) {
  std::uint64_t sum = 0;
  std::uint64_t factor = 1;
  for (const auto x : integers) {
    sum += static_cast<std::uint64_t>(x) * factor;
    factor += 2;
  }
  return QByteArray::number(static_cast<qulonglong>(sum), 16).toStdString();
}

/// The numbers of a matrix in row-major order, without padding.
inline std::vector<float> flat(ConstMatrixView matrix) {
  std::vector<float> numbers;
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    numbers.insert(numbers.end(), matrix.row(r).begin(), matrix.row(r).end());
  }
  return numbers;
}

inline std::uint32_t bits_of(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

/// Parity: an error of at most this share of the sum of the absolute terms.
constexpr double parity = 1e-6;
/// Below this, float32 is too coarse for shares: a few steps between denormal numbers.
constexpr double denormal_steps = 1e-43;

inline bool agree(float ours, float torchs, double terms) {
  if (std::isnan(torchs)) return std::isnan(ours);
  if (std::isinf(torchs)) return ours == torchs;
  return std::abs(double{ours} - double{torchs}) <= parity * terms + denormal_steps;
}

/// The positions whose numbers a record of `n` numbers holds.
inline std::vector<std::size_t> kept_positions(std::size_t n) {
  std::vector<std::size_t> positions(n <= 96 ? n : 48);
  for (std::size_t i = 0; i < positions.size(); ++i) positions[i] = n <= 96 ? i : draw(n, i) % n;
  return positions;
}

inline std::string shown(float x) { return std::to_string(x) + " (" + std::to_string(bits_of(x)) + ")"; }

/// Empty when `ours` is what the record says, else the first difference. `terms` are the sums of absolute terms
/// behind each number. A record with a checksum wants every bit.
inline std::string difference(const Json& record, const std::vector<float>& ours, const std::vector<double>& terms) {
  const std::size_t n = record["n"];
  if (ours.size() != n || terms.size() != n) {
    return "there are " + std::to_string(ours.size()) + " numbers instead of " + std::to_string(n);
  }
  const QByteArray bytes = QByteArray::fromBase64(QByteArray::fromStdString(record["bits"].get<std::string>()));
  const std::vector<std::size_t> positions = kept_positions(n);
  std::vector<float> torchs(positions.size());
  if (static_cast<std::size_t>(bytes.size()) != torchs.size() * sizeof(float)) return "the record is damaged";
  if (!torchs.empty()) std::memcpy(torchs.data(), bytes.constData(), torchs.size() * sizeof(float));
  const bool exact = record.contains("sum");
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const float our = ours[positions[i]];
    const bool same = exact ? bits_of(our) == bits_of(torchs[i]) : agree(our, torchs[i], terms[positions[i]]);
    if (!same) {
      return "number " + std::to_string(positions[i]) + " is " + shown(our) + " instead of " + shown(torchs[i]) +
             ", of absolute terms " + std::to_string(terms[positions[i]]);
    }
  }
  if (exact) {
    std::vector<std::uint32_t> bits(n);
    for (std::size_t i = 0; i < n; ++i) bits[i] = bits_of(ours[i]);
    if (checksum(bits) != record["sum"]) return "the checksum of all bits differs";
  }
  if (!record.contains("total")) return {};
  double total = 0;
  double total_terms = 0;
  std::size_t nans = 0;
  std::size_t infs = 0;
  for (std::size_t i = 0; i < n; ++i) {
    nans += std::isnan(ours[i]) ? 1 : 0;
    infs += std::isinf(ours[i]) ? 1 : 0;
    if (!std::isfinite(ours[i])) continue;
    total += double{ours[i]} * static_cast<double>(1 + i % 7);
    total_terms += terms[i] * static_cast<double>(1 + i % 7);
  }
  if (nans != record["nan"] || infs != record["inf"]) return "the number of NaN or Inf differs";
  if (!(std::abs(total - record["total"].get<double>()) <= parity * total_terms + denormal_steps)) {
    return "the weighted total is " + std::to_string(total);
  }
  return {};
}

/// Whether everything between the columns and the stride is zero, as the engine promises.
inline bool padding_is_zero(ConstMatrixView matrix) {
  for (std::size_t r = 0; r < matrix.rows; ++r) {
    for (const float x : matrix.padded_row(r).subspan(matrix.cols)) {
      if (bits_of(x) != 0) return false;
    }
  }
  return true;
}

/// The cases of one layer; empty when the file cannot be read. `folder` is tests/golden.
inline std::vector<Json> cases(const std::string& folder, const std::string& layer) {
  QFile file(QString::fromStdString(folder + "/layer_reference.json"));
  if (!file.open(QIODevice::ReadOnly)) return {};
  const Json all = Json::parse(file.readAll().toStdString(), nullptr, false);
  std::vector<Json> chosen;
  for (const Json& c : all["cases"]) {
    if (c["layer"] == layer) chosen.push_back(c);
  }
  return chosen;
}

}  // namespace rowlight::test::reference
