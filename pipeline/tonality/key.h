#pragma once
// A key: a tonic and a mode. How keys are called, and how two of them are related.

#include <cstdint>
#include <string>

namespace mofi {

inline constexpr std::uint8_t kMajor = 0;
inline constexpr std::uint8_t kMinor = 1;
inline constexpr std::uint8_t kUndefinedMode = 255;

struct Key {
  int tonic = -1;                      ///< pitch class, 0 = C; -1 undefined
  std::uint8_t mode = kUndefinedMode;  ///< kMajor, kMinor

  bool operator==(const Key&) const = default;
};

/// "C# minor"; "undefined".
std::string name_of(const Key& key);

/// What a found key is to the true one: how key finders are wrong, by the classes of MIREX's audio key
/// detection (a fifth is one either way, in the same mode).
enum class KeyRelation { kSame, kFifth, kRelative, kParallel, kOther };
inline constexpr int kKeyRelations = 5;

KeyRelation relation_of(const Key& found, const Key& truth);
const char* name_of(KeyRelation relation);

}  // namespace mofi
