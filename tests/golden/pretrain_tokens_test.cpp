// The tokens of MIDI-BERT's pre-training corpora: the numbers of rows of its arrays (specification 2.5), and
// the baselines of an independent trial.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/files.h"
#include "test_data.h"
#include "tokens/tokenize_corpus.h"

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

}  // namespace
}  // namespace mofi
