#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "core/files.h"
#include "core/hash.h"
#include "midi/synthetic_corpus.h"
#include "refusal.h"
#include "storage/npy.h"
#include "temporary_folder.h"
#include "tokens/midibert_arrays.h"
#include "tokens/tokenize_corpus.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A composed corpus with labels, songs and a split.
TokenTable composed(int pieces = 24) {
  const TemporaryFolder folder;
  write_synthetic_corpus(folder.path(), compose_corpus({.pieces = pieces}));
  TokenTable table = tokenize_corpus(open_folder(folder.path())).table;
  for (std::size_t i = 0; i < table.pieces.size(); ++i)  // a small corpus need not have every part
    table.pieces[i].split.at(0) = i % 4 == 1   ? SplitPart::kValid
                                  : i % 4 == 2 ? SplitPart::kTest
                                               : SplitPart::kTrain;
  return table;
}

ExportedFiles export_part(const TokenTable& table, const std::string& part,
                          const std::filesystem::path& prefix) {
  return write_midibert_arrays(prefix, to_midibert_arrays(table, rows_in_split(table, part, "tokens.h5")));
}

/// Two rows of three words in cp4, the second padded, as arrays of these files.
class Arrays {
 public:
  std::vector<std::uint64_t> shape = {2, 3, 4};
  std::vector<std::int64_t> words = {0, 1, 41, 31, 1, 2,  30, 5,  1, 3,  50, 0,  //
                                     1, 0, 40, 1,  2, 16, 86, 64, 2, 16, 86, 64};
  std::vector<std::uint64_t> labels_shape = {2};
  std::vector<std::int64_t> labels = {3, 0};
  ImportOptions options;

  TokenTable import() const {
    const TemporaryFolder folder;
    write_npy(folder / "X.npy", shape, words);
    write_npy(folder / "Y.npy", labels_shape, labels);
    return import_midibert_arrays(std::vector<ArrayToImport>{{folder / "X.npy", folder / "Y.npy"}}, options);
  }
};

std::string refusal(const std::function<void(Arrays&)>& spoil) {
  return refusal_of([&] {
    Arrays arrays;
    spoil(arrays);
    arrays.import();
  });
}

TEST(ExportTokens, a_part_of_a_split_has_its_rows_and_labels_in_the_order_of_the_table) {
  const TemporaryFolder folder;
  const TokenTable table = composed();
  const std::string split = table.split_names.at(0);
  const ExportedFiles files = export_part(table, split + "/valid", folder / "some_valid");
  EXPECT_EQ(files.words, folder / "some_valid.npy");
  EXPECT_EQ(files.labels, folder / "some_valid_ans.npy");

  std::vector<std::int64_t> words, labels;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const TokenPiece& piece = table.pieces[table.piece[row]];
    if (piece.split[0] != SplitPart::kValid) continue;
    words.insert(words.end(), table.row(row).begin(), table.row(row).end());
    labels.push_back(piece.label);
  }
  ASSERT_GT(labels.size(), 0U);
  ASSERT_LT(labels.size(), table.rows());
  const NpyFile written = read_npy(files.words), answers = read_npy(files.labels);
  EXPECT_EQ(written.array.dtype, "i8");
  EXPECT_THAT(written.array.shape, ElementsAre(labels.size(), table.row_words, 4));
  EXPECT_EQ(integers_of(written.array, ""), words);
  EXPECT_THAT(answers.array.shape, ElementsAre(labels.size()));
  EXPECT_EQ(integers_of(answers.array, ""), labels);
  EXPECT_EQ(files.words_sha256, sha256_of_bytes(std::as_bytes(std::span(words))));
  EXPECT_EQ(files.labels_sha256, sha256_of_bytes(answers.array.data));
}

TEST(ExportTokens, without_a_split_all_rows_are_written) {
  const TokenTable table = composed();
  EXPECT_EQ(rows_in_split(table, "", "tokens.h5").size(), table.rows());
  std::size_t in_parts = 0;
  for (const char* part : {"/train", "/valid", "/test"})
    in_parts += rows_in_split(table, table.split_names[0] + part, "tokens.h5").size();
  EXPECT_EQ(in_parts, table.rows());
}

