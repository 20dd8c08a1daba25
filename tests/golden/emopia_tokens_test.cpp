// The tokens of real music against MIDI-BERT's own arrays and the digests of specification 2.9.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/files.h"
#include "core/hash.h"
#include "storage/npy.h"
#include "temporary_folder.h"
#include "test_data.h"
#include "tokens/held_out.h"
#include "tokens/midibert_arrays.h"
#include "tokens/tokenize_corpus.h"
#include "tokens/transposition.h"

namespace mofi {
namespace {

constexpr const char* kNoData =
    "needs the EMOPIA archive: set MOFI_DATA_UNPACKED to the folder that holds emopia/";

std::vector<std::int64_t> read_integers(const std::filesystem::path& path) {
  return integers_of(read_npy(path).array, path.string());
}

class Emopia : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_data("emopia");
    if (!folder_) GTEST_SKIP() << kNoData;
    if (!table()) table() = tokenize_corpus(open_emopia(*folder_)).table;
  }

  static std::optional<TokenTable>& table() {
    static std::optional<TokenTable> table;
    return table;
  }
  static std::vector<std::size_t> rows_in(SplitPart part) {
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < table()->rows(); ++row)
      if (table()->pieces[table()->piece[row]].split[0] == part) rows.push_back(row);
    return rows;
  }
  static std::string digest_of(SplitPart part) {
    std::vector<std::int64_t> values;
    for (const std::size_t row : rows_in(part)) {
      const auto words = table()->row(row);
      values.insert(values.end(), words.begin(), words.end());
    }
    return sha256_of_bytes(std::as_bytes(std::span(values)));
  }
  static std::span<const std::uint8_t> words_of(const std::string& id, std::size_t& length) {
    for (std::size_t row = 0; row < table()->rows(); ++row) {
      if (table()->pieces[table()->piece[row]].id != id) continue;
      length = table()->length[row];
      return table()->row(row).first(4 * length);
    }
    return {};
  }

  std::optional<std::filesystem::path> folder_;
};

TEST_F(Emopia, valid_rows_and_labels_equal_the_published_array_as_a_multiset) {
  using Row = std::pair<std::vector<std::int64_t>, std::int64_t>;
  const auto published = read_integers(*folder_ / "midibert_cp/emopia_valid.npy");
  const auto labels = read_integers(*folder_ / "midibert_cp/emopia_valid_ans.npy");
  constexpr std::size_t kRowSize = std::size_t{512} * 4;
  ASSERT_EQ(published.size(), labels.size() * kRowSize);
  std::vector<Row> expected, found;
  for (std::size_t i = 0; i < labels.size(); ++i)
    expected.push_back({{published.begin() + static_cast<std::ptrdiff_t>(i * kRowSize),
                         published.begin() + static_cast<std::ptrdiff_t>((i + 1) * kRowSize)},
                        labels[i]});
  for (const std::size_t row : rows_in(SplitPart::kValid)) {
    const auto words = table()->row(row);
    found.push_back({{words.begin(), words.end()}, table()->pieces[table()->piece[row]].label});
  }
  std::sort(expected.begin(), expected.end());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found.size(), 114u);
  EXPECT_TRUE(found == expected);
}

TEST_F(Emopia, train_and_valid_rows_have_the_digests_of_the_specification) {
  EXPECT_EQ(rows_in(SplitPart::kTrain).size(), 924u);
  EXPECT_EQ(rows_in(SplitPart::kTest).size(), 109u);
  EXPECT_EQ(digest_of(SplitPart::kTrain), "742346b2f71f6cc99a47247d0b43c97196f117095e30198d1db329e3d7d9af19");
  EXPECT_EQ(digest_of(SplitPart::kValid), "611c20f387d50ef70b13fe27139e8a08659c5b110e4513a9848d276ee9e4ddea");
}

TEST_F(Emopia, exports_have_the_digests_of_the_specification) {
  const TemporaryFolder folder;
  for (const auto& [part, digest] :
       {std::pair("train", "742346b2f71f6cc99a47247d0b43c97196f117095e30198d1db329e3d7d9af19"),
        std::pair("valid", "611c20f387d50ef70b13fe27139e8a08659c5b110e4513a9848d276ee9e4ddea")}) {
    const auto rows = rows_in_split(*table(), std::string("midibert/") + part, "tokens.h5");
    const ExportedFiles files = write_midibert_arrays(folder / part, to_midibert_arrays(*table(), rows));
    EXPECT_EQ(files.words_sha256, digest) << part;
    EXPECT_EQ(sha256_of_bytes(read_npy(files.words).array.data), digest) << part;
  }
}

