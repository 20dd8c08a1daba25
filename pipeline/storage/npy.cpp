#include "storage/npy.h"

#include <array>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"

namespace mofi {
namespace {

static_assert(std::endian::native == std::endian::little, "elements are taken as they lie in the file");

constexpr std::string_view kMark = "\x93NUMPY";
constexpr std::uint64_t kLargestArray = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMostDimensions = 64;  // NumPy's own limit
constexpr std::size_t kAlignment = 64;       // of the data, in the files that NumPy writes
constexpr const char* kTypes = "b1, i1, i2, i4, i8, u1, u2, u4, u8, f2, f4 and f8";

std::uint64_t element_bytes(const std::string& dtype) { return static_cast<std::uint64_t>(dtype[1] - '0'); }

bool is_known(std::string_view dtype) {
  for (const std::string_view known :
       {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
    if (dtype == known) return true;
  return false;
}

/// Bytes that a foreign file holds, fit for a sentence.
std::string shown(std::string_view text) {
  return printable(text.substr(0, 32)) + (text.size() > 32 ? "…" : "");
}

struct Header {
  std::optional<std::string> dtype;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::uint64_t>> shape;
};

/// The dictionary of the header: keys in any order, each once, and nothing but a text, a truth value and a
/// tuple of whole numbers as values.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, std::size_t first_byte, const std::string& name)
      : text_(text), first_byte_(first_byte), name_(name) {}

  Header read() {
    Header header;
    expect('{', "the dictionary of the header");
    while (!take('}')) {
      const std::string key = read_text("a key of the header");
      expect(':', "':' after a key");
      if (key == "descr" && !header.dtype)
        header.dtype = read_type();
      else if (key == "fortran_order" && !header.fortran_order)
        header.fortran_order = read_truth();
      else if (key == "shape" && !header.shape)
        header.shape = read_shape();
      else
        fail(ExitCode::kData,
             "{}: its header has the key '{}'; expected descr, fortran_order and shape, each once", name_,
             shown(key));
      if (!take(',')) {
        expect('}', "',' or '}' after a value");
        break;
      }
    }
    skip_blanks();
    if (at_ < text_.size()) refuse("nothing after the dictionary");
    return header;
  }

 private:
  [[noreturn]] void refuse(const char* expected) const {
    fail(ExitCode::kData, "{}: byte {}: expected {}, found {}", name_, first_byte_ + at_, expected,
         at_ < text_.size() ? fmt::format("'{}'", shown(text_.substr(at_, 12))) : "the end of the header");
  }
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  bool take(char wanted) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted, const char* what) {
    if (!take(wanted)) refuse(what);
  }
  bool take_word(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  /// A Python text without escapes, which no key or type needs.
  std::string read_text(const char* what) {
    skip_blanks();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') refuse(what);
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) refuse("a text that ends");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::string(inside);
  }

  bool read_truth() {
    if (take_word("False")) return false;
    if (take_word("True")) return true;
    refuse("True or False");
  }

  std::string read_type() {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == '[')
      fail(ExitCode::kData,
           "{}: holds structures of several fields; expected plain numbers ({}): save one field", name_,
           kTypes);
    const std::string type = read_text("the element type as a text");
    const std::string_view code = std::string_view(type).substr(std::min<std::size_t>(type.size(), 1));
    const char order = type.empty() ? '\0' : type[0];
    if (code.starts_with('O'))
      fail(
          ExitCode::kData,
          "{}: holds pickled Python objects, which are never read here; save numbers, with X.astype('int64')",
          name_);
    if (!is_known(code) || (order != '<' && order != '>' && order != '|'))
      fail(ExitCode::kData,
           "{}: holds elements of type '{}'; expected {}: save X.astype('int64') or 'float32'", name_,
           shown(type), kTypes);
    const bool is_byte = code[1] == '1';
    if (order == '>' && !is_byte)
      fail(ExitCode::kData,
           "{}: holds big-endian elements ('{}'); expected little-endian: save X.astype('<{}')", name_,
           shown(type), code);
    if (order == '|' && !is_byte)
      fail(ExitCode::kData, "{}: says no byte order for its elements ('{}'); expected '<{}'", name_,
           shown(type), code);
    return std::string(code);
  }

