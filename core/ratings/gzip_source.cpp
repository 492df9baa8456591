#include "core/ratings/gzip_source.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>
#include <vector>

#include <zlib.h>

namespace rowlight {

namespace {

constexpr std::size_t packed_buffer_bytes = std::size_t{64} * 1024;
// A .gz may hold an endless name or any number of empty parts, and who waits for its text could not cancel.
constexpr std::uint64_t most_bytes_without_text = std::uint64_t{4} << 20U;

class GzipStream : public ByteStream {
 public:
  GzipStream(std::unique_ptr<ByteStream> packed, std::string path)
      : packed_(std::move(packed)), path_(std::move(path)), buffer_(packed_buffer_bytes) {
    constexpr int gzip_window = 15 + 16;
    throw_without_memory(inflateInit2(&inflater_, gzip_window));
  }
  ~GzipStream() override { inflateEnd(&inflater_); }

  Expected<std::size_t> read(std::span<char> into) override {
    std::size_t got = 0;
    while (got < into.size() && !ended_) {
      if (inflater_.avail_in == 0) {
        if (auto more = refill(); !more) return tl::make_unexpected(more.error());
        if (ended_) break;
      }
      if (!inside_) {
        skip_padding();
        if (inflater_.avail_in == 0) continue;
      }
      const std::size_t room = std::min<std::size_t>(into.size() - got, std::numeric_limits<uInt>::max());
      inflater_.next_out = reinterpret_cast<Bytef*>(into.data() + got);
      inflater_.avail_out = static_cast<uInt>(room);
      const int code = inflate(&inflater_, Z_NO_FLUSH);
      throw_without_memory(code);
      const std::size_t made = room - inflater_.avail_out;
      got += made;
      unpacked_ += made;
      if (made > 0) with_text_ = taken_;
      inside_ = code != Z_STREAM_END;
      if (code == Z_STREAM_END) {
        inflateReset(&inflater_);
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return bad_file(path_, "the gzip archive is damaged after " + std::to_string(unpacked_) + " bytes",
                        "get the file again");
      }
    }
    if (auto fine = refuse_bomb(path_, unpacked_, packed_->done()); !fine) return tl::make_unexpected(fine.error());
    return got;
  }
  // Without what waits in the buffer, so that it goes with the text that came out.
  [[nodiscard]] std::uint64_t done() const override {
    const std::uint64_t read = packed_->done();
    return read - std::min<std::uint64_t>(read, inflater_.avail_in);
  }
  [[nodiscard]] std::uint64_t size() const override { return packed_->size(); }

 private:
  // An archive is not damaged because there is no room to unpack it.
  static void throw_without_memory(int code) {
    if (code == Z_MEM_ERROR) throw std::bad_alloc();
  }

  Expected<void> refill() {
    auto got = packed_->read(buffer_);
    if (!got) return tl::make_unexpected(got.error());
    inflater_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    inflater_.avail_in = static_cast<uInt>(*got);
    taken_ += *got;
    if (taken_ - with_text_ > most_bytes_without_text) {
      return bad_file(path_, "the gzip archive goes on for megabytes without any text in it", "get the file again");
    }
    if (*got > 0) return {};
    ended_ = true;
    if (!inside_) return {};
    return bad_file(path_, "the gzip archive ends in the middle", "get the file again");
  }

  // Tapes and discs fill up their last block with zeros, which gzip lets pass behind an archive too.
  void skip_padding() {
    while (inflater_.avail_in > 0 && *inflater_.next_in == 0) {
      ++inflater_.next_in;
      --inflater_.avail_in;
    }
  }

  std::unique_ptr<ByteStream> packed_;
  std::string path_;
  std::vector<char> buffer_;
  z_stream inflater_{};
  std::uint64_t unpacked_ = 0;
  std::uint64_t taken_ = 0;      // bytes of the archive
  std::uint64_t with_text_ = 0;  // of them those that had been taken when text came out last
  bool inside_ = true;           // of an archive that has not come to its end
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> unpack_gzip(std::unique_ptr<ByteStream> packed, std::string path) {
  return std::make_unique<GzipStream>(std::move(packed), std::move(path));
}

}  // namespace rowlight
