#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "midi/midi_writer.h"
#include "midi/synthetic_corpus.h"
#include "midi_examples.h"
#include "tokens/tokenize_corpus.h"
#include "tonality/find_modes.h"

namespace mofi {
namespace {

using testing::HasSubstr;

TEST(FindModes, krumhansl_kessler_finds_the_key_of_95_percent_of_the_synthetic_corpus) {
  const TemporaryFolder folder;
  const std::vector<SyntheticPiece> pieces = compose_corpus({.pieces = 200});
  write_synthetic_corpus(folder.path(), pieces);
  const ModeTable table = find_modes(open_folder(folder.path()));
  ASSERT_EQ(table.pieces.size(), pieces.size());
  int modes = 0, keys = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool is_mode = table.pieces[i].mode == (pieces[i].is_minor ? kMinor : kMajor);
    modes += is_mode ? 1 : 0;
    keys += is_mode && table.pieces[i].tonic == pieces[i].tonic ? 1 : 0;
  }
  EXPECT_GE(modes, 190);
  EXPECT_GE(keys, 190);
}

TEST(FindModes, threads_do_not_change_the_table_and_pieces_without_notes_are_undefined) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 16}));
  std::filesystem::remove(folder.path() / "labels.csv");
  folder.write("aaa_empty.mid", midi_bytes({}));
  const Corpus corpus = open_folder(folder.path());
  const ModeTable one = find_modes(corpus, {}, {}, {.threads = 1});
  EXPECT_EQ(one.header.content_sha256, find_modes(corpus, {}, {}, {.threads = 5}).header.content_sha256);
  EXPECT_EQ(one.pieces[0].mode, kUndefinedMode);
  EXPECT_EQ(one.pieces[0].tonic, -1);
  EXPECT_NE(one.header.content_sha256, find_modes(corpus, {.weighting = "count"}).header.content_sha256);
}

/// Of the words of a row: how often each pitch class occurs, as a share.
std::array<float, 12> pitch_classes_of_row(const TokenTable& tokens, std::size_t row) {
  std::array<int, 12> counts{};
  for (std::size_t word = 0; word < tokens.length[row]; ++word) {
    const int id =
        tokens.row(row)[word * tokens.columns() + static_cast<std::size_t>(tokens.scheme.pitch_column)];
    ++counts[static_cast<std::size_t>(id + tokens.scheme.lowest_pitch) % 12];
  }
  std::array<float, 12> shares{};
  for (std::size_t i = 0; i < counts.size(); ++i)
    shares[i] = static_cast<float>(counts[i]) / static_cast<float>(tokens.length[row]);
  return shares;
}

class KeysOfRows : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Schemes, KeysOfRows, testing::Values("cp4", "cp6"),
                         [](const auto& scheme) { return std::string(scheme.param); });

TEST_P(KeysOfRows, every_row_of_tokens_has_one_segment_made_of_the_notes_of_its_words) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = 40}));
  const Corpus corpus = open_folder(folder.path());
  const TokenOptions options = {.scheme = GetParam(), .segment_words = 50, .min_tail_words = 10};
  const TokenTable tokens = tokenize_corpus(corpus, options).table;
  const ModeTable modes = find_modes(corpus, {.weighting = "count", .unit = "segment"}, options);
  EXPECT_EQ(modes.token_options, tokens.options);
  ASSERT_EQ(modes.pieces.size(), tokens.rows());
  ASSERT_GT(tokens.rows(), tokens.pieces.size());
  ASSERT_TRUE(std::ranges::any_of(tokens.pieces, [](const auto& piece) { return piece.dropped_words > 0; }));
  ASSERT_TRUE(std::ranges::any_of(tokens.length, [](int words) { return words < 50; }));
  std::uint32_t segment = 0;
  for (std::size_t row = 0; row < tokens.rows(); ++row) {
    segment = row > 0 && tokens.piece[row] == tokens.piece[row - 1] ? segment + 1 : 0;
    const TokenPiece& piece = tokens.pieces[tokens.piece[row]];
    EXPECT_EQ(modes.pieces[row].piece_id, piece.id);
    EXPECT_EQ(modes.pieces[row].midi_sha256, piece.midi_sha256);
    EXPECT_EQ(modes.pieces[row].segment, segment);
    EXPECT_THAT(modes.pieces[row].profile,
                testing::Pointwise(testing::FloatEq(), pitch_classes_of_row(tokens, row)))
        << piece.id << ", segment " << segment;
  }
}

ModeTable two_pieces() {
  ModeTable table;
  table.weighting = "count";
  table.pieces = {{.piece_id = "a.mid", .midi_sha256 = "aa", .tonic = 11, .mode = kMinor, .margin = 0.25f},
                  {.piece_id = "b.mid"}};
  table.pieces[0].correlation[23] = 0.5f;
  table.pieces[0].profile[11] = 1;
  return table;
}

TEST(ModeTable, what_was_written_is_read_back_with_its_digest) {
  const TemporaryFolder folder;
  write_modes(folder.path() / "mode.h5", two_pieces());
  const ModeTable again = read_modes(folder.path() / "mode.h5");
  EXPECT_EQ(again.weighting, "count");
  EXPECT_EQ(again.pieces[0].tonic, 11);
  EXPECT_EQ(again.pieces[0].correlation[23], 0.5f);
  EXPECT_EQ(again.pieces[1].mode, kUndefinedMode);
  EXPECT_EQ(again.header.content_sha256, content_digest(two_pieces()));
  EXPECT_EQ(content_digest(again), content_digest(two_pieces()));
}

TEST(ModeTable, digest_covers_everything_but_the_header) {
  const std::string original = content_digest(two_pieces());
  const auto changed = [&](const std::function<void(ModeTable&)>& change) {
    ModeTable table = two_pieces();
    change(table);
    return content_digest(table) != original;
  };
  EXPECT_TRUE(changed([](ModeTable& t) { t.key_profile = "aarden_essen"; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.weighting = "ticks"; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pairing = "fifo"; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.unit = "segment"; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.token_options = "{}"; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces.pop_back(); }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[1].piece_id = "c.mid"; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[1].segment = 1; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[1].midi_sha256 = "bb"; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[0].tonic = 10; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[0].mode = kMajor; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[0].margin = 0.5f; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[0].correlation[22] = 0.5f; }));
  EXPECT_TRUE(changed([](ModeTable& t) { t.pieces[0].profile[11] = 0.5f; }));
  EXPECT_FALSE(changed([](ModeTable& t) { t.header.producer = "someone else"; }));
}

TEST(ModeTable, modes_and_tonics_that_do_not_fit_are_refused) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::function<void(PieceMode&)>& spoil) {
    ModeTable table = two_pieces();
    spoil(table.pieces[0]);
    write_modes(folder.path() / "mode.h5", table);
    return refusal_of([&] { read_modes(folder.path() / "mode.h5"); });
  };
  EXPECT_THAT(refusal([](PieceMode& piece) { piece.tonic = 12; }),
              HasSubstr("piece a.mid has mode 1 and tonic 12"));
  EXPECT_THAT(refusal([](PieceMode& piece) { piece.mode = 2; }), HasSubstr("piece a.mid has mode 2"));
  EXPECT_THAT(refusal([](PieceMode& piece) { piece.mode = kUndefinedMode; }),
              HasSubstr("piece a.mid has mode 255 and tonic 11"));
}

}  // namespace
}  // namespace mofi
