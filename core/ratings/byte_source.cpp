#include "core/ratings/byte_source.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/base/files.h"
#include "core/base/stop.h"
#include "core/ratings/byte_stream.h"
#include "core/ratings/gzip_source.h"
#include "core/ratings/load_errors.h"
#include "core/ratings/text_encoding.h"
#include "core/ratings/zip_source.h"

namespace rowlight {

namespace fs = std::filesystem;

namespace {

class PlainStream : public ByteStream {
 public:
  explicit PlainStream(InputFile file) : file_(std::move(file)) {}

  Expected<std::size_t> read(std::span<char> into) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), file_.remaining()));
    if (auto done = file_.read(std::as_writable_bytes(into.first(wanted))); !done) {
      return tl::make_unexpected(done.error());
    }
    if (file_.remaining() == 0 && wanted > 0) {
      if (auto same = file_.finish(); !same) return tl::make_unexpected(same.error());
    }
    return wanted;
  }
  [[nodiscard]] std::uint64_t done() const override { return file_.size() - file_.remaining(); }
  [[nodiscard]] std::uint64_t size() const override { return file_.size(); }

 private:
  InputFile file_;
};

/// UTF-16 made UTF-8.
class Utf16Stream : public ByteStream {
 public:
  Utf16Stream(std::unique_ptr<ByteStream> from, std::string path, ByteOrder order)
      : from_(std::move(from)), path_(std::move(path)), order_(order) {}

  Expected<std::size_t> read(std::span<char> into) override {
    std::size_t got = 0;
    while (got < into.size()) {
      if (at_ == text_.size()) {
        if (auto more = refill(); !more) return tl::make_unexpected(more.error());
        if (text_.empty()) break;
      }
      const std::size_t count = std::min(into.size() - got, text_.size() - at_);
      std::memcpy(into.data() + got, text_.data() + at_, count);
      got += count;
      at_ += count;
    }
    return got;
  }
  [[nodiscard]] std::uint64_t done() const override { return from_->done(); }
  [[nodiscard]] std::uint64_t size() const override { return from_->size(); }

 private:
  // Turns the next units into text_, which is empty afterwards only at the end.
  Expected<void> refill() {
    constexpr std::size_t step = 65536;
    text_.clear();
    at_ = 0;
    while (text_.empty()) {
      const std::size_t waiting = units_.size();
      units_.resize(waiting + step);
      auto got = from_->read(std::span(units_).subspan(waiting));
      if (!got) return tl::make_unexpected(got.error());
      units_.resize(waiting + *got);
      if (*got == 0) {
        if (units_.empty()) return {};
        return bad_file(path_, "the UTF-16 text ends in the middle of a character");
      }
      const auto used = utf16_to_utf8(units_, order_, text_, LoneSurrogate::Refuse);
      if (!used) return bad_file(path_, "the text is not UTF-16: half of a surrogate pair stands alone");
      units_.erase(0, *used);
    }
    return {};
  }

  std::unique_ptr<ByteStream> from_;
  std::string path_;
  ByteOrder order_;
  std::string units_;  // bytes that wait for what follows them
  std::string text_;
  std::size_t at_ = 0;
};

/// Gives bytes that were read to look at them before all others.
class PeekedStream : public ByteStream {
 public:
  PeekedStream(std::string head, std::unique_ptr<ByteStream> rest) : head_(std::move(head)), rest_(std::move(rest)) {}

  Expected<std::size_t> read(std::span<char> into) override {
    const std::size_t count = std::min(into.size(), head_.size() - at_);
    std::memcpy(into.data(), head_.data() + at_, count);
    at_ += count;
    if (count == into.size()) return count;
    auto got = rest_->read(into.subspan(count));
    if (!got) return got;
    return count + *got;
  }
  [[nodiscard]] std::uint64_t done() const override { return rest_->done(); }
  [[nodiscard]] std::uint64_t size() const override { return rest_->size(); }

 private:
  std::string head_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteStream> rest_;
};

constexpr std::string_view gzip_magic = "\x1F\x8B";
constexpr std::size_t utf16_mark_bytes = 2;
constexpr std::size_t bytes_that_show_order = 1024;  // of UTF-16 without a mark

/// The first bytes of the stream, which are still to be read from it.
Expected<std::string> look_ahead(std::unique_ptr<ByteStream>& stream, std::size_t most) {
  std::string head(most, '\0');
  auto got = stream->read(head);
  if (!got) return tl::make_unexpected(got.error());
  head.resize(*got);
  stream = std::make_unique<PeekedStream>(head, std::move(stream));
  return head;
}

}  // namespace

std::string InputName::file_name() const { return fs::path(member.empty() ? path : member).filename().string(); }

InputName beside(const InputName& input, const std::string& file_name) {
  if (input.member.empty()) return {(fs::path(input.path).parent_path() / file_name).string(), {}};
  const std::size_t folder = input.member.rfind('/') + 1;  // npos + 1 == 0
  return {input.path, input.member.substr(0, folder) + file_name};
}

