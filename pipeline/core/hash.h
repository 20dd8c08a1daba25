#pragma once
// SHA-256 for identity: of contents, configs and runs.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace mofi {

/// An incremental SHA-256. Every update is framed by its length, so that ("ab","c") and ("a","bc") differ.
class Sha256 {
 public:
  Sha256();
  Sha256& update(std::span<const std::byte> bytes);
  Sha256& update(std::string_view text) { return update(std::as_bytes(std::span(text))); }
  Sha256& update(std::uint64_t value);
  /// The digest as 64 lower-case hexadecimal digits. Ends the hash: call once.
  std::string hex();

 private:
  void add(const void* data, std::size_t size);
  struct Free {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Free> context_;
};

/// SHA-256 of plain bytes, unframed: what `sha256sum` prints.
std::string sha256_of_bytes(std::span<const std::byte> bytes);
inline std::string sha256_of_text(std::string_view text) {
  return sha256_of_bytes(std::as_bytes(std::span(text)));
}

}  // namespace mofi
