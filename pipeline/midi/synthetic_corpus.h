#pragma once
// A labelled corpus of generated music whose rules are known: the positive control of every experiment.
//
// Valence is told by the mode and by nothing else: major means high valence with the probability
// `mode_valence_agreement`, kept to the nearest clip in every quadrant of every part of the split, so that
// the best valence accuracy is known beforehand. Arousal is told by tempo, loudness, note density and
// register, which overlap between the classes. The absolute pitch tells nothing: the 12 keys of each mode are
// dealt out evenly, whatever the label; with `unseen_keys` within the test part and within the others. Each
// song has two clips in different keys with the same progression and nearly the same melody in scale degrees;
// so a split that ignores songs leaks here as it does in real data.
//
// Every draw is an integer of a counter-based stream, so a seed gives the same bytes on every platform.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "midi/midi_file.h"
#include "midi/split_part.h"

namespace mofi {

struct SyntheticCorpusConfig {
  int pieces = 400;
  std::uint64_t seed = 1;
  double mode_valence_agreement = 0.9;
  bool unseen_keys = false;
};

void describe(auto& field, SyntheticCorpusConfig& config) {
  field("pieces", config.pieces,
        {.help = "clips, two a song", .unit = "clips", .minimum = 8, .maximum = 100'000});
  field("seed", config.seed, {.help = "what everything is drawn from"});
  field("mode_valence_agreement", config.mode_valence_agreement,
        {.help = "share of clips whose mode is that of their valence", .minimum = 0, .maximum = 1});
  field(
      "unseen_keys", config.unseen_keys,
      {.help =
           "test clips are in D flat, E, G and B flat, all others in the other eight tonics, so that no key "
           "that was learnt tells the mode of a test clip",
       .before = false});
}

struct SyntheticPiece {
  std::string file;   ///< "song_00001_1.mid"
  std::string group;  ///< "song_00001"
  int quadrant = 0;   ///< 0..3 = Q1..Q4
  SplitPart split = SplitPart::kTrain;
  int tonic = 0;  ///< pitch class, 0 = C
  bool is_minor = false;
  int tempo_bpm = 120;
  MidiFile midi;
};

/// By file name. Songs are in train, valid and test as 70 : 15 : 15, in every quadrant.
std::vector<SyntheticPiece> compose_corpus(const SyntheticCorpusConfig& config);

/// labels.csv: file,label,group,split, and the true tonic, mode and tempo.
std::string synthetic_labels(const std::vector<SyntheticPiece>& pieces);

/// A few lines for the terminal: clips, notes, emotions, splits, keys.
std::string summary(const std::vector<SyntheticPiece>& pieces);

/// Writes the MIDI files, then labels.csv, for the data set `folder`. Files that are there already with the
/// same contents are left alone. Returns the digest of all that was written.
std::string write_synthetic_corpus(const std::filesystem::path& folder,
                                   const std::vector<SyntheticPiece>& pieces);

}  // namespace mofi