bool exists(const InputName& input) {
  if (!input.member.empty()) {
    const auto folder = ZipFolder::open(input.path);
    return folder && folder->holds(input.member);
  }
  std::error_code code;
  return fs::is_regular_file(input.path, code);
}

bool ZipFolder::holds(const std::string& member) const {
  return std::find(names_.begin(), names_.end(), member) != names_.end();
}

bool same_input(const InputName& a, const InputName& b) {
  std::error_code code;
  return a.member == b.member && fs::equivalent(a.path, b.path, code);
}

bool is_zip(std::string_view head) { return head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06"); }

Expected<ZipFolder> ZipFolder::open(const std::string& path) {
  auto archive = open_zip(path);
  if (!archive) return tl::make_unexpected(archive.error());
  auto names = list_zip(**archive);
  if (!names) return tl::make_unexpected(names.error());
  ZipFolder folder;
  folder.archive_ = std::move(*archive);
  folder.names_ = std::move(*names);
  return folder;
}

struct ByteSource::State {
  InputName name;
  std::unique_ptr<ByteStream> stream;
  std::string_view container = "plain";
  bool utf16 = false;
  bool at_end = false;

  /// Makes UTF-16 UTF-8, where it is that.
  Expected<void> take_utf16(const std::optional<std::string>& encoding);
};

ByteSource::ByteSource(std::unique_ptr<State> state) : state_(std::move(state)) {}
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;
ByteSource::~ByteSource() = default;

Expected<void> ByteSource::State::take_utf16(const std::optional<std::string>& encoding) {
  if (encoding && encoding != "utf-16") return {};
  auto head = look_ahead(stream, encoding ? bytes_that_show_order : utf16_mark_bytes);
  if (!head) return tl::make_unexpected(head.error());
  const bool marked = utf16_mark(*head).has_value();
  utf16 = encoding || marked;
  if (!utf16) return {};
  if (marked) {
    std::array<char, utf16_mark_bytes> mark;
    if (auto skipped = stream->read(mark); !skipped) return tl::make_unexpected(skipped.error());
  }
  stream = std::make_unique<Utf16Stream>(std::move(stream), name.path, likely_utf16_order(*head));
  return {};
}

Expected<ByteSource> ByteSource::open(const InputName& name, const std::optional<std::string>& encoding,
                                      const ZipFolder* folder) {
  auto state = std::make_unique<State>();
  state->name = name;
  auto file = InputFile::open(name.path);
  if (!file) return tl::make_unexpected(file.error());
  if (!name.member.empty()) {
    Expected<std::shared_ptr<OpenZip>> archive = folder != nullptr ? folder->archive_ : nullptr;
    if (!*archive) archive = open_zip(name.path);
    if (!archive) return tl::make_unexpected(archive.error());
    auto member = unpack_member(std::move(*archive), name.member);
    if (!member) return tl::make_unexpected(member.error());
    state->container = "zip";
    state->stream = std::move(*member);
  } else {
    state->stream = std::make_unique<PlainStream>(std::move(*file));
  }
  auto head = look_ahead(state->stream, gzip_magic.size());
  if (!head) return tl::make_unexpected(head.error());
  if (*head == gzip_magic) {
    if (name.member.empty()) state->container = "gzip";
    state->stream = unpack_gzip(std::move(state->stream), name.path);
  }
  if (auto done = state->take_utf16(encoding); !done) return tl::make_unexpected(done.error());
  return ByteSource(std::move(state));
}

Expected<std::size_t> ByteSource::read(std::span<char> into) {
  auto got = state_->stream->read(into);
  state_->at_end = got && *got < into.size();
  return got;
}

std::uint64_t ByteSource::size() const { return state_->stream->size(); }
std::uint64_t ByteSource::done() const { return state_->stream->done(); }
bool ByteSource::at_end() const { return state_->at_end; }
std::string_view ByteSource::container() const { return state_->container; }
bool ByteSource::was_utf16() const { return state_->utf16; }
const InputName& ByteSource::name() const { return state_->name; }

Expected<std::string> read_whole_file(const InputName& name, std::uint64_t max_bytes, const std::atomic<bool>* cancel) {
  auto source = ByteSource::open(name);
  if (!source) return tl::make_unexpected(source.error());
  constexpr std::size_t step = std::size_t{1} << 20U;
  std::string text;
  while (!source->at_end()) {
    if (is_set(cancel)) return loading_cancelled();
    if (text.size() > max_bytes) {
      return bad_file(name.path, "the file has more than " + std::to_string(max_bytes) + " bytes", "expected fewer");
    }
    const std::size_t before = text.size();
    text.resize(before + step);
    auto got = source->read(std::span(text).subspan(before));
    if (!got) return tl::make_unexpected(got.error());
    text.resize(before + *got);
  }
  return text;
}

}  // namespace rowlight