  std::uint64_t read_extent() {
    std::uint64_t value = 0;
    const std::size_t first = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (kLargestArray - digit) / 10)
        fail(ExitCode::kData, "{}: byte {}: an extent of its shape is above 2^63 - 1", name_,
             first_byte_ + first);
      value = value * 10 + digit;
    }
    if (at_ == first) refuse("a whole number in the shape");
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2 wrote long integers so
    return value;
  }

  std::vector<std::uint64_t> read_shape() {
    expect('(', "a shape, such as (924, 512, 4)");
    std::vector<std::uint64_t> shape;
    bool has_comma = true;
    while (!take(')')) {
      if (!has_comma) refuse("',' or ')' in the shape");
      skip_blanks();
      shape.push_back(read_extent());
      if (shape.size() > kMostDimensions)
        fail(ExitCode::kData, "{}: its shape has more than {} dimensions", name_, kMostDimensions);
      has_comma = take(',');
    }
    if (shape.size() == 1 && !has_comma)
      fail(ExitCode::kData, "{}: its shape is the number ({}); expected a tuple, such as ({},)", name_,
           shape[0], shape[0]);
    return shape;
  }

  std::string_view text_;
  std::size_t first_byte_;
  const std::string& name_;
  std::size_t at_ = 0;
};

/// The bytes that a shape needs. Extents of 0 are left out of the product, so that no partial product that a
/// caller computes overflows either.
std::uint64_t needed_bytes(const std::vector<std::uint64_t>& shape, const std::string& dtype,
                           const std::string& name) {
  std::uint64_t bytes = element_bytes(dtype);
  bool is_empty = false;
  for (const std::uint64_t extent : shape) {
    is_empty |= extent == 0;
    if (extent > 0 && bytes > kLargestArray / extent)
      fail(ExitCode::kData, "{}: claims the shape {}, which no file can hold", name, shape_text(shape));
    bytes *= std::max<std::uint64_t>(extent, 1);
  }
  return is_empty ? 0 : bytes;
}

template <class Stored, class T>
void convert(std::span<const std::byte> data, std::vector<T>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored value;
    std::memcpy(&value, data.data() + i * sizeof value, sizeof value);
    values[i] = static_cast<T>(value);  // NOLINT(bugprone-signed-char-misuse): i1 is a number
  }
}

double from_half(std::uint16_t half) {
  const int exponent = half >> 10 & 31, fraction = half & 1023;
  double value = exponent == 31  ? (fraction == 0 ? std::numeric_limits<double>::infinity()
                                                  : std::numeric_limits<double>::quiet_NaN())
                 : exponent == 0 ? std::ldexp(fraction, -24)
                                 : std::ldexp(1024 + fraction, exponent - 25);
  return (half & 0x8000) != 0 ? -value : value;
}

/// Every type but f2. False when the type is another.
template <class T>
bool convert_any(const NpyArray& array, std::vector<T>& values) {
  const std::string& dtype = array.dtype;
  if (dtype == "i1") return convert<std::int8_t>(array.data, values), true;
  if (dtype == "i2") return convert<std::int16_t>(array.data, values), true;
  if (dtype == "i4") return convert<std::int32_t>(array.data, values), true;
  if (dtype == "i8") return convert<std::int64_t>(array.data, values), true;
  if (dtype == "u1" || dtype == "b1") return convert<std::uint8_t>(array.data, values), true;
  if (dtype == "u2") return convert<std::uint16_t>(array.data, values), true;
  if (dtype == "u4") return convert<std::uint32_t>(array.data, values), true;
  if (dtype == "u8") return convert<std::uint64_t>(array.data, values), true;
  return false;
}

/// Mark, version, length and dictionary as numpy.save writes them: with room for the first extent to grow to
/// 21 digits, and at least one blank before the newline.
std::string header_text(std::span<const std::uint64_t> shape) {
  std::string text =
      fmt::format("{{'descr': '<i8', 'fortran_order': False, 'shape': {}, }}", shape_text(shape));
  if (!shape.empty()) text.append(21 - std::to_string(shape[0]).size(), ' ');
  const std::size_t before = kMark.size() + 4;
  text.append(kAlignment - (before + text.size() + 1) % kAlignment, ' ');
  text += '\n';
  std::string header(kMark);
  header += {'\x01', '\x00', static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  return header + text;
}

}  // namespace

std::uint64_t NpyArray::size() const { return data.size() / element_bytes(dtype); }

