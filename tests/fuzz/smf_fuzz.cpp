// The reader of Standard MIDI Files, and what its notes go through: tokens, pitch classes and key.

#include "hostile_input.h"
#include "midi/midi_file.h"
#include "tokens/compound_word.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

constexpr MemoryBound kBound{.bytes_per_input_byte = 64};

void check_notes(const MidiFile& midi, std::size_t size) {
  require(midi.notes.size() <= size, "there are fewer notes than bytes");
  require(midi.tempos.size() <= size, "there are fewer tempos than bytes");
  for (const Note& note : midi.notes) {
    require(note.start < note.end && note.end <= kMaxTick, "notes end after they begin, at a tick in range");
    require(note.pitch < 128 && note.velocity > 0 && note.velocity < 128, "pitch and velocity are of 7 bits");
    require(note.channel < 16 && note.program < 128, "channel and program are in range");
  }
}

void check_words(const MidiFile& midi) {
  const TokenScheme scheme = cp4_scheme();
  const TokenizedPiece piece = tokenize(midi.notes);
  const std::size_t columns = scheme.columns.size();
  require(piece.words.size() ==
              columns * (midi.notes.size() - static_cast<std::size_t>(piece.out_of_range_notes)),
          "every note in range is one word");
  for (std::size_t i = 0; i < piece.words.size(); ++i)
    require(piece.words[i] < scheme.columns[i % columns].pad, "a word holds ordinary ids only");
}

void check_key(const MidiFile& midi) {
  for (const Weighting weighting : {Weighting::kTicks, Weighting::kCount}) {
    const KeyEstimate key =
        find_key(pitch_class_weights(midi.notes, weighting), key_profile("krumhansl_kessler"));
    require((key.tonic == -1) == (key.mode == kUndefinedMode), "tonic and mode are defined together");
    for (const double r : key.correlation) require(r >= -1.000001 && r <= 1.000001, "correlations are");
  }
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const auto bytes = std::as_bytes(std::span(data, size));
  MidiFile midi;
  if (accepts(bytes, ExitCode::kData, kBound, [&] {
        midi = read_midi(bytes, "input.mid");
        check_notes(midi, size);
        check_words(midi);
        check_key(midi);
      }))
    require(midi.format >= 0 && midi.format <= 2, "the format is known");
  return 0;
}
