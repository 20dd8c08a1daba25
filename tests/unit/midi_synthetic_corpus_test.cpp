#include "midi/synthetic_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "core/config.h"
#include "core/files.h"
#include "midi/corpus.h"
#include "midi/midi_writer.h"
#include "midi_examples.h"

namespace mofi {
namespace {

bool mode_agrees(const SyntheticPiece& piece) {
  return piece.is_minor == (piece.quadrant == 1 || piece.quadrant == 2);
}

TEST(SyntheticCorpus, same_seed_gives_the_same_bytes_and_another_seed_others) {
  const TemporaryFolder a, b;
  const std::string first = write_synthetic_corpus(a.path(), compose_corpus({.pieces = 24}));
  EXPECT_EQ(first, write_synthetic_corpus(b.path(), compose_corpus({.pieces = 24})));
  EXPECT_NE(first, write_synthetic_corpus(b.path(), compose_corpus({.pieces = 24, .seed = 2})));
  // The same on every platform; a change of the rules changes it, and says so here.
  EXPECT_EQ(first, "84f9b9e4209fd549c424f64c882e69bc52b9d10544b90cdee678c91bc22f8bd7");
}

TEST(SyntheticCorpus, mode_agrees_with_valence_in_the_stated_share_of_every_quadrant_and_part) {
  std::map<std::pair<int, SplitPart>, std::pair<int, int>> agreeing_of_all;
  for (const SyntheticPiece& piece : compose_corpus({})) {
    auto& [agreeing, all] = agreeing_of_all[{piece.quadrant, piece.split}];
    agreeing += mode_agrees(piece) ? 1 : 0;
    ++all;
  }
  EXPECT_EQ(agreeing_of_all.size(), 12u);
  for (const auto& [where, counts] : agreeing_of_all) EXPECT_NEAR(counts.first, 0.9 * counts.second, 0.5);
}

TEST(SyntheticCorpus, keys_and_quadrants_are_even_and_no_song_is_in_two_parts) {
  std::map<std::pair<int, bool>, int> of_key;
  std::map<int, int> of_quadrant;
  std::map<SplitPart, int> of_part;
  std::map<std::string, std::set<SplitPart>> parts_of_song;
  for (const SyntheticPiece& piece : compose_corpus({})) {
    ++of_key[{piece.tonic, piece.is_minor}];
    ++of_quadrant[piece.quadrant];
    ++of_part[piece.split];
    parts_of_song[piece.group].insert(piece.split);
  }
  EXPECT_EQ(of_key.size(), 24u);
  for (const auto& [key, count] : of_key) EXPECT_THAT(count, testing::AnyOf(16, 17));
  for (const auto& [quadrant, count] : of_quadrant) EXPECT_EQ(count, 100);
  EXPECT_EQ(parts_of_song.size(), 200u);
  for (const auto& [song, parts] : parts_of_song) EXPECT_EQ(parts.size(), 1u) << song;
  EXPECT_EQ(of_part[SplitPart::kTrain], 280);
}

TEST(SyntheticCorpus, with_unseen_keys_no_key_of_a_test_clip_is_in_the_other_parts) {
  std::map<bool, std::map<std::pair<int, bool>, int>> of_key;
  for (const SyntheticPiece& piece : compose_corpus({.unseen_keys = true}))
    ++of_key[piece.split == SplitPart::kTest][{piece.tonic, piece.is_minor}];
  EXPECT_EQ(of_key[true].size(), 8u) << "four tonics in two modes";
  EXPECT_EQ(of_key[false].size(), 16u);
  for (const auto& [key, count] : of_key[true]) {
    EXPECT_FALSE(of_key[false].contains(key)) << key.first;
    EXPECT_THAT(count, testing::AllOf(testing::Ge(7), testing::Le(9)));
  }
}

TEST(SyntheticCorpus, arousal_is_told_by_tempo_loudness_density_and_register) {
  struct Sums {
    double clips = 0, tempo = 0, notes = 0, velocity = 0, pitch = 0;
  };
  std::array<Sums, 2> sums;  // calm, excited
  for (const SyntheticPiece& piece : compose_corpus({})) {
    Sums& sum = sums[piece.quadrant < 2 ? 1 : 0];
    EXPECT_TRUE(piece.midi.notes.size() >= 60 && piece.midi.notes.size() <= 140);
    ++sum.clips;
    sum.tempo += piece.tempo_bpm;
    for (const Note& note : piece.midi.notes) {
      ++sum.notes;
      sum.velocity += note.velocity;
      sum.pitch += note.pitch;
    }
  }
  const auto& [calm, excited] = sums;
  EXPECT_GT(excited.tempo / excited.clips, calm.tempo / calm.clips + 30);
  EXPECT_GT(excited.notes / excited.clips, calm.notes / calm.clips + 15);
  EXPECT_GT(excited.velocity / excited.notes, calm.velocity / calm.notes + 20);
  EXPECT_GT(excited.pitch / excited.notes, calm.pitch / calm.notes + 5);
}

TEST(SyntheticCorpus, is_read_back_as_the_data_set_folder_with_its_labels_and_notes) {
  const TemporaryFolder folder;
  const std::vector<SyntheticPiece> pieces = compose_corpus({.pieces = 16});
  write_synthetic_corpus(folder.path(), pieces);
  const Corpus corpus = open_folder(folder.path());
  ASSERT_EQ(corpus.files.size(), pieces.size());
  EXPECT_THAT(corpus.class_names, testing::ElementsAre("Q1", "Q2", "Q3", "Q4"));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(corpus.files[i].id, pieces[i].file);
    EXPECT_EQ(corpus.files[i].label, pieces[i].quadrant);
    EXPECT_EQ(corpus.files[i].group, pieces[i].group);
    EXPECT_THAT(corpus.files[i].split, testing::ElementsAre(pieces[i].split));
    const MidiFile midi = read_midi(read_bytes(corpus.files[i].path), pieces[i].file);
    EXPECT_THAT(midi.notes, testing::UnorderedElementsAreArray(pieces[i].midi.notes));
  }
}

TEST(SyntheticCorpus, every_clip_can_be_transposed_by_six_semitones_down_and_five_up) {
  for (const SyntheticPiece& piece : compose_corpus({}))
    for (const Note& note : piece.midi.notes)
      EXPECT_TRUE(note.pitch >= 22 + 6 && note.pitch <= 107 - 5) << piece.file;
}

TEST(SyntheticCorpus, config_is_read_and_written_by_the_names_of_its_fields) {
  EXPECT_EQ(config_to_json(SyntheticCorpusConfig{}).dump(),
            R"({"pieces":400,"seed":1,"mode_valence_agreement":0.9,"unseen_keys":false})");
  EXPECT_EQ(read_config<SyntheticCorpusConfig>(parse_config("pieces: 12", "test")).pieces, 12);
}

}  // namespace
}  // namespace mofi