TEST_F(Emopia, the_published_arrays_come_out_byte_for_byte_as_they_went_in) {
  const TemporaryFolder folder;
  const auto words = *folder_ / "midibert_cp/emopia_valid.npy",
             labels = *folder_ / "midibert_cp/emopia_valid_ans.npy";
  const TokenTable imported =
      import_midibert_arrays(std::vector<ArrayToImport>{{words, labels, SplitPart::kValid}});
  write_tokens(folder / "tokens.h5", imported);
  const TokenTable again = read_tokens(folder / "tokens.h5");
  const auto rows = rows_in_split(again, "midibert/valid", "tokens.h5");
  const ExportedFiles files = write_midibert_arrays(folder / "again", to_midibert_arrays(again, rows));
  EXPECT_EQ(again.rows(), 114U);
  EXPECT_EQ(read_bytes(files.words), read_bytes(words));
  EXPECT_EQ(read_bytes(files.labels), read_bytes(labels));
}

TEST_F(Emopia, single_clips_begin_and_end_as_the_specification_prints) {
  std::size_t length = 0;
  auto words = words_of("Q1_0vLPYiPN7qY_0.mid", length);
  EXPECT_EQ(length, 169u);
  EXPECT_THAT(words.first(16), testing::ElementsAre(0, 1, 41, 31, 1, 1, 29, 31, 1, 1, 69, 2, 1, 1, 36, 7));
  EXPECT_THAT(words.last(8), testing::ElementsAre(1, 13, 42, 36, 1, 13, 33, 36));
  words = words_of("Q4_1fdxsFbnsX4_1.mid", length);
  EXPECT_EQ(length, 160u);
  EXPECT_THAT(words.last(8), testing::ElementsAre(0, 1, 47, 63, 1, 1, 44, 63));
}

TEST_F(Emopia, splits_have_the_published_numbers_of_clips_and_songs_keep_together_at_song_level) {
  EXPECT_THAT(table()->split_names, testing::ElementsAre("midibert", "emopia_cls", "song_level"));
  const std::array<std::array<int, 3>, 3> published = {{{864, 107, 107}, {767, 198, 86}, {784, 206, 88}}};
  for (std::size_t k = 0; k < 3; ++k) {
    std::array<int, 4> parts{};
    for (const TokenPiece& piece : table()->pieces) ++parts[static_cast<std::size_t>(piece.split[k])];
    EXPECT_THAT((std::array{parts[1], parts[2], parts[3]}), testing::ElementsAreArray(published[k])) << k;
  }
}

// As another program counts them from the lists: 443 clips are in valid or test of one of the three splits,
// or in no part of one that scores their song.
TEST_F(Emopia, pretraining_leaves_out_what_any_of_the_splits_scores) {
  const HeldOutRows rows = hold_out(*table(), {});
  EXPECT_EQ(rows.left_out_pieces, 443u);
  for (const auto* side : {&rows.train, &rows.held_out})
    for (const std::size_t row : *side)
      for (const SplitPart part : table()->pieces[table()->piece[row]].split)
        EXPECT_TRUE(part == SplitPart::kTrain || part == SplitPart::kNone);
  EXPECT_EQ(hold_out(*table(), {.keep_downstream = true}).left_out_pieces, 0u);
}

// Specification 2.8: how many clips can be moved by 1 to 12 semitones.
TEST_F(Emopia, legal_transpositions_are_as_many_as_counted) {
  const std::array<int, 12> up = {1078, 1078, 1076, 1070, 1058, 1048, 1033, 1012, 998, 974, 955, 930};
  const std::array<int, 12> down = {1066, 1058, 971, 928, 868, 828, 778, 710, 675, 634, 607, 566};
  for (int shift = 1; shift <= 12; ++shift) {
    int can_rise = 0, can_fall = 0;
    for (const TokenPiece& piece : table()->pieces) {
      const ShiftRange legal = legal_shifts(table()->scheme, piece, {-12, 12});
      can_rise += legal.contains(shift) ? 1 : 0;
      can_fall += legal.contains(-shift) ? 1 : 0;
    }
    EXPECT_EQ(can_rise, up[static_cast<std::size_t>(shift - 1)]) << shift;
    EXPECT_EQ(can_fall, down[static_cast<std::size_t>(shift - 1)]) << -shift;
  }
}

}  // namespace
}  // namespace mofi
