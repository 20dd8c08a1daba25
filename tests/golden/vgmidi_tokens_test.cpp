// The tokens of VGMIDI: counts of specification 2.1 and 2.7.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "test_data.h"
#include "tokens/tokenize_corpus.h"

namespace mofi {
namespace {

class Vgmidi : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_data("vgmidi");
    if (!folder_)
      GTEST_SKIP() << "needs the VGMIDI archive: set MOFI_DATA_UNPACKED to the folder that holds vgmidi/";
  }
  Corpus whole_pieces() const { return open_folder(*folder_ / "labelled_midi"); }

  std::optional<std::filesystem::path> folder_;
};

/// How many pieces have other rows in `other`.
int pieces_that_differ(const TokenTable& table, const TokenTable& other) {
  const auto rows_of_piece = [](const TokenTable& tokens, std::uint32_t piece) {
    std::vector<std::uint8_t> words;
    for (std::size_t row = 0; row < tokens.rows(); ++row)
      if (tokens.piece[row] == piece)
        words.insert(words.end(), tokens.row(row).begin(), tokens.row(row).end());
    return words;
  };
  int count = 0;
  for (std::uint32_t piece = 0; piece < table.pieces.size(); ++piece) {
    EXPECT_EQ(table.pieces[piece].id, other.pieces.at(piece).id);
    count += rows_of_piece(table, piece) != rows_of_piece(other, piece) ? 1 : 0;
  }
  return count;
}

TEST_F(Vgmidi, labels_and_groups_are_those_of_the_published_table) {
  const Corpus corpus = open_vgmidi(*folder_);
  std::vector<std::string> groups;
  std::vector<int> labels;
  for (const CorpusFile& file : corpus.files) {
    groups.push_back(file.group);
    labels.push_back(file.label);
  }
  std::sort(groups.begin(), groups.end());
  EXPECT_EQ(std::unique(groups.begin(), groups.end()) - groups.begin(), 200);
  EXPECT_EQ(label_counts(labels, corpus.class_names), "Q1 76, Q2 39, Q3 27, Q4 62");
  EXPECT_EQ(tokenize_corpus(corpus).table.pieces.size(), 204u);
}

TEST_F(Vgmidi, whole_pieces_have_405_rows_and_8_notes_of_4_files_have_no_pitch_id) {
  const TokenTable table = tokenize_corpus(whole_pieces()).table;
  EXPECT_EQ(table.pieces.size(), 204u);
  EXPECT_EQ(table.rows(), 405u);
  std::uint32_t notes = 0, files = 0;
  for (const TokenPiece& piece : table.pieces) {
    notes += piece.out_of_range_notes;
    files += piece.out_of_range_notes > 0 ? 1 : 0;
  }
  EXPECT_EQ(notes, 8u);
  EXPECT_EQ(files, 4u);
}

// The specification's counts include the 8 notes without a pitch id; clamping keeps them.
TEST_F(Vgmidi, pairing_first_in_first_out_changes_58_whole_pieces) {
  const TokenTable all = tokenize_corpus(whole_pieces(), {.out_of_range = "clamp"}).table;
  const TokenTable fifo =
      tokenize_corpus(whole_pieces(), {.out_of_range = "clamp"}, {.pairing = "fifo"}).table;
  EXPECT_EQ(pieces_that_differ(all, fifo), 58);
}

TEST_F(Vgmidi, rescaled_to_480_there_are_as_many_bars_and_long_notes_as_counted) {
  const auto bars_and_long_notes = [&](const char* ticks) {
    const TokenTable table = tokenize_corpus(whole_pieces(), {.ticks = ticks, .out_of_range = "clamp"}).table;
    int bars = 0, long_notes = 0;
    for (std::size_t row = 0; row < table.rows(); ++row)
      for (std::size_t at = 0; at < 4u * table.length[row]; at += 4) {
        bars += table.row(row)[at] == 0 ? 1 : 0;
        long_notes += table.row(row)[at + 3] == 63 ? 1 : 0;
      }
    return std::array{static_cast<int>(table.rows()), bars, long_notes};
  };
  EXPECT_THAT(bars_and_long_notes("raw"), testing::ElementsAre(405, 9592, 1234));
  EXPECT_THAT(bars_and_long_notes("rescale480"), testing::ElementsAre(405, 10597, 378));
}

}  // namespace
}  // namespace mofi
