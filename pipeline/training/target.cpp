#include "training/target.h"

#include <functional>
#include <iterator>

#include "core/error.h"
#include "core/quadrants.h"
#include "midi/pitch_name.h"

namespace mofi {
namespace {

// Russell's quadrants Q1 (+,+), Q2 (-,+), Q3 (-,-), Q4 (+,-): valence, arousal.
int valence_of(int quadrant) { return quadrant == 0 || quadrant == 3 ? 1 : 0; }
int arousal_of(int quadrant) { return quadrant <= 1 ? 1 : 0; }

}  // namespace

Target make_target(const std::string& target, const TokenTable& tokens, const ModeUnits& keys) {
  Target made;
  const auto fill = [&](const std::function<int(std::size_t)>& label) {
    for (std::size_t r = 0; r < tokens.rows(); ++r) made.label_of_row.push_back(label(r));
  };
  const auto class_of = [&](std::size_t row) { return tokens.pieces[tokens.piece[row]].label; };
  if (target == "label") {
    made.class_names = tokens.class_names;
    fill(class_of);
  } else if (target == "valence" || target == "arousal") {
    if (!tokens.class_names.empty() && tokens.class_names != quadrant_names())
      fail(ExitCode::kUsage, "data.target is {}, which only Russell's quadrants have; these classes are not",
           target);
    made.class_names = {"low " + target, "high " + target};
    const auto half_of = target == "valence" ? valence_of : arousal_of;
    fill([&](std::size_t row) { return class_of(row) < 0 ? -1 : half_of(class_of(row)); });
  } else {
    if (!keys.key.empty() && keys.key.front() == nullptr)
      fail(ExitCode::kUsage,
           "data.target is {}, which needs a mode file; make one with `mofi mode` and name it (inputs.mode, "
           "--mode)",
           target);
    made.turns = target == "tonic";
    made.class_names =
        made.turns ? std::vector<std::string>(std::begin(kPitchClassNames), std::end(kPitchClassNames))
                   : std::vector<std::string>{"major", "minor"};
    fill([&](std::size_t row) {
      const PieceMode& key = *keys.key[keys.of_row[row]];
      if (key.mode == kUndefinedMode) return -1;
      return made.turns ? key.tonic : static_cast<int>(key.mode);
    });
  }
  return made;
}

}  // namespace mofi
