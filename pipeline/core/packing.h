#pragma once
// Values as bytes, from one rank of a job to another: same program, same machine type, never stored.

#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "core/error.h"

namespace mofi {

class Packer {
 public:
  template <class T>
  requires std::is_trivially_copyable_v<T> Packer& operator<<(const T& value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Packer& operator<<(const std::string& text) {
    *this << text.size();
    bytes_ += text;
    return *this;
  }
  template <class T>
  Packer& operator<<(const std::vector<T>& values) {
    *this << values.size();
    for (const T& value : values) *this << value;
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads what a Packer wrote, in the same order; anything else is kInternal.
class Unpacker {
 public:
  explicit Unpacker(const std::string& bytes) : bytes_(bytes) {}

  template <class T>
  requires std::is_trivially_copyable_v<T> Unpacker& operator>>(T& value) {
    std::memcpy(&value, take(sizeof value), sizeof value);
    return *this;
  }
  Unpacker& operator>>(std::string& text) {
    const auto size = read<std::size_t>();
    text.assign(take(size), size);
    return *this;
  }
  template <class T>
  Unpacker& operator>>(std::vector<T>& values) {
    values.clear();
    for (auto left = read<std::size_t>(); left > 0; --left) *this >> values.emplace_back();
    return *this;
  }
  template <class T>
  T read() {
    T value{};
    *this >> value;
    return value;
  }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  const char* take(std::size_t size) {
    if (size > bytes_.size() - at_)
      fail(ExitCode::kInternal, "a message between ranks ends after {} of {} bytes", bytes_.size(),
           at_ + size);
    at_ += size;
    return bytes_.data() + at_ - size;
  }

  const std::string& bytes_;
  std::size_t at_ = 0;
};

}  // namespace mofi
