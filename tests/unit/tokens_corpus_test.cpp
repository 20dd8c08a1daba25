#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "midi/midi_writer.h"
#include "midi/synthetic_corpus.h"
#include "midi_examples.h"
#include "tokens/token_text.h"
#include "tokens/tokenize_corpus.h"
#include "tokens/transposition.h"

namespace mofi {
namespace {

using testing::HasSubstr;

TEST(TokenizeCorpus, threads_do_not_change_the_table) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 40}));
  const Corpus corpus = open_folder(folder.path());
  const TokenizedCorpus one = tokenize_corpus(corpus, {}, {.threads = 1}),
                        many = tokenize_corpus(corpus, {}, {.threads = 7});
  EXPECT_EQ(content_digest(one.table), content_digest(many.table));
  EXPECT_EQ(one.table.header.inputs, many.table.header.inputs);
  EXPECT_EQ(one.table.pieces.size(), 40u);
  EXPECT_EQ(one.table.header.content_sha256, content_digest(one.table));
}

TEST(TokenizeCorpus, pieces_carry_labels_groups_splits_and_the_pitches_of_their_words) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 8}));
  const Corpus corpus = open_folder(folder.path());
  const TokenTable table = tokenize_corpus(corpus).table;
  EXPECT_EQ(table.split_names, corpus.split_names);
  for (std::size_t i = 0; i < table.pieces.size(); ++i) {
    const TokenPiece& piece = table.pieces[i];
    EXPECT_EQ(piece.id, corpus.files[i].id);
    EXPECT_EQ(piece.group, corpus.files[i].group);
    EXPECT_EQ(piece.label, corpus.files[i].label);
    EXPECT_EQ(piece.split, corpus.files[i].split);
    EXPECT_EQ(piece.midi_sha256.size(), 64u);
    EXPECT_LT(piece.pitch_min, piece.pitch_max);
  }
}

TEST(TokenizeCorpus, files_without_notes_are_left_out_and_counted) {
  const TemporaryFolder folder;
  MidiFile midi;
  folder.write("a.mid", midi_bytes(midi));
  EXPECT_THAT(refusal_of([&] { tokenize_corpus(open_folder(folder.path())); }),
              HasSubstr("none of the 1 MIDI files"));
  midi.notes = {{.start = 0, .end = 10, .pitch = 21}, {.start = 10, .end = 20, .pitch = 60}};
  folder.write("b.mid", midi_bytes(midi));
  folder.write("c.mid", "garbage");
  const TokenizedCorpus tokenized = tokenize_corpus(open_folder(folder.path()), {}, {.skip_bad_files = true});
  ASSERT_EQ(tokenized.table.pieces.size(), 1u);
  EXPECT_EQ(tokenized.table.pieces[0].id, "b.mid");
  EXPECT_EQ(tokenized.counts.empty_files, 1u);
  EXPECT_EQ(tokenized.counts.bad_files, 1u);
  EXPECT_EQ(tokenized.table.pieces[0].out_of_range_notes, 1u);
  EXPECT_THAT(refusal_of([&] {
                tokenize_corpus(open_folder(folder.path()), {.out_of_range = "error"},
                                {.fail_fast = true, .threads = 1});
              }),
              HasSubstr("b.mid: has a note of pitch 21, outside 22 to 107 of cp4; tokens.out_of_range can"));
}

TEST(TokenizeCorpus, notes_whose_pitch_has_no_id_are_told_as_lost_or_moved_by_the_options) {
  const TemporaryFolder folder;
  MidiFile midi;
  midi.notes = {{.start = 0, .end = 10, .pitch = 21}, {.start = 10, .end = 20, .pitch = 60}};
  folder.write("a.mid", midi_bytes(midi));
  const Corpus corpus = open_folder(folder.path());
  const auto told = [&](const std::string& out_of_range, const std::string& fate) {
    TokenizedCorpus tokenized = tokenize_corpus(corpus, {.out_of_range = out_of_range});
    const std::string line = "  " + fate + " 1 note whose pitch has no id, in 1 piece\n";
    EXPECT_THAT(summary(tokenized), HasSubstr(line)) << out_of_range;
    EXPECT_THAT(text_of(tokenized.table, 0), HasSubstr(" 1 note whose pitch has no id, in 1 piece\n"));
    tokenized.table.options.clear();
    EXPECT_THAT(contents_text(tokenized.table), HasSubstr("lost or moved  1 note whose pitch has no id"));
  };
  told("skip_note", "lost    ");
  told("clamp", "moved   ");
  told("fold_octave", "moved   ");
}

TEST(TokenizeCorpus, short_last_rows_are_dropped_and_counted_for_each_piece) {
  const TemporaryFolder folder;
  MidiFile midi;
  for (std::uint32_t i = 0; i < 11; ++i)
    midi.notes.push_back({.start = 100 * i, .end = 100 * i + 50, .pitch = static_cast<std::uint8_t>(60 + i)});
  folder.write("eleven.mid", midi_bytes(midi));
  midi.notes.resize(2);
  folder.write("two.mid", midi_bytes(midi));
  const TokenizedCorpus tokenized =
      tokenize_corpus(open_folder(folder.path()), {.segment_words = 4, .min_tail_words = 4});
  ASSERT_EQ(tokenized.table.pieces.size(), 1u);
  EXPECT_THAT(tokenized.table.length, testing::ElementsAre(4, 4));
  EXPECT_EQ(tokenized.table.pieces[0].dropped_words, 3u);
  EXPECT_EQ(tokenized.table.pieces[0].pitch_max, 67);  // the highest of the words that are left
  EXPECT_EQ(tokenized.counts.short_files, 1u);
}

TEST(TokenizeCorpus, every_option_is_told_by_the_table_and_changes_its_identity) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 8}));
  const Corpus corpus = open_folder(folder.path());
  const TokenTable plain = tokenize_corpus(corpus).table;
  EXPECT_EQ(
      plain.options,
      R"({"reading":{"pairing":"all"},"tokens":{"scheme":"cp4","ticks":"raw","out_of_range":"skip_note",)"
      R"("segment_words":512,"min_tail_words":1}})");
  for (const TokenOptions& options : std::vector<TokenOptions>{{.scheme = "cp6"},
                                                               {.ticks = "rescale480"},
                                                               {.out_of_range = "clamp"},
                                                               {.segment_words = 100},
                                                               {.min_tail_words = 2}}) {
    const TokenTable other = tokenize_corpus(corpus, options).table;
    EXPECT_NE(other.header.config_sha256, plain.header.config_sha256) << other.options;
    EXPECT_NE(other.header.content_sha256, plain.header.content_sha256) << other.options;
    EXPECT_EQ(other.header.inputs, plain.header.inputs);
  }
}

}  // namespace
}  // namespace mofi
