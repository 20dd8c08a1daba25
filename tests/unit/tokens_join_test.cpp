#include "tokens/join_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "midi/synthetic_corpus.h"
#include "refusal.h"
#include "temporary_folder.h"
#include "tokens/segments.h"
#include "tokens/token_text.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using enum SplitPart;

/// A table of `words` words in rows of 4 for each piece.
TokenTable table_of(const std::string& dataset, std::vector<TokenPiece> pieces, int words) {
  TokenTable table;
  table.dataset = dataset;
  table.scheme = token_scheme("cp4");
  table.row_words = 4;
  table.options = "{}";
  for (TokenPiece& piece : pieces) {
    std::vector<std::uint8_t> ids;
    for (int i = 0; i < words; ++i)
      for (const int id : {1, i, 30, 5}) ids.push_back(static_cast<std::uint8_t>(id));
    append_rows(table, ids, static_cast<std::uint32_t>(table.pieces.size()));
    piece.pitch_min = piece.pitch_max = 52;
    table.pieces.push_back(piece);
  }
  table.header.config_sha256 = dataset;
  table.header.content_sha256 = content_digest(table);
  return table;
}

TokenTable unlabelled() { return table_of("pretrain", {{"a.mid", "a", -1, {}}, {"b.mid", "b", -1, {}}}, 6); }
TokenTable labelled() {
  TokenTable table =
      table_of("emopia", {{"c.mid", "c", 1, {kTrain, kTest}}, {"d.mid", "a", 0, {kValid, kNone}}}, 3);
  table.class_names = {"Q1", "Q2"};
  table.split_names = {"midibert", "song_level"};
  return table;
}

TEST(JoinTables, rows_and_pieces_follow_one_another) {
  const TemporaryFolder folder;
  const TokenTable all = joined({unlabelled(), labelled()});
  EXPECT_EQ(all.dataset, "pretrain+emopia");
  EXPECT_THAT(all.length, ElementsAre(4, 2, 4, 2, 3, 3));
  EXPECT_THAT(all.piece, ElementsAre(0, 0, 1, 1, 2, 3));
  std::vector<std::string> ids, groups;
  for (const TokenPiece& piece : all.pieces) {
    ids.push_back(piece.id);
    groups.push_back(piece.group);
  }
  EXPECT_THAT(ids, ElementsAre("a.mid", "b.mid", "c.mid", "d.mid"));
  EXPECT_THAT(groups, ElementsAre("a", "b", "c", "a"));
  EXPECT_TRUE(std::ranges::equal(all.row(4), labelled().row(0)));
  EXPECT_EQ(all.options, "{}");
  // What is joined can be written, and is read with all that a table is checked for.
  write_tokens(folder / "all.h5", all);
  EXPECT_EQ(read_tokens(folder / "all.h5").header.content_sha256, all.header.content_sha256);
}

TEST(JoinTables, a_piece_is_in_no_part_of_a_split_that_its_table_does_not_have) {
  const TokenTable all = joined({unlabelled(), labelled()});
  EXPECT_THAT(all.split_names, ElementsAre("midibert", "song_level"));
  EXPECT_THAT(all.pieces[0].split, ElementsAre(kNone, kNone));
  EXPECT_THAT(all.pieces[2].split, ElementsAre(kTrain, kTest));
  TokenTable other = table_of("other", {{"e.mid", "e", -1, {kTest, kTrain}}}, 1);
  other.split_names = {"given", "midibert"};
  const TokenTable three = joined({labelled(), other});
  EXPECT_THAT(three.split_names, ElementsAre("midibert", "song_level", "given"));
  EXPECT_THAT(three.pieces[0].split, ElementsAre(kTrain, kTest, kNone));
  EXPECT_THAT(three.pieces[2].split, ElementsAre(kTrain, kNone, kTest));
}

TEST(JoinTables, labels_keep_their_class) {
  TokenTable other =
      table_of("other", {{"e.mid", "e", 0, {}}, {"f.mid", "f", 1, {}}, {"g.mid", "g", -1, {}}}, 1);
  other.class_names = {"sad", "Q1"};
  const TokenTable all = joined({unlabelled(), labelled(), other});
  EXPECT_THAT(all.class_names, ElementsAre("Q1", "Q2", "sad"));
  std::vector<int> labels;
  for (const TokenPiece& piece : all.pieces) labels.push_back(piece.label);
  EXPECT_THAT(labels, ElementsAre(-1, -1, 1, 0, 2, 0, -1));
}

TEST(JoinTables, digests_are_those_of_what_was_joined) {
  const TokenTable all = joined({unlabelled(), labelled()});
  EXPECT_EQ(all.header.content_sha256, content_digest(all));
  EXPECT_EQ(all.header.inputs,
            (std::map<std::string, std::string>{{"tokens_1", content_digest(unlabelled())},
                                                {"tokens_2", content_digest(labelled())}}));
  EXPECT_NE(joined({labelled(), unlabelled()}).header.content_sha256, all.header.content_sha256);
  TokenTable changed = labelled();
  changed.words[1] = 9;
  EXPECT_NE(joined({unlabelled(), changed}).header.content_sha256, all.header.content_sha256);
}

TEST(JoinTables, one_table_stays_as_it_is) {
  const TokenTable one = joined({labelled()});
  EXPECT_EQ(content_digest(one), content_digest(labelled()));
  EXPECT_TRUE(one.header.inputs.empty());
  EXPECT_THAT(refusal_of([] { joined({}); }, ExitCode::kUsage), HasSubstr("no token table"));
}

TEST(JoinTables, options_that_differ_are_no_options_of_the_whole) {
  TokenTable other = labelled();
  other.options = R"({"tokens":{"ticks":"rescale480"}})";
  testing::internal::CaptureStderr();
  EXPECT_EQ(joined({unlabelled(), other}).options, "");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("table 1 (pretrain) and table 2 (emopia) were not made with the same options"));
}

TEST(JoinTables, tables_that_do_not_fit_are_refused_by_name) {
  TokenTable other = labelled();
  other.row_words = 2;
  EXPECT_THAT(
      refusal_of([&] {
        joined({unlabelled(), other});
      }),
      HasSubstr("table 1 (pretrain) has rows of 4 words of the scheme cp4, table 2 (emopia) rows of 2 "
                "words of the scheme cp4; expected the same"));
  other = labelled();
  other.scheme = token_scheme("cp6");
  EXPECT_THAT(refusal_of([&] { joined({unlabelled(), other}); }), HasSubstr("of 4 words of the scheme cp6"));
  other = labelled();
  other.pieces[1].id = "b.mid";
  EXPECT_THAT(
      refusal_of([&] {
        joined({unlabelled(), other});
      }),
      HasSubstr("piece b.mid is in table 1 (pretrain) and in table 2 (emopia); expected every piece once"));
}

}  // namespace
}  // namespace mofi
