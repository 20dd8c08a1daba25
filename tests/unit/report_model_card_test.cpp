// Model cards: the scores of one run, on the page that goes with its weights.

#include "report/model_card.h"

#include <gmock/gmock.h>

#include "core/error.h"
#include "statistics/scores.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(ModelCard, has_the_scores_of_every_part_that_was_evaluated_with_pieces_songs_and_interval) {
  const TemporaryFolder folder;
  const SyntheticRun run{.condition = "mode", .site = 1, .skill = 0.6};
  const std::string card = model_card(write_synthetic_run(folder.path(), run), {.name = "mine"});
  const Predictions predictions = synthetic_predictions(run);
  for (const char* part : {"valid", "test"}) {
    const ConfusionMatrix confusion = score(predictions, {part}).confusion;
    EXPECT_THAT(card, HasSubstr(fmt::format("| {} | {} | {} | {:.1f} | ", part, confusion.total(),
                                            confusion.total() / 3, 100 * accuracy(confusion))));
    EXPECT_THAT(card, HasSubstr(fmt::format("value: {}", Json(accuracy(confusion)).dump())));
  }
  EXPECT_THAT(card, HasSubstr("it is told mode, by film, at site 1"));
  EXPECT_THAT(card, Not(HasSubstr("license")));
}

TEST(ModelCard, of_one_song_has_no_interval_since_it_says_nothing_of_other_songs) {
  const TemporaryFolder folder;
  const std::string card = model_card(write_synthetic_run(folder.path(), {.songs = 2}), {});
  EXPECT_THAT(card, HasSubstr("| valid | 3 | 1 |"));
  EXPECT_THAT(card, HasSubstr("| – … – |"));
  EXPECT_THAT(card, HasSubstr("{pieces: 3, songs: 1}"));
}

TEST(ModelCard, is_refused_of_a_folder_that_is_no_finished_run) {
  const TemporaryFolder folder;
  EXPECT_THAT(error_of([&] { model_card(folder.path(), {}); }), HasSubstr("so the run is not finished"));
}

}  // namespace
}  // namespace mofi
