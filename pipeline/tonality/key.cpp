#include "tonality/key.h"

#include <array>

namespace mofi {

std::string name_of(const Key& key) {
  static constexpr std::array kTonics = {"C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"};
  if (key.mode == kUndefinedMode) return "undefined";
  return std::string(kTonics.at(static_cast<std::size_t>(key.tonic))) +
         (key.mode == kMajor ? " major" : " minor");
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
