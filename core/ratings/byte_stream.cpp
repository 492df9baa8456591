#include "core/ratings/byte_stream.h"

#include <utility>

namespace rowlight {

namespace {

// Ratings pack to a quarter or a tenth; deflate's limit is a thousandth. Small files may be as regular as they like.
constexpr std::uint64_t suspicious_bytes = std::uint64_t{64} << 20U;
constexpr std::uint64_t suspicious_ratio = 250;

}  // namespace

tl::unexpected<Error> bad_file(const std::string& path, std::string what, std::string hint) {
  return tl::make_unexpected(Error{ErrorKind::BadInput, std::move(what), std::move(hint), path, 0, 0});
}

Expected<void> refuse_bomb(const std::string& path, std::uint64_t unpacked, std::uint64_t packed) {
  if (unpacked <= suspicious_bytes || unpacked / suspicious_ratio <= packed) return {};
  return bad_file(path, "the archive unpacks to more than " + std::to_string(suspicious_ratio) + " times its size",
                  "no rating file does; unpack it yourself if you trust it");
}

}  // namespace rowlight
