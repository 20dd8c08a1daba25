#pragma once
// How much the notes of a piece say of its key: the weights of its pitch classes.

#include <array>
#include <span>
#include <string>
#include <vector>

#include "midi/note.h"
#include "midi/tempo_map.h"

namespace mofi {

using PitchClassWeights = std::array<double, 12>;  ///< 0 = C

/// What a note counts. Every note of every channel counts, drums included, as all of them are words too.
enum class Weighting {
  kTicks,    ///< its duration in ticks
  kSeconds,  ///< its duration in seconds, by the tempo map; in proportion to ticks where the tempo is
             ///< constant
  kCount,    ///< one
  kAccent,   ///< its durational accent, which saturates with long notes (Parncutt 1994, see the source)
};

/// The names in the order of the above, as configs and command lines have them: "ticks", "seconds" ….
std::vector<std::string> weighting_names();
/// A line for --help on what each name means.
std::string weighting_help();
/// Throws kUsage with the known names.
Weighting weighting_of(const std::string& name);

/// Of some notes of a piece. `tempo` is looked at for seconds and accents alone.
PitchClassWeights pitch_class_weights(std::span<const Note> notes, Weighting weighting,
                                      const TempoMap& tempo);

/// Of a whole piece. The tempo map is made only where the weighting needs it.
PitchClassWeights pitch_class_weights(const MidiFile& midi, Weighting weighting);

}  // namespace mofi
