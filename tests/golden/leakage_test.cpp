// The guard: no song is in two parts of a split or in two folds of the real data, but of the published split
// that leaks, whose shared songs are counted (facts of the data, section EMOPIA).

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "midi/corpus.h"
#include "test_data.h"
#include "tokens/shared_songs.h"
#include "tokens/token_text.h"
#include "tokens/tokenize_corpus.h"
#include "training/dataset.h"

namespace mofi {
namespace {

using testing::HasSubstr;

TokenTable tokens_of(const std::string& dataset, const std::filesystem::path& folder) {
  return tokenize_corpus(open_corpus(dataset, folder)).table;
}

/// The parts that the rows of a run are in, by song.
std::map<std::string, std::set<SplitPart>> parts_of_songs(const TokenTable& tokens, const RunConfig& config) {
  std::map<std::string, std::set<SplitPart>> parts;
  for (const DatasetRow& row : make_dataset(tokens, nullptr, config).rows)
    parts[tokens.pieces[row.piece].group].insert(row.part);
  return parts;
}

/// Every piece with a label is tested in one fold, and no song is in the training part of that one.
void expect_no_song_in_two_folds(const TokenTable& tokens) {
  for (const std::uint64_t seed : {1, 2, 3})
    for (const int folds : {2, 5, 10}) {
      std::map<std::string, int> tested;
      for (int fold = 0; fold < folds; ++fold) {
        RunConfig config;
        config.data = {.split = "folds", .folds = folds, .fold = fold, .fold_seed = seed, .rows = "all"};
        for (const auto& [song, parts] : parts_of_songs(tokens, config)) {
          EXPECT_EQ(parts.size(), 1U) << song << " in fold " << fold << " of " << folds;
          tested[song] += parts.contains(SplitPart::kTest) ? 1 : 0;
        }
      }
      for (const auto& [song, times] : tested) EXPECT_EQ(times, 1) << song;
    }
}

class Leakage : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(DataSets, Leakage, testing::Values("emopia", "vgmidi", "emopia+vgmidi"),
                         [](const auto& set) {
                           return std::string(set.param) == "emopia+vgmidi" ? std::string("both")
                                                                            : std::string(set.param);
                         });

TEST_P(Leakage, there_is_none_in_any_split_but_the_published_one_of_midibert_nor_in_folds) {
  const std::string dataset = GetParam();
  const auto folder = test_data(dataset == "emopia+vgmidi" ? "emopia" : dataset);
  if (!folder) GTEST_SKIP() << "needs MOFI_DATA with " << dataset;
  const TokenTable tokens = tokens_of(dataset, dataset == "emopia+vgmidi" ? folder->parent_path() : *folder);
  for (std::size_t split = 0; split < tokens.split_names.size(); ++split) {
    const std::string& name = tokens.split_names[split];
    EXPECT_EQ(shared_songs(tokens, split).any > 0, name == "midibert") << name;
    if (name == "midibert") continue;
    RunConfig config;
    config.data.split = name;
    config.data.rows = "all";
    for (const auto& [song, parts] : parts_of_songs(tokens, config)) EXPECT_EQ(parts.size(), 1U) << song;
  }
  expect_no_song_in_two_folds(tokens);
}

TEST(LeakageOfMidibert, is_84_songs_of_train_in_test_as_inspect_says) {
  const auto folder = test_data("emopia");
  if (!folder) GTEST_SKIP() << "needs MOFI_DATA with emopia";
  const TokenTable tokens = tokens_of("emopia", *folder);
  EXPECT_THAT(text_of(tokens, 0),
              HasSubstr("of midibert (84 in train and test, 68 in train and valid, 23 in valid "
                        "and test), so its scores are those of known songs\n"));
}

}  // namespace
}  // namespace mofi
