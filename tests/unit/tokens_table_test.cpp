#include "tokens/token_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/files.h"
#include "midi_examples.h"
#include "tokens/segments.h"
#include "tokens/token_options.h"

namespace mofi {
namespace {

using testing::HasSubstr;

/// Two pieces: one of 600 words in two rows, one of 3 words.
TokenTable two_pieces() {
  TokenTable table;
  table.scheme = token_scheme("cp4");
  table.class_names = {"Q1", "Q2"};
  table.split_names = {"first", "second"};
  std::uint32_t piece = 0;
  for (const int count : {600, 3}) {
    std::vector<std::uint8_t> words;
    for (int i = 0; i < count; ++i)
      words.insert(words.end(), {1, 3, static_cast<std::uint8_t>(30 + i % 4), 5});
    append_rows(table, words, piece++);
  }
  table.pieces = {{"a.mid", "song", 1, {SplitPart::kTrain, SplitPart::kNone}, 52, 55, std::string(64, 'a')},
                  {"b.mid", "song", -1, {SplitPart::kTest, SplitPart::kValid}, 52, 54, std::string(64, 'b')}};
  table.header.config_sha256 = "c";
  table.header.inputs = {{"midi", "d"}};
  return table;
}

TEST(TokenTable, what_was_written_is_read_back_with_its_digest) {
  const TemporaryFolder folder;
  const TokenTable table = two_pieces();
  write_tokens(folder.path() / "tokens.h5", table);
  const TokenTable again = read_tokens(folder.path() / "tokens.h5");
  EXPECT_EQ(again.words, table.words);
  EXPECT_EQ(again.length, table.length);
  EXPECT_EQ(again.piece, table.piece);
  EXPECT_EQ(again.class_names, table.class_names);
  EXPECT_EQ(again.split_names, table.split_names);
  EXPECT_EQ(again.scheme.columns[3].name, "Duration");
  EXPECT_EQ(again.scheme.columns[3].mask, 65);
  EXPECT_EQ(again.pieces[0].split, table.pieces[0].split);
  EXPECT_EQ(again.pieces[1].label, -1);
  EXPECT_EQ(again.pieces[1].midi_sha256, table.pieces[1].midi_sha256);
  EXPECT_EQ(again.header.inputs, table.header.inputs);
  EXPECT_EQ(again.header.content_sha256, content_digest(table));
  EXPECT_EQ(content_digest(again), content_digest(table));
}

TEST(TokenTable, without_classes_and_splits_is_read_back_too) {
  const TemporaryFolder folder;
  TokenTable table = two_pieces();
  table.class_names.clear();
  table.split_names.clear();
  for (TokenPiece& piece : table.pieces) {
    piece.label = -1;
    piece.split.clear();
  }
  write_tokens(folder.path() / "tokens.h5", table);
  EXPECT_EQ(content_digest(read_tokens(folder.path() / "tokens.h5")), content_digest(table));
}

TEST(TokenTable, same_contents_give_the_same_bytes) {
  const TemporaryFolder folder;
  write_tokens(folder.path() / "a.h5", two_pieces());
  write_tokens(folder.path() / "b.h5", two_pieces());
  EXPECT_EQ(read_bytes(folder.path() / "a.h5"), read_bytes(folder.path() / "b.h5"));
}

TEST(TokenTable, contents_that_do_not_fit_together_are_refused) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::function<void(TokenTable&)>& spoil) {
    TokenTable table = two_pieces();
    spoil(table);
    write_tokens(folder.path() / "tokens.h5", table);
    return refusal_of([&] { read_tokens(folder.path() / "tokens.h5"); });
  };
  EXPECT_EQ(refusal([](TokenTable&) {}), "");
  EXPECT_THAT(refusal([](TokenTable& t) { t.words[4 * 5 + 3] = 66; }),
              HasSubstr("row 0, word 5, column Duration has id 66"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.words[4 * 5 + 2] = 86; }), HasSubstr("column Pitch has id 86"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.words.back() = 0; }),
              HasSubstr("expected padding (64), as the row has 3 words"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.length[0] = 513; }), HasSubstr("row 0 has length 513"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.length[0] = 500; }), HasSubstr("row 0, word 500"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.piece = {0, 1, 0}; }), HasSubstr("row 2 is of piece 0"));
  EXPECT_THAT(refusal([](TokenTable& t) {
                t.piece = {0, 0, 0};
              }),
              HasSubstr("full rows before the last of a piece"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.piece = {0, 0, 2}; }), HasSubstr("row 2 is of piece 2"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.pieces[0].label = 2; }), HasSubstr("piece a.mid has label 2"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.pieces[0].pitch_max = 108; }),
              HasSubstr("piece a.mid has pitches 52..108"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.scheme.columns[1].pad = 18; }),
              HasSubstr("column Position has size 18, pad 18"));
  EXPECT_THAT(refusal([](TokenTable& t) { t.scheme.pitch_column = 4; }), HasSubstr("pitch_column 4"));
}

TEST(TokenTable, damaged_and_foreign_files_are_refused) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "tokens.h5";
  EXPECT_THAT(refusal_of([&] { read_tokens(path); }, ExitCode::kMissing), HasSubstr("tokens.h5"));
  folder.write("tokens.h5", "not HDF5");
  EXPECT_THAT(refusal_of([&] { read_tokens(path); }), HasSubstr("tokens.h5"));
  write_tokens(path, two_pieces());
  std::string bytes = read_text(path);
  // A piece's name, which no rule but the digest protects: the checksum of its data set, or the digest,
  // tells.
  bytes[bytes.find("b.mid")] = 'c';
  folder.write("tokens.h5", bytes);
  EXPECT_THAT(refusal_of([&] { read_tokens(path); }), HasSubstr("tokens.h5"));
}

TEST(TokenTable, digest_covers_everything_but_the_header) {
  const std::string original = content_digest(two_pieces());
  const auto changed = [&](const std::function<void(TokenTable&)>& change) {
    TokenTable table = two_pieces();
    change(table);
    return content_digest(table) != original;
  };
  EXPECT_TRUE(changed([](TokenTable& t) { t.words[0] = 0; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].group = "x"; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].split[1] = SplitPart::kTest; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[1].midi_sha256[0] = 'c'; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.split_names[0] = "x"; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.scheme.columns[0].mask = 2; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.scheme.pitch_column = 1; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.options = "{}"; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.row_words = 511; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].label = 0; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].pitch_min = 51; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].pitch_max = 56; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].unpaired_notes = 1; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].out_of_range_notes = 1; }));
  EXPECT_TRUE(changed([](TokenTable& t) { t.pieces[0].dropped_words = 1; }));
  EXPECT_FALSE(changed([](TokenTable& t) { t.header.producer = "someone else"; }));
}

}  // namespace
}  // namespace mofi
