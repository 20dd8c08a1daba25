#include "tokens/transposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"
#include "midi/midi_writer.h"
#include "midi_examples.h"
#include "tokens/compound_word.h"

namespace mofi {
namespace {

using testing::ElementsAre;

MidiFile random_piece(std::uint64_t round) {
  RandomStream draws(round, "random piece");
  MidiFile midi;
  std::uint32_t start = 0;
  for (int i = 0; i < 200; ++i) {
    start += draws.below(3) == 0 ? 0 : draws.below(500);
    Note note{.start = start,
              .end = start + 1 + draws.below(2000),
              .pitch = static_cast<std::uint8_t>(draws.between(40, 90))};
    note.track = draws.below(3);
    midi.notes.push_back(note);
  }
  return midi;
}

TEST(Transposition, of_tokens_equals_tokenising_the_transposed_midi_for_every_legal_shift) {
  const TokenScheme scheme = token_scheme("cp4");
  for (std::uint64_t round = 0; round < 20; ++round) {
    const MidiFile midi = random_piece(round);
    const TokenizedPiece original = tokenize(read_text_as_midi(midi_bytes(midi)));
    const PitchRange pitches = pitch_range(original.words, scheme);
    const TokenPiece piece{.pitch_min = pitches.lowest, .pitch_max = pitches.highest};
    const ShiftRange legal = legal_shifts(scheme, piece, {-127, 127});
    EXPECT_EQ(legal.lowest, 22 - pitches.lowest);
    EXPECT_EQ(legal.highest, 107 - pitches.highest);
    for (int shift = legal.lowest; shift <= legal.highest; ++shift) {
      MidiFile transposed = midi;
      for (Note& note : transposed.notes) note.pitch = static_cast<std::uint8_t>(note.pitch + shift);
      std::vector<std::uint8_t> words = original.words;
      transpose_row(words, scheme, shift);
      EXPECT_EQ(words, tokenize(read_text_as_midi(midi_bytes(transposed))).words) << round << " by " << shift;
    }
  }
}

TEST(Transposition, leaves_pad_and_mask_as_they_are) {
  std::vector<std::uint8_t> row = {0, 0, 40, 3, 3, 17, 87, 65, 2, 16, 86, 64};
  transpose_row(row, token_scheme("cp4"), -5);
  EXPECT_THAT(row, ElementsAre(0, 0, 35, 3, 3, 17, 87, 65, 2, 16, 86, 64));
}

TEST(Transposition, range_is_what_was_wanted_where_the_piece_has_room) {
  const TokenPiece piece{.pitch_min = 24, .pitch_max = 107};
  const ShiftRange range = legal_shifts(token_scheme("cp4"), piece, {-6, 5});
  EXPECT_EQ(range.lowest, -2);
  EXPECT_EQ(range.highest, 0);
  EXPECT_EQ(range.size(), 3);
  EXPECT_TRUE(range.contains(0) && !range.contains(1));
}

TEST(Transposition, that_takes_a_note_out_of_the_vocabulary_is_refused) {
  std::vector<std::uint8_t> row = {0, 0, 83, 3};
  EXPECT_THAT(refusal_of([&] { transpose_row(row, token_scheme("cp4"), 3); }, ExitCode::kInternal),
              testing::HasSubstr("out of the vocabulary"));
}

}  // namespace
}  // namespace mofi
