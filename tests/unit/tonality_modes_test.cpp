#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "midi/midi_writer.h"
#include "midi/synthetic_corpus.h"
#include "midi_examples.h"
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
