#include "tonality/key.h"

#include <array>

namespace mofi {

std::string name_of(const Key& key) {
  // As keys are usually spelt, so by mode.
  static constexpr std::array<const char*, 24> kNames = {
      "C major",  "Db major", "D major",  "Eb major", "E major",  "F major",  "F# major", "G major",
      "Ab major", "A major",  "Bb major", "B major",  "C minor",  "C# minor", "D minor",  "Eb minor",
      "E minor",  "F minor",  "F# minor", "G minor",  "G# minor", "A minor",  "Bb minor", "B minor"};
  if (key.mode == kUndefinedMode) return "undefined";
  return kNames.at(std::size_t{12} * key.mode + static_cast<std::size_t>(key.tonic));
}

KeyRelation relation_of(const Key& found, const Key& truth) {
  if (found == truth) return KeyRelation::kSame;
  if (found.mode == kUndefinedMode || truth.mode == kUndefinedMode) return KeyRelation::kOther;
  const int up = (found.tonic - truth.tonic + 12) % 12;
  if (found.mode == truth.mode) return up == 7 || up == 5 ? KeyRelation::kFifth : KeyRelation::kOther;
  if (up == 0) return KeyRelation::kParallel;
  return up == (truth.mode == kMajor ? 9 : 3) ? KeyRelation::kRelative : KeyRelation::kOther;
}

const char* name_of(KeyRelation relation) {
  static constexpr std::array<const char*, kKeyRelations> kNames = {"same", "fifth", "relative", "parallel",
                                                                    "other"};
  return kNames.at(static_cast<std::size_t>(relation));
}

}  // namespace mofi