TEST(ExportTokens, a_prefix_that_ends_in_npy_does_not_end_twice) {
  const TemporaryFolder folder;
  const TokenTable table = composed(8);
  EXPECT_EQ(export_part(table, "", folder / "x.npy").labels, folder / "x_ans.npy");
  EXPECT_EQ(export_part(table, "", folder / "v1.2").words, folder / "v1.2.npy");
}

TEST(ExportTokens, an_unknown_split_or_part_is_refused_with_those_that_there_are) {
  TokenTable table = composed();
  const std::string name = table.split_names[0];
  for (auto& piece : table.pieces)
    if (piece.split[0] == SplitPart::kTest) piece.split[0] = SplitPart::kNone;
  for (const std::string& wrong :
       std::vector<std::string>{name + "/tset", name + "/test", "other/train", name, name + "/", "/"})
    EXPECT_EQ(refusal_of([&] { rows_in_split(table, wrong, "t.h5"); }, ExitCode::kUsage),
              fmt::format("t.h5: has no rows in '{0}'; it has {1}/train, {1}/valid, {1}/none", wrong, name));
  EXPECT_GT(rows_in_split(table, name + "/none", "t.h5").size(), 0U);
  table.split_names.clear();
  for (auto& piece : table.pieces) piece.split.clear();
  EXPECT_THAT(refusal_of([&] { rows_in_split(table, "a/train", "t.h5"); }, ExitCode::kUsage),
              HasSubstr("has no rows in 'a/train'; it has no split"));
}

TEST(ExportTokens, pieces_without_label_have_minus_one) {
  TokenTable table = composed(8);
  table.pieces[2].label = -1;
  const MidibertArrays arrays = to_midibert_arrays(table, rows_in_split(table, "", "t.h5"));
  for (std::size_t row = 0; row < table.rows(); ++row)
    EXPECT_EQ(arrays.labels[row], table.pieces[table.piece[row]].label);
  EXPECT_EQ(arrays.unlabelled_rows, static_cast<std::size_t>(std::ranges::count(table.piece, 2U)));
}

TEST(ImportArrays, every_row_becomes_a_piece_and_a_group_of_its_own) {
  const TokenTable table = Arrays().import();
  EXPECT_EQ(table.dataset, "imported");
  EXPECT_EQ(table.scheme.name, "cp4");
  EXPECT_EQ(table.row_words, 3);
  EXPECT_THAT(table.length, ElementsAre(3, 1));
  EXPECT_THAT(table.piece, ElementsAre(0, 1));
  ASSERT_EQ(table.pieces.size(), 2U);
  EXPECT_EQ(table.pieces[1].id, "row_00001");
  EXPECT_EQ(table.pieces[1].group, "row_00001");
  EXPECT_EQ(table.pieces[1].midi_sha256, "");
  EXPECT_EQ(table.pieces[0].label, 3);
  EXPECT_EQ(table.pieces[0].pitch_min, 22 + 30);
  EXPECT_EQ(table.pieces[0].pitch_max, 22 + 50);
  EXPECT_THAT(table.class_names, ElementsAre("Q1", "Q2", "Q3", "Q4"));
  EXPECT_TRUE(table.split_names.empty());
  const Arrays arrays;
  EXPECT_EQ(table.header.inputs.at("words"), sha256_of_bytes(std::as_bytes(std::span(arrays.words))));
  EXPECT_EQ(table.header.inputs.at("labels"), sha256_of_bytes(std::as_bytes(std::span(arrays.labels))));
}

TEST(ImportArrays, the_table_can_be_written_and_read) {
  const TemporaryFolder folder;
  const TokenTable table = Arrays().import();
  write_tokens(folder / "tokens.h5", table);
  const TokenTable again = read_tokens(folder / "tokens.h5");
  EXPECT_EQ(again.header.content_sha256, table.header.content_sha256);
  EXPECT_EQ(again.header.inputs, table.header.inputs);
  EXPECT_EQ(again.words, table.words);
}

