// The tokens of MIDI-BERT's pre-training corpora: the numbers of rows of its arrays (specification 2.5),
// notes counted when the corpora were collected, and baselines of an independent trial.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "core/files.h"
#include "test_data.h"
#include "tokens/held_out.h"
#include "tokens/tokenize_corpus.h"
#include "tokens/word_baselines.h"

namespace mofi {
namespace {

class Pretrain : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_data("pretrain");
    if (!folder_)
      GTEST_SKIP() << "needs the pretrain archive: set MOFI_DATA_UNPACKED to the folder that holds pretrain/";
  }
  /// How many rows the pieces have that a list names, in rows as long as MIDI-BERT's.
  std::size_t rows_of(const std::string& list, const std::string& prefix, const TokenTable& table) const {
    const std::vector<std::string> names = read_lines(*folder_ / "midibert_lists" / list);
    std::size_t rows = 0;
    for (const std::uint32_t piece : table.piece)
      rows += std::ranges::any_of(names,
                                  [&](const auto& name) { return table.pieces[piece].id == prefix + name; })
                  ? 1
                  : 0;
    return rows;
  }

  std::optional<std::filesystem::path> folder_;
};

TEST_F(Pretrain, pianist8_has_the_rows_of_midiberts_composer_arrays) {
  Corpus corpus = open_pretrain(*folder_);
  std::erase_if(corpus.files, [](const CorpusFile& file) { return !file.id.starts_with("pianist8/"); });
  const TokenTable table = tokenize_corpus(corpus, {.min_tail_words = 256}).table;
  EXPECT_EQ(rows_of("pianist8_train.txt", "pianist8/", table), 1186u);
  EXPECT_EQ(rows_of("pianist8_valid.txt", "pianist8/", table), 156u);
  EXPECT_EQ(rows_of("pianist8_test.txt", "pianist8/", table), 126u);
}

// 1.53 M notes of all 909 songs, 2.28 M of pop1k7, 0.75 M of Pianist8 were counted; no pitch lies beyond the
// vocabulary, or MIDI-BERT's own preparation would have ended there.
TEST_F(Pretrain, every_note_of_every_track_is_a_word_and_none_is_out_of_range) {
  const TokenTable table = tokenize_corpus(open_pretrain(*folder_)).table;
  std::map<std::string, std::size_t> words, rows;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string& id = table.pieces[table.piece[row]].id;
    words[id.substr(0, id.find('/'))] += table.length[row];
    ++rows[id.substr(0, id.find('/'))];
  }
  using testing::ElementsAre, testing::Pair;
  EXPECT_THAT(words, ElementsAre(Pair("asap", 144198u), Pair("pianist8", 752636u), Pair("pop1k7", 2277692u),
                                 Pair("pop909", 1466175u)));
  EXPECT_THAT(rows, ElementsAre(Pair("asap", 317u), Pair("pianist8", 1677u), Pair("pop1k7", 5288u),
                                Pair("pop909", 3301u)));
  for (const TokenPiece& piece : table.pieces) EXPECT_EQ(piece.out_of_range_notes, 0u) << piece.id;
}

// The trial held out 200 pieces of these corpora and EMOPIA's, and scored rows of 256 words: majority
// .955 .067 .034 .163, the word before .910 .538 .034 .313. Pieces differ in their durations most.
TEST_F(Pretrain, majority_and_copied_words_are_as_good_as_in_an_independent_trial) {
  const TokenTable table = tokenize_corpus(open_pretrain(*folder_), {.segment_words = 256}).table;
  const HeldOutRows rows = hold_out(table, {});
  EXPECT_EQ(rows.left_out_pieces, 0u);
  const auto found = word_baselines(table, rows.train, rows.held_out, 256);
  const double majority[] = {.955, .067, .034, .163}, copied[] = {.910, .538, .034, .313};
  for (std::size_t c = 0; c < 4; ++c) {
    const double tolerance = found[c].column == "Duration" ? 0.06 : 0.015;
    EXPECT_NEAR(found[c].unigram, majority[c], tolerance) << found[c].column;
    EXPECT_NEAR(found[c].copy, copied[c], tolerance) << found[c].column;
    EXPECT_GE(found[c].bigram, found[c].unigram) << found[c].column;
    EXPECT_GE(found[c].neighbours, found[c].bigram) << found[c].column;
  }
}

}  // namespace
}  // namespace mofi
