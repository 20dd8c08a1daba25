#pragma once
// Python's pickle format (pickletools.py, PEP 307, PEP 3154), read as data. A pickle is a program for a stack
// machine; of its instructions only those are taken that build values. What it would look up or call in
// Python is recorded, never done, and only names that the caller knows are recorded at all.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mofi {

/// A value's place in its Pickle. Values refer to each other by it and may be shared, or even hold themselves
/// (a list in itself is a sound pickle): a reader must not follow them to all depths.
using PickleIndex = std::uint32_t;

struct PickleValue {
  enum class Kind {
    kNone,
    kTruth,       ///< `integer` is 0 or 1
    kInteger,     ///< `integer`
    kBigInteger,  ///< beyond 64 bits: `text` has its bytes, little-endian, two's complement
    kReal,        ///< `real`
    kText,        ///< `text`, UTF-8
    kBytes,       ///< `text`
    kList,        ///< `items`
    kTuple,       ///< `items`
    kDict,        ///< `items`: key, value, key, value … in the order in which they were set
    kGlobal,      ///< `text`: "module name", one of the names that the caller knows
    kObject,  ///< what calling `callable` with the tuple `arguments` would give; `items` as those of a dict
    kPersistent,  ///< what stands outside the pickle under the identifier `arguments`
  };
  Kind kind = Kind::kNone;
  PickleIndex callable = 0, arguments = 0;
  union {
    std::int64_t integer = 0;
    double real;
  };
  std::string_view text;  ///< views the pickle's bytes, or the caller's names
  std::vector<PickleIndex> items;
};

/// A pickle that was read. The texts view its bytes.
struct Pickle {
  std::deque<PickleValue> values;
  PickleIndex root = 0;
  std::size_t size = 0;  ///< bytes up to its end, which others may follow

  const PickleValue& operator[](PickleIndex index) const { return values[index]; }
  const PickleValue& top() const { return values[root]; }
};

/// Reads the pickle that `bytes` begin with, of protocol 2 to 5. `known_globals` are the names that it may
/// speak of, each as "module name". No recursion, and no more than a fixed multiple of its size is held.
/// Throws kData in one sentence, with `name` for the pickle, where it is malformed, uses another instruction
/// or speaks of another name.
Pickle parse_pickle(std::span<const std::byte> bytes, std::span<const std::string_view> known_globals,
                    const std::string& name);

}  // namespace mofi