TEST(ImportArrays, several_arrays_become_one_table_with_a_split_whose_export_is_byte_for_byte_the_same) {
  const TemporaryFolder folder;
  TokenTable table = composed();
  table.pieces[0].label = -1;  // travels, too
  std::vector<ArrayToImport> arrays;
  for (const SplitPart part : {SplitPart::kTest, SplitPart::kTrain, SplitPart::kValid}) {
    const std::string name = split_part_name(part);
    const ExportedFiles files = export_part(table, table.split_names[0] + "/" + name, folder / name);
    arrays.push_back({files.words, files.labels, part});
  }
  const TokenTable imported = import_midibert_arrays(arrays, {.split = "mine"});
  write_tokens(folder / "tokens.h5", imported);
  const TokenTable again = read_tokens(folder / "tokens.h5");
  EXPECT_EQ(again.rows(), table.rows());
  EXPECT_THAT(again.split_names, ElementsAre("mine"));
  EXPECT_EQ(again.pieces[0].id, "test_00000") << "in the order of the arrays";
  for (const ArrayToImport& array : arrays) {
    const ExportedFiles files =
        export_part(again, std::string("mine/") + split_part_name(array.part), folder / "again");
    EXPECT_EQ(read_bytes(files.words), read_bytes(array.words));
    EXPECT_EQ(read_bytes(files.labels), read_bytes(array.labels));
    EXPECT_EQ(again.header.inputs.at(split_part_name(array.part)), files.words_sha256);
  }
}

TEST(ImportArrays, arrays_of_small_integers_give_the_same_table) {
  const TemporaryFolder folder;
  const Arrays arrays;
  std::string bytes("\x93NUMPY\x01\x00\x40\x00", 10);
  bytes += "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3, 4)}    ";
  for (const std::int64_t id : arrays.words) bytes += static_cast<char>(id);
  const auto words = folder.write("X.npy", bytes);
  write_npy(folder / "Y.npy", arrays.labels_shape, arrays.labels);
  const TokenTable table = import_midibert_arrays(std::vector<ArrayToImport>{{words, folder / "Y.npy"}});
  EXPECT_EQ(table.header.content_sha256, arrays.import().header.content_sha256);
  EXPECT_EQ(table.header.inputs, arrays.import().header.inputs);
}

TEST(ImportArrays, without_labels_rows_are_unlabelled) {
  const TemporaryFolder folder;
  const Arrays arrays;
  write_npy(folder / "X.npy", arrays.shape, arrays.words);
  const TokenTable table = import_midibert_arrays(std::vector<ArrayToImport>{{folder / "X.npy"}});
  EXPECT_EQ(table.pieces[0].label, -1);
  EXPECT_TRUE(table.class_names.empty());
  EXPECT_FALSE(table.header.inputs.contains("labels"));
}

TEST(ImportArrays, classes_are_named_by_the_user_or_by_their_number) {
  Arrays arrays;
  arrays.labels = {0, -1};
  EXPECT_THAT(arrays.import().class_names, ElementsAre("class_0"));
  arrays.labels = {0, 4};
  EXPECT_THAT(arrays.import().class_names,
              ElementsAre("class_0", "class_1", "class_2", "class_3", "class_4"));
  arrays.options.class_names = {"Bethel", "Clayderman", "Einaudi", "Hancock", "Hillsong", "Hisaishi"};
  EXPECT_EQ(arrays.import().class_names, arrays.options.class_names);
  arrays.options.class_names = {"a", "b"};
  EXPECT_THAT(refusal_of([&] { arrays.import(); }),
              HasSubstr("Y.npy: row 1 has label 4; expected 0..1, or -1 for none"));
  for (const auto& names : {std::vector<std::string>{"a", "a"}, std::vector<std::string>{"a", ""}}) {
    arrays.options.class_names = names;
    EXPECT_THAT(refusal_of([&] { arrays.import(); }, ExitCode::kUsage), HasSubstr("is empty or given twice"));
  }
}

TEST(ImportArrays, ids_outside_the_vocabulary_are_refused_with_their_place) {
  EXPECT_EQ(refusal([](Arrays&) {}), "");
  EXPECT_THAT(
      refusal([](Arrays& a) { a.words[4 + 2] = 88; }),
      HasSubstr("X.npy: row 0, word 1, column Pitch has id 88; expected one of 0..87 but not the mask (87)"));
  EXPECT_THAT(refusal([](Arrays& a) { a.words[12] = -1; }), HasSubstr("row 1, word 0, column Bar has id -1"));
  EXPECT_THAT(refusal([](Arrays& a) { a.words[3] = 65; }),
              HasSubstr("row 0, word 0, column Duration has id 65"));
  EXPECT_THAT(refusal([](Arrays& a) { a.words[1] = 256 + 5; }), HasSubstr("column Position has id 261"));
}

