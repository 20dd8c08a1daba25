#pragma once
// The music of a run: where its MIDI files come from, and how they become tokens and modes.

#include <string>

#include "midi/dataset_config.h"
#include "midi/read_corpus.h"
#include "tokens/token_options.h"
#include "tonality/find_modes.h"

namespace mofi {

/// Ready-made inputs, for sweeps over tokens that other stages made. Empty: `run` makes them.
struct InputsConfig {
  std::string tokens, mode, features;
};

template <class Field>
void describe(Field& field, InputsConfig& c) {
  field("tokens", c.tokens, {.help = "tokens.h5", .is_volatile = true});
  field("mode", c.mode, {.help = "mode.h5", .is_volatile = true});
  field("features", c.features, {.help = "features.h5, of systems that see them", .is_volatile = true});
}

struct MusicConfig {
  DatasetConfig dataset;
  ReadOptions reading;
  TokenOptions tokens;
  ModeOptions tonality;
  InputsConfig inputs;
};

template <class Field>
void describe(Field& field, MusicConfig& c) {
  field("dataset", c.dataset, {.help = "where the music comes from"});
  field("reading", c.reading, {.help = "how MIDI files are read"});
  field("tokens", c.tokens, {.help = "how notes become rows of words"});
  field("tonality", c.tonality, {.help = "how keys are found"});
  field("inputs", c.inputs, {.help = "ready-made tokens, modes and features"});
}

/// Resets what has no effect: of ready-made tokens nothing is read or made.
inline void normalise(MusicConfig& music) {
  if (!music.inputs.tokens.empty()) music = {.inputs = music.inputs};
}

}  // namespace mofi
