#include "storage/tensorboard.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/crc.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"

namespace mofi {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");
static_assert(std::numeric_limits<float>::is_iec559, "a double beyond float32 becomes infinite");

constexpr std::string_view kVersion = "brain.Event:2";
constexpr std::string_view kPrefix = "events.out.tfevents.", kSuffix = ".mofi";
constexpr std::size_t kLengthBytes = 8, kChecksumBytes = 4, kHeaderBytes = kLengthBytes + kChecksumBytes;
constexpr std::size_t kMostPendingBytes = std::size_t{1} << 16;

// Fields of Event, Summary and Summary.Value.
enum : std::uint32_t { kEventWallTime = 1, kEventStep = 2, kEventVersion = 3, kEventSummary = 5 };
enum : std::uint32_t { kSummaryValue = 1 };
enum : std::uint32_t { kValueTag = 1, kValueSimple = 2 };
// How a field is encoded.
enum : std::uint32_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

/// CRC-32C (Castagnoli), masked as TFRecords have it, so that a checksum of bytes with checksums is none that
/// they hold.
std::uint32_t masked_checksum(std::span<const std::byte> bytes) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return std::rotr(static_cast<std::uint32_t>(crc.checksum()), 15) + 0xA282EAD8U;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

template <class T>
void append_plain(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T plain_at(std::span<const std::byte> bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void append_key(std::string& out, std::uint32_t field, std::uint32_t encoding) {
  append_varint(out, field << 3 | encoding);
}

void append_delimited(std::string& out, std::uint32_t field, std::string_view inside) {
  append_key(out, field, kDelimited);
  append_varint(out, inside.size());
  out += inside;
}

/// What is 0 is left out, as every writer of Protocol Buffers does: the same event is the same bytes.
std::string event_begin(double wall_time_s, std::int64_t step) {
  std::string event;
  if (std::bit_cast<std::uint64_t>(wall_time_s) != 0) {
    append_key(event, kEventWallTime, kFixed64);
    append_plain(event, wall_time_s);
  }
  if (step != 0) {
    append_key(event, kEventStep, kVarint);
    append_varint(event, static_cast<std::uint64_t>(step));
  }
  return event;
}

/// The fields of a message, one after the other.
class FieldReader {
 public:
  struct Field {
    std::uint32_t number = 0, encoding = 0;
    std::uint64_t value = 0;            ///< of the encodings that are numbers
    std::span<const std::byte> inside;  ///< of kDelimited
    std::size_t inside_at = 0;          ///< in the file

    bool is(std::uint32_t wanted, std::uint32_t how) const { return number == wanted && encoding == how; }
  };

  FieldReader(std::span<const std::byte> bytes, std::size_t first_byte, const std::string& name)
      : bytes_(bytes), first_byte_(first_byte), name_(name) {}

  std::optional<Field> next() {
    if (at_ == bytes_.size()) return std::nullopt;
    const std::size_t begin = at_;
    const std::uint64_t key = varint();
    Field field;
    field.number = static_cast<std::uint32_t>(key >> 3);
    field.encoding = static_cast<std::uint32_t>(key & 7);
    if (key > std::numeric_limits<std::uint32_t>::max() || field.number == 0)
      refuse(begin, "the number of a field");
    switch (field.encoding) {
      case kVarint:
        field.value = varint();
        break;
      case kFixed64:
        field.value = fixed<std::uint64_t>();
        break;
      case kFixed32:
        field.value = fixed<std::uint32_t>();
        break;
      case kDelimited: {
        const std::uint64_t size = varint();
        if (size > bytes_.size() - at_) refuse(begin, "a field that ends inside its message");
        field.inside = bytes_.subspan(at_, size);
        field.inside_at = first_byte_ + at_;
        at_ += size;
        break;
      }
      default:
        refuse(begin, "a varint, fixed64, fixed32 or delimited field");
    }
    return field;
  }

 private:
  [[noreturn]] void refuse(std::size_t at, const char* expected) const {
    const auto found = bytes_.subspan(at, std::min<std::size_t>(bytes_.size() - at, 8));
    fail(ExitCode::kData, "{}: byte {}: expected {} of an Event of TensorBoard, found '{}'", name_,
         first_byte_ + at, expected, printable({reinterpret_cast<const char*>(found.data()), found.size()}));
  }

  std::uint64_t varint() {
    const std::size_t begin = at_;
    std::uint64_t value = 0;
    for (int shift = 0; shift < 70 && at_ < bytes_.size(); shift += 7) {
      const auto byte = std::to_integer<std::uint64_t>(bytes_[at_++]);
      if (shift == 63 && byte > 1) break;
      value |= (byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    refuse(begin, "a whole number of 64 bits");
  }

  template <class T>
  T fixed() {
    if (bytes_.size() - at_ < sizeof(T)) refuse(at_, "a number of 4 or 8 bytes");
    at_ += sizeof(T);
    return plain_at<T>(bytes_, at_ - sizeof(T));
  }

  std::span<const std::byte> bytes_;
  std::size_t at_ = 0, first_byte_;
  const std::string& name_;
};

using Field = FieldReader::Field;

std::string text_in(const Field& field, const std::string& name) {
  std::string text(reinterpret_cast<const char*>(field.inside.data()), field.inside.size());
  if (const auto wrong = first_byte_not_utf8(text))
    fail(ExitCode::kData, "{}: byte {}: expected a text in UTF-8, found '{}'", name, field.inside_at + *wrong,
         printable(text.substr(*wrong, 8)));
  return text;
}

/// A Summary.Value: a scalar, whose step and time are those of the event, or something else.
void read_value(const Field& message, TensorboardFile& file, const std::string& name) {
  Scalar scalar;
  bool is_scalar = false;
  FieldReader fields(message.inside, message.inside_at, name);
  while (const auto field = fields.next()) {
    if (field->is(kValueTag, kDelimited)) scalar.tag = text_in(*field, name);
    if (!field->is(kValueSimple, kFixed32)) continue;
    scalar.value = std::bit_cast<float>(static_cast<std::uint32_t>(field->value));
    is_scalar = true;
  }
  if (is_scalar)
    file.scalars.push_back(std::move(scalar));
  else
    ++file.others;
}

/// Fields may come in any order and more than once (then the last counts), as Protocol Buffers have it.
void read_event(std::span<const std::byte> bytes, std::size_t first_byte, TensorboardFile& file,
                const std::string& name) {
  const std::size_t before = file.scalars.size();
  double wall_time_s = 0;
  std::int64_t step = 0;
  bool is_known = false;
  FieldReader fields(bytes, first_byte, name);
  while (const auto field = fields.next()) {
    if (field->is(kEventWallTime, kFixed64)) wall_time_s = std::bit_cast<double>(field->value);
    if (field->is(kEventStep, kVarint)) step = static_cast<std::int64_t>(field->value);
    if (field->is(kEventVersion, kDelimited)) {
      file.version = text_in(*field, name);
      is_known = true;
    }
    if (!field->is(kEventSummary, kDelimited)) continue;
    is_known = true;
    FieldReader values(field->inside, field->inside_at, name);
    while (const auto value = values.next())
      if (value->is(kSummaryValue, kDelimited)) read_value(*value, file, name);
  }
  if (!is_known) ++file.others;
  for (std::size_t i = before; i < file.scalars.size(); ++i) {
    file.scalars[i].step = step;
    file.scalars[i].wall_time_s = wall_time_s;
  }
}

void check(std::span<const std::byte> bytes, std::uint32_t claimed, std::size_t at, const char* what,
           const std::string& name) {
  if (const std::uint32_t computed = masked_checksum(bytes); computed != claimed)
    fail(ExitCode::kData, "{}: byte {}: {} is damaged: its checksum should be {:08x} and is {:08x}", name, at,
         what, claimed, computed);
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::string tensorboard_record(std::string_view event) {
  std::string record;
  append_plain(record, std::uint64_t{event.size()});
  append_plain(record, masked_checksum(bytes_of(record)));
  record += event;
  append_plain(record, masked_checksum(bytes_of(event)));
  return record;
}

std::string tensorboard_event(const Scalar& scalar) {
  std::string value, summary, event = event_begin(scalar.wall_time_s, scalar.step);
  append_delimited(value, kValueTag, scalar.tag);
  append_key(value, kValueSimple, kFixed32);
  append_plain(value, static_cast<float>(scalar.value));
  append_delimited(summary, kSummaryValue, value);
  append_delimited(event, kEventSummary, summary);
  return event;
}

TensorboardWriter::TensorboardWriter(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    fail(ExitCode::kMissing, "{}: the folder for TensorBoard's events cannot be made: {}", folder.string(),
         failure.message());
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  const double now_s = seconds_since_1970();
  for (auto second = static_cast<std::int64_t>(now_s); descriptor_ < 0; ++second) {
    path_ = folder / fmt::format("{}{}.{}.{}{}", kPrefix, second, host.data(), getpid(), kSuffix);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST)
      fail(ExitCode::kMissing, "{}: cannot be written: {}", path_.string(), std::strerror(errno));
  }
  std::string version = event_begin(now_s, 0);
  append_delimited(version, kEventVersion, kVersion);
  pending_ = tensorboard_record(version);
  try {
    flush();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

TensorboardWriter::~TensorboardWriter() {
  try {
    flush();
  } catch (const Error&) {  // the caller who wants to know has flushed
  }
  ::close(descriptor_);
}

void TensorboardWriter::add(const Scalar& scalar) {
  if (scalar.tag.empty() || first_byte_not_utf8(scalar.tag))
    fail(ExitCode::kInternal, "{}: '{}' is no name for a scalar", path_.string(), printable(scalar.tag));
  pending_ += tensorboard_record(tensorboard_event(scalar));
  if (pending_.size() >= kMostPendingBytes) flush();
}

void TensorboardWriter::flush() {
  while (!pending_.empty()) {
    const ssize_t written = ::write(descriptor_, pending_.data(), pending_.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      fail(ExitCode::kMissing, "{}: cannot be written: {}", path_.string(), std::strerror(errno));
    pending_.erase(0, static_cast<std::size_t>(written));  // of what failed, a later flush writes the rest
  }
}

void remove_tensorboard_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> ours;
  std::error_code no_folder;
  for (const auto& entry : std::filesystem::directory_iterator(folder, no_folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kPrefix) && name.ends_with(kSuffix)) ours.push_back(entry.path());
  }
  for (const auto& path : ours) {
    std::error_code failure;
    std::filesystem::remove(path, failure);
    if (failure)
      fail(ExitCode::kMissing, "{}: cannot be removed, to write the events of this run anew: {}",
           path.string(), failure.message());
  }
}

TensorboardFile parse_tensorboard(std::span<const std::byte> bytes, const std::string& name) {
  TensorboardFile file;
  std::size_t at = 0;
  while (bytes.size() - at >= kHeaderBytes) {
    const auto left = bytes.subspan(at);
    check(left.first(kLengthBytes), plain_at<std::uint32_t>(left, kLengthBytes), at, "the length of a record",
          name);
    const auto size = plain_at<std::uint64_t>(left, 0);
    const std::size_t most = left.size() - kHeaderBytes;
    if (size > most || most - size < kChecksumBytes) break;
    const auto event = left.subspan(kHeaderBytes, size);
    check(event, plain_at<std::uint32_t>(left, kHeaderBytes + size), at, "a record", name);
    read_event(event, at + kHeaderBytes, file, name);
    if (file.version != kVersion)
      fail(ExitCode::kData, "{}: byte {}: expected the version {} of TensorBoard's events, found '{}'", name,
           at, kVersion, printable(file.version.substr(0, 32)));
    at += kHeaderBytes + size + kChecksumBytes;
  }
  file.cut_bytes = bytes.size() - at;
  return file;
}

TensorboardFile read_tensorboard_file(const std::filesystem::path& path) {
  return parse_tensorboard(read_bytes(path), path.string());
}

std::vector<Scalar> read_tensorboard(const std::filesystem::path& path) {
  return read_tensorboard_file(path).scalars;
}

bool begins_as_tensorboard(std::string_view beginning) {
  if (beginning.size() < kHeaderBytes) return false;
  const auto bytes = bytes_of(beginning);
  return masked_checksum(bytes.first(kLengthBytes)) == plain_at<std::uint32_t>(bytes, kLengthBytes);
}

}  // namespace mofi