NpyArray parse_npy(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view file(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!file.starts_with(kMark))
    fail(ExitCode::kData, "{}: is no NumPy array: it begins with '{}' and not with \\x93NUMPY", name,
         shown(file.substr(0, kMark.size())));
  if (file.size() < kMark.size() + 2)
    fail(ExitCode::kData, "{}: ends before the version of its format", name);
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint32_t>(bytes[at]); };
  const std::uint32_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0)
    fail(ExitCode::kData, "{}: is a NumPy array of format version {}.{}; expected 1.0, 2.0 or 3.0", name,
         major, minor);
  const std::size_t length_bytes = major == 1 ? 2 : 4, begin = kMark.size() + 2 + length_bytes;
  if (file.size() < begin) fail(ExitCode::kData, "{}: ends before the length of its header", name);
  std::size_t header_bytes = 0;
  for (std::size_t i = 0; i < length_bytes; ++i)
    header_bytes |= static_cast<std::size_t>(byte(kMark.size() + 2 + i)) << (8 * i);
  if (header_bytes > file.size() - begin)
    fail(ExitCode::kData, "{}: its header would be {} bytes long; {} are left of the file", name,
         header_bytes, file.size() - begin);

  const Header header = HeaderReader(file.substr(begin, header_bytes), begin, name).read();
  for (const auto& [is_there, key] : {std::pair(header.dtype.has_value(), "descr"),
                                      std::pair(header.fortran_order.has_value(), "fortran_order"),
                                      std::pair(header.shape.has_value(), "shape")})
    if (!is_there) fail(ExitCode::kData, "{}: its header lacks the key {}", name, key);
  if (*header.fortran_order)
    fail(ExitCode::kData, "{}: is stored in Fortran order; expected C order: save numpy.ascontiguousarray(X)",
         name);
  NpyArray array{*header.dtype, *header.shape, bytes.subspan(begin + header_bytes)};
  const std::uint64_t needed = needed_bytes(array.shape, array.dtype, name);
  if (array.data.size() != needed)
    fail(ExitCode::kData, "{}: holds {} bytes of data; its shape {} of {} needs {}", name, array.data.size(),
         shape_text(array.shape), array.dtype, needed);
  return array;
}

NpyFile read_npy(const std::filesystem::path& path) {
  NpyFile file;
  file.contents = read_bytes(path);
  file.array = parse_npy(file.contents, path.string());
  return file;
}

std::vector<std::int64_t> integers_of(const NpyArray& array, const std::string& name) {
  if (!array.is_integer())
    fail(ExitCode::kData, "{}: holds elements of type {}; expected whole numbers: save X.astype('int64')",
         name, array.dtype);
  std::vector<std::int64_t> values(array.size());
  convert_any(array, values);
  if (array.dtype == "u8")
    for (const std::int64_t value : values)
      if (value < 0)
        fail(ExitCode::kData, "{}: holds the number {}; expected at most 2^63 - 1", name,
             static_cast<std::uint64_t>(value));
  return values;
}

std::vector<double> numbers_of(const NpyArray& array) {
  std::vector<double> values(array.size());
  if (array.dtype == "f4") {
    convert<float>(array.data, values);
  } else if (array.dtype == "f8") {
    convert<double>(array.data, values);
  } else if (array.dtype == "f2") {
    std::vector<std::uint16_t> halves(array.size());
    convert<std::uint16_t>(array.data, halves);
    for (std::size_t i = 0; i < halves.size(); ++i) values[i] = from_half(halves[i]);
  } else {
    convert_any(array, values);
  }
  return values;
}

std::string shape_text(std::span<const std::uint64_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + (shape.size() == 1 ? ",)" : ")");
}

void write_npy(const std::filesystem::path& path, std::span<const std::uint64_t> shape,
               std::span<const std::int64_t> values) {
  std::uint64_t elements = 1;
  for (const std::uint64_t extent : shape) elements *= extent;
  if (elements != values.size())
    fail(ExitCode::kInternal, "{}: is given {} numbers for the shape {}", path.string(), values.size(),
         shape_text(shape));
  const std::string header = header_text(shape);
  AtomicFile file(path);
  std::ofstream stream(file.path(), std::ios::binary);
  stream.write(header.data(), static_cast<std::streamsize>(header.size()));
  stream.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(std::int64_t)));
  stream.close();
  if (!stream) fail(ExitCode::kMissing, "{}: cannot be written: {}", path.string(), std::strerror(errno));
  file.commit();
}

}  // namespace mofi
