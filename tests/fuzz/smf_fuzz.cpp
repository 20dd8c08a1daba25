// The reader of Standard MIDI Files, tolerant and strict, and what its notes go through: tokens, pitch
// classes and key.

#include <cmath>

#include "hostile_input.h"
#include "midi/midi_text.h"
#include "tokens/compound_word.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

// A note is 16 bytes and takes as little as 3 of the file (a note-on under running status, one note-off for
// many); vectors may be half empty, and instruments are sorted from one into another.
constexpr MemoryBound kBound{.bytes_per_input_byte = 64};
// Words and tempo map: copies of the notes in order, with room to sort them.
constexpr MemoryBound kBoundOfStages{.bytes_per_input_byte = 128};

void check_notes(const MidiFile& midi, Pairing pairing, std::size_t size) {
  require(midi.format >= 0 && midi.format <= 2, "the format is one of three");
  require(midi.notes.size() + midi.unpaired_notes <= size, "there are fewer notes than bytes");
  require(midi.tempos.size() <= size, "there are fewer tempos than bytes");
  for (const TempoChange& tempo : midi.tempos) require(tempo.us_per_quarter > 0, "no quarter takes no time");
  require((midi.division.ticks_per_quarter > 0) != (midi.division.frames_per_second > 0),
          "a tick has a length");
  for (const Note& note : midi.notes) {
    require(note.end <= kMaxTick, "ticks are in range");
    require(pairing == Pairing::kAll ? note.start < note.end : note.start <= note.end,
            "notes end after they begin");
    require(note.pitch < 128 && note.velocity > 0 && note.velocity < 128, "pitch and velocity are of 7 bits");
    require(note.channel < 16 && note.program < 128, "channel and program are in range");
    require(note.track < static_cast<std::uint32_t>(midi.tracks), "a note is in a track");
  }
  for (std::size_t i = 1; i < midi.tempos.size(); ++i)
    require(midi.tempos[i - 1].tick <= midi.tempos[i].tick, "tempos are in order");
}

void check_words(const MidiFile& midi, const TokenOptions& options) {
  const TokenScheme scheme = token_scheme(options.scheme);
  const TokenizedPiece piece = tokenize(midi, options);
  const std::size_t columns = scheme.columns.size();
  const std::size_t left_out = options.out_of_range == "skip_note" ? piece.out_of_range_notes : 0;
  require(piece.words.size() == columns * (midi.notes.size() - left_out),
          "every note that is not left out is one word");
  for (std::size_t i = 0; i < piece.words.size(); ++i)
    require(piece.words[i] < std::min(scheme.columns[i % columns].pad, scheme.columns[i % columns].mask),
            "a word holds ordinary ids only");
  require(columns * notes_in_word_order(midi, options).size() == piece.words.size(),
          "every word is of one note");
}

void check_key(const MidiFile& midi) {
  for (const Weighting weighting :
       {Weighting::kTicks, Weighting::kSeconds, Weighting::kCount, Weighting::kAccent}) {
    const PitchClassWeights weights = pitch_class_weights(midi, weighting);
    for (const double weight : weights) require(std::isfinite(weight) && weight >= 0, "weights are finite");
    const KeyEstimate key = find_key(weights, key_profile("krumhansl_kessler"));
    require((key.tonic == -1) == (key.mode == kUndefinedMode), "tonic and mode are defined together");
    require(std::isfinite(key.margin), "the margin is finite");
    for (const double r : key.correlation)
      require(r >= -1.000001 && r <= 1.000001, "correlations are in -1..1");
  }
}

bool reads(std::span<const std::byte> bytes, const MidiReading& reading, MidiFile& midi) {
  return accepts(bytes, ExitCode::kData, kBound, [&] { midi = read_midi(bytes, "input.mid", reading); });
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const auto bytes = std::as_bytes(std::span(data, size));
  std::size_t note_ons = 0;
  for (const Pairing pairing : {Pairing::kAll, Pairing::kFifo}) {
    MidiFile tolerant, strict;
    const bool is_midi = reads(bytes, {.pairing = pairing, .strict = false}, tolerant);
    const bool is_sound = reads(bytes, {.pairing = pairing, .strict = true}, strict);
    require(is_sound == (is_midi && tolerant.repairs == RepairCounts{}),
            "strict accepts what a tolerant reader need not repair");
    if (!is_midi) return 0;
    if (is_sound)
      require(strict.notes == tolerant.notes && strict.tempos == tolerant.tempos,
              "and reads the same from it");

    check_notes(tolerant, pairing, size);
    const std::size_t all = tolerant.notes.size() + tolerant.unpaired_notes;
    require(pairing == Pairing::kAll || all == note_ons,
            "a note-on is a note or unpaired, however notes pair");
    note_ons = all;
    accepts(bytes, ExitCode::kData, kBoundOfStages, [&] {
      check_words(tolerant, {});
      check_words(tolerant, {.scheme = "cp6", .ticks = "rescale480", .out_of_range = "fold_octave"});
      check_words(tolerant, {.scheme = "cp6", .out_of_range = "clamp"});
      check_key(tolerant);
      require(!text_of(tolerant, 4).empty(), "a file can be told in words");
    });
  }
  return 0;
}
