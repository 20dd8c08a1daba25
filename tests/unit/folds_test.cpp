#include "training/folds.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "core/error.h"

namespace mofi {
namespace {

struct Songs {
  std::vector<std::string> groups;
  std::vector<int> labels;
};

/// 60 songs of 1 to 5 clips, classes in turn.
Songs some_songs() {
  Songs songs;
  for (int song = 0; song < 60; ++song)
    for (int clip = 0; clip <= song % 5; ++clip) {
      songs.groups.push_back("song" + std::to_string(song));
      songs.labels.push_back((song / 5 + clip) % 4);
    }
  return songs;
}

TEST(Folds, a_song_is_in_one_fold_only) {
  const Songs songs = some_songs();
  const auto folds = grouped_folds(songs.groups, songs.labels, 5, 1);
  std::map<std::string, std::set<int>> folds_of;
  for (std::size_t i = 0; i < folds.size(); ++i) folds_of[songs.groups[i]].insert(folds[i]);
  for (const auto& [song, in] : folds_of) EXPECT_EQ(in.size(), 1U) << song;
}

TEST(Folds, sizes_and_classes_are_balanced) {
  const Songs songs = some_songs();
  const auto folds = grouped_folds(songs.groups, songs.labels, 5, 1);
  std::vector<std::vector<int>> count(5, std::vector<int>(4, 0));
  for (std::size_t i = 0; i < folds.size(); ++i) ++count[folds[i]][songs.labels[i]];
  for (const auto& fold : count)
    for (const int clips : fold) EXPECT_NEAR(clips, 9, 3);  // 180 clips over 5 folds and 4 classes
}

TEST(Folds, the_order_of_pieces_does_not_matter_and_the_seed_does) {
  const Songs songs = some_songs();
  Songs reversed = songs;
  std::reverse(reversed.groups.begin(), reversed.groups.end());
  std::reverse(reversed.labels.begin(), reversed.labels.end());
  auto folds = grouped_folds(songs.groups, songs.labels, 5, 1);
  EXPECT_NE(folds, grouped_folds(songs.groups, songs.labels, 5, 2));
  std::reverse(folds.begin(), folds.end());
  EXPECT_EQ(folds, grouped_folds(reversed.groups, reversed.labels, 5, 1));
}

TEST(Folds, more_folds_than_songs_are_refused) {
  EXPECT_THROW(grouped_folds({"a", "a", "b"}, {0, 1, 0}, 3, 1), Error);
}

}  // namespace
}  // namespace mofi
