#include "ablation/ledger.h"

#include <gmock/gmock.h>

#include "ablation/estimate.h"
#include "core/files.h"
#include "fake_runs.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

/// A folder in which a few runs are done.
struct DoneSweep {
  TemporaryFolder folder;
  FakeSweep sweep{4, folder.path()};
  std::vector<PlannedRun> plan = sweep.plan();
  DoneSweep() { execute(World::alone(), plan, FakeRuns{}); }

  std::string id(int run) const { return plan[run].id; }
  std::filesystem::path predictions(int run) const { return plan[run].folder / kPredictionsFile; }
};

/// In the name of a piece, which the digest is over.
void flip_byte(const std::filesystem::path& file) {
  const auto at = read_text(file).find("clip_1.mid");
  ASSERT_NE(at, std::string::npos);
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put('C');
}

TEST(Ledger, what_was_verified_is_remembered_with_what_estimates_and_explanations_need) {
  const DoneSweep done;
  ASSERT_TRUE(std::filesystem::exists(done.folder / "ledger"));
  const Ledger ledger(done.folder.path());
  ASSERT_EQ(ledger.known().size(), 4U);
  const DoneRun& run = ledger.known().at(done.id(0));
  const RunConfig& config = done.plan[0].cell->config;
  EXPECT_EQ(run.config, short_digest(config_digest(config_to_json(config, true))));
  EXPECT_EQ(run.inputs, short_inputs(*done.plan[0].inputs));
  EXPECT_EQ(run.shape, shape_of(config, *done.plan[0].inputs));
  EXPECT_EQ(run.seconds, 0.01);
  EXPECT_EQ(measured_times(ledger).at(run.shape), 0.01);
}

TEST(Ledger, a_result_that_was_touched_is_read_again_and_damage_is_found) {
  const DoneSweep done;
  flip_byte(done.predictions(1));
  std::filesystem::remove(done.predictions(2));
  std::filesystem::remove(done.plan[3].folder / kResultFile);
  Ledger ledger(done.folder.path());
  EXPECT_NE(ledger.find(done.id(0)), nullptr);
  EXPECT_THAT(refusal_of([&] { ledger.find(done.id(1)); }), testing::HasSubstr("predictions.h5"));
  EXPECT_THAT(refusal_of([&] { ledger.find(done.id(2)); }), testing::HasSubstr("is not there"));
  EXPECT_EQ(ledger.find(done.id(3)), nullptr);
  EXPECT_EQ(ledger.find("unknown"), nullptr);
}

TEST(Ledger, damage_that_left_no_trace_is_found_when_asked_to_verify) {
  const DoneSweep done;
  const auto before = std::filesystem::last_write_time(done.predictions(1));
  flip_byte(done.predictions(1));
  std::filesystem::last_write_time(done.predictions(1), before);
  EXPECT_NE(Ledger(done.folder.path()).find(done.id(1)), nullptr);
  EXPECT_THAT(refusal_of([&] { Ledger(done.folder.path(), true).find(done.id(1)); }),
              testing::HasSubstr("predictions.h5"));
}

TEST(Ledger, may_be_deleted_damaged_or_of_another_folder_at_any_time) {
  const DoneSweep done, other;
  const auto file = done.folder / "ledger";
  const std::string text = read_text(file);
  const auto found = [&] {
    Ledger ledger(done.folder.path());
    int found = 0;
    for (int i = 0; i < 4; ++i) found += ledger.find(done.id(i)) != nullptr ? 1 : 0;
    ledger.save();
    return found;
  };
  std::filesystem::remove(file);
  EXPECT_EQ(found(), 4);
  EXPECT_EQ(read_text(file), text);
  for (const std::string& damaged :
       {std::string(), std::string("mofi-ledger/1"), text.substr(0, text.size() / 2), text + "x",
        "mofi-ledger/2" + text.substr(13)}) {
    std::ofstream(file, std::ios::trunc) << damaged;
    EXPECT_TRUE(Ledger(done.folder.path()).known().empty());
    EXPECT_EQ(found(), 4);
    EXPECT_EQ(read_text(file), text);
  }
  std::filesystem::copy_file(other.folder / "ledger", file,
                             std::filesystem::copy_options::overwrite_existing);
  flip_byte(done.predictions(1));
  EXPECT_THAT(refusal_of([&] { found(); }), testing::HasSubstr("predictions.h5"));
}

TEST(Ledger, a_result_that_was_copied_from_another_run_does_not_count) {
  const DoneSweep done;
  std::filesystem::remove_all(done.plan[1].folder);
  std::filesystem::copy(done.plan[0].folder, done.plan[1].folder);
  EXPECT_THAT(refusal_of([&] { Ledger(done.folder.path()).find(done.id(1)); }),
              testing::HasSubstr("is that of another run"));
}

TEST(Estimate, runs_are_shared_among_ranks_the_longest_first) {
  EXPECT_EQ(time_on({1, 2, 3, 4}, 1), 10);
  EXPECT_EQ(time_on({1, 2, 3, 4}, 2), 5);
  EXPECT_EQ(time_on({1, 9, 1}, 8), 9);
  EXPECT_EQ(time_on({}, 3), 0);
}

TEST(Estimate, larger_models_more_words_and_more_epochs_are_more_work) {
  const RunConfig small = small_run();
  for (const auto& grow : std::vector<std::function<void(RunConfig&)>>{
           [](RunConfig& c) { c.model.layers += 1; }, [](RunConfig& c) { c.model.hidden *= 2; },
           [](RunConfig& c) { c.data.max_words *= 2; }, [](RunConfig& c) { c.training.epochs += 1; }}) {
    RunConfig large = small;
    grow(large);
    EXPECT_GT(work_of(large), work_of(small));
    EXPECT_NE(shape_of(large, {}), shape_of(small, {}));
  }
}

}  // namespace
}  // namespace mofi
