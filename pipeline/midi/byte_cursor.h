#pragma once
// A walk through part of a file that cannot leave it. What is not there is thrown as Damage, for the caller
// to mend or to refuse.

#include <cstddef>
#include <cstdint>
#include <span>

#include "midi/repairs.h"

namespace mofi {

struct Damage {
  Repair kind;
  std::size_t offset;  ///< from the start of the file
};

class ByteCursor {
 public:
  explicit ByteCursor(std::span<const std::byte> file)
      : file_(file.data()), at_(file.data()), end_(file.data() + file.size()) {}

  std::size_t offset() const { return static_cast<std::size_t>(at_ - file_); }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }
  std::span<const std::byte> rest() const { return {at_, left()}; }

  std::uint8_t byte() {
    if (at_ == end_) throw Damage{Repair::kCutEvent, offset()};
    return std::to_integer<std::uint8_t>(*at_++);
  }
  /// A big-endian number of `size` bytes, at most 4.
  std::uint32_t number(int size) {
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | byte();
    return value;
  }
  /// A variable-length number: seven bits a byte, at most four bytes.
  std::uint32_t variable_length() {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const std::uint8_t next = byte();
      value = value << 7 | (next & 0x7Fu);
      if (next < 0x80) return value;
    }
    throw Damage{Repair::kLongNumber, offset() - 4};
  }
  void skip(std::size_t size) {
    if (size > left()) throw Damage{Repair::kCutEvent, offset()};
    at_ += size;
  }
  /// The next `size` bytes as a cursor of their own, which still counts offsets from the start of the file.
  ByteCursor part(std::size_t size) {
    ByteCursor inner = *this;
    skip(size);
    inner.end_ = at_;
    return inner;
  }

 private:
  const std::byte* file_;
  const std::byte* at_;
  const std::byte* end_;
};

}  // namespace mofi
