// The reader of Standard MIDI Files, and what its notes go through: tokens, pitch classes and key.

#include "hostile_input.h"
#include "midi/midi_text.h"
#include "tokens/compound_word.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

constexpr MemoryBound kBound{.bytes_per_input_byte = 64};

void check_notes(const MidiFile& midi, std::size_t size, const MidiReading& reading) {
  require(midi.notes.size() + midi.unpaired_notes <= size, "there are fewer notes than bytes");
  require(midi.tempos.size() <= size, "there are fewer tempos than bytes");
  require(midi.format >= 0 && midi.format <= 2, "the format is known");
  require(!reading.strict || midi.repairs == RepairCounts{}, "a strict reader mends nothing");
  for (const Note& note : midi.notes) {
    require(note.start <= note.end && note.end <= kMaxTick, "notes end after they begin, at a tick in range");
    require(note.start < note.end || reading.pairing == Pairing::kFifo, "notes have a duration");
    require(note.pitch < 128 && note.velocity > 0 && note.velocity < 128, "pitch and velocity are of 7 bits");
    require(note.channel < 16 && note.program < 128, "channel and program are in range");
  }
  for (const TempoChange& tempo : midi.tempos) require(tempo.us_per_quarter > 0, "no quarter takes no time");
}

void check_words(const MidiFile& midi, const TokenOptions& options) {
  const TokenScheme scheme = token_scheme(options.scheme);
  const TokenizedPiece piece = tokenize(midi, options);
  const std::size_t columns = scheme.columns.size();
  const std::size_t left_out = options.out_of_range == "skip_note" ? piece.out_of_range_notes : 0;
  require(piece.words.size() == columns * (midi.notes.size() - left_out), "every note in range is one word");
  for (std::size_t i = 0; i < piece.words.size(); ++i)
    require(piece.words[i] < scheme.columns[i % columns].pad, "a word holds ordinary ids only");
  require(notes_in_word_order(midi, options).size() * columns == piece.words.size(),
          "and every word is a note");
}

void check_key(const MidiFile& midi, Weighting weighting) {
  const KeyEstimate key = find_key(pitch_class_weights(midi, weighting), key_profile("krumhansl_kessler"));
  require((key.tonic == -1) == (key.mode == kUndefinedMode), "tonic and mode are defined together");
  for (const double r : key.correlation) require(r >= -1.000001 && r <= 1.000001, "correlations are");
}

/// Everything that the stages do with a file, in two ways.
void use(std::span<const std::byte> bytes, const MidiReading& reading, const TokenOptions& options,
         Weighting weighting) {
  const MidiFile midi = read_midi(bytes, "input.mid", reading);
  check_notes(midi, bytes.size(), reading);
  check_words(midi, options);
  check_key(midi, weighting);
  require(!text_of(midi, 4).empty(), "a file can be told in words");
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const auto bytes = std::as_bytes(std::span(data, size));
  const bool is_midi =
      accepts(bytes, ExitCode::kData, kBound, [&] { use(bytes, {}, {}, Weighting::kTicks); });
  const bool is_sound = accepts(bytes, ExitCode::kData, kBound, [&] {
    const TokenOptions options{.scheme = "cp6", .ticks = "rescale480", .out_of_range = "fold_octave"};
    use(bytes, {Pairing::kFifo, true}, options, Weighting::kAccent);
  });
  require(is_midi || !is_sound, "what a strict reader takes a tolerant one takes, too");
  return 0;
}