TEST(ImportArrays, padding_that_is_not_a_suffix_of_whole_words_is_refused) {
  EXPECT_THAT(refusal([](Arrays& a) { a.words[2] = 86; }),
              HasSubstr("row 0, word 0 has padding in 1 of its 4 columns; expected it in all or none"));
  EXPECT_THAT(refusal([](Arrays& a) { std::copy_n(a.words.begin(), 4, a.words.end() - 4); }),
              HasSubstr("row 1 has word 2 after padding; expected padding at the end only"));
  EXPECT_THAT(refusal([](Arrays& a) { std::copy_n(a.words.end() - 4, 4, a.words.begin() + 12); }),
              HasSubstr("row 1 has no word, only padding"));
}

TEST(ImportArrays, shapes_that_are_not_rows_of_words_are_refused) {
  EXPECT_THAT(
      refusal([](Arrays& a) {
        a.shape = {6, 4};
      }),
      HasSubstr("X.npy: has the shape (6, 4); expected rows of words of columns, such as (924, 512, 4)"));
  EXPECT_THAT(refusal([](Arrays& a) { a.shape = {2, 2, 6, 1}; }), HasSubstr("has the shape (2, 2, 6, 1)"));
  EXPECT_THAT(refusal([](Arrays& a) { a.shape = {4, 3, 2}; }), HasSubstr("words of 2 columns"));
  EXPECT_THAT(refusal([](Arrays& a) {
                a.shape = {0, 512, 4};
                a.words = {};
              }),
              HasSubstr("has the shape (0, 512, 4)"));
  EXPECT_THAT(refusal([](Arrays& a) {
                a.shape = {2, 0, 4};
                a.words = {};
              }),
              HasSubstr("has rows of 0 words; expected 1 to 65535"));
  EXPECT_THAT(refusal([](Arrays& a) {
                a.shape = {1, 65536, 4};
                a.words.assign(std::size_t{65536} * 4, 0);
              }),
              HasSubstr("has rows of 65536 words"));
}

TEST(ImportArrays, labels_that_do_not_go_with_the_rows_are_refused) {
  EXPECT_THAT(refusal([](Arrays& a) {
                a.labels = {0, 1, 2};
                a.labels_shape = {3};
              }),
              HasSubstr("Y.npy: has the shape (3,); expected one label for every row of "));
  EXPECT_THAT(refusal([](Arrays& a) { a.labels_shape = {2, 1}; }), HasSubstr("which is (2,)"));
  EXPECT_THAT(refusal([](Arrays& a) { a.labels[1] = -2; }),
              HasSubstr("Y.npy: row 1 has label -2; expected 0..999"));
  EXPECT_THAT(refusal([](Arrays& a) { a.labels[0] = INT64_MAX; }),
              HasSubstr("row 0 has label 9223372036854775807"));
}

TEST(ImportArrays, arrays_that_do_not_go_together_are_refused) {
  const TemporaryFolder folder;
  const Arrays arrays;
  write_npy(folder / "a.npy", arrays.shape, arrays.words);
  write_npy(folder / "b.npy", std::vector<std::uint64_t>{3, 2, 4},
            std::vector<std::int64_t>{0, 1, 41, 31, 1, 2, 30, 5,  0, 1, 41, 31,
                                      1, 2, 30, 5,  0, 1, 41, 31, 1, 2, 30, 5});
  using List = std::vector<ArrayToImport>;
  const auto refused = [&](const List& list, ExitCode code) {
    return refusal_of([&] { import_midibert_arrays(list); }, code);
  };
  EXPECT_THAT(refused({{folder / "a.npy", "", SplitPart::kTrain}, {folder / "b.npy", "", SplitPart::kTest}},
                      ExitCode::kData),
              HasSubstr("b.npy: has rows of 2 words of 4 columns; the array before it has 3 of 4"));
  EXPECT_THAT(refused({{folder / "a.npy", "", SplitPart::kTrain}, {folder / "b.npy", "", SplitPart::kTrain}},
                      ExitCode::kUsage),
              HasSubstr("would both be in the part train"));
  EXPECT_THAT(refused({}, ExitCode::kUsage), HasSubstr("no array"));
  EXPECT_THAT(refused({{folder / "absent.npy"}}, ExitCode::kMissing),
              HasSubstr("absent.npy: cannot be opened"));
}

}  // namespace
}  // namespace mofi
