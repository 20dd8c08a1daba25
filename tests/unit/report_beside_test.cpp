// What is told of runs beside the ablation: scores by other units, invariance, the least and most of probed
// states.

#include <gmock/gmock.h>

#include "core/files.h"
#include "report/aggregate.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using testing::Not;

Json change(int rows, double same, double before, double after) {
  return {{"rows", rows},
          {"same", same},
          {"distance", 1 - same},
          {"high_valence_before", before},
          {"high_valence_after", after}};
}

/// A run that was asked how its predictions change.
void write_asked(const TemporaryFolder& folder, const SyntheticRun& run, Json invariance) {
  const auto run_folder = write_synthetic_run(folder.path(), run);
  RunRecord record = synthetic_record(run);
  record.predictions_sha256 = content_digest(synthetic_predictions(run));
  record.metrics["invariance"] = std::move(invariance);
  write_run_record(run_folder, record);
}

std::string table(const TemporaryFolder& folder, const std::string& name) {
  aggregate(folder.path(), folder.path(), {.bootstrap = {.resamples = 20}});
  return read_text(folder.path() / ("tables/" + name));
}

TEST(ReportInvariance, rows_of_seeds_are_pooled_so_that_each_weighs_as_much) {
  const TemporaryFolder folder;
  Json of_minor = change(10, 0.5, 0.8, 0.2);
  of_minor["by_class"]["Q1"] = change(4, 0.25, 1.0, 0.25);
  write_asked(
      folder, {.seed = 1},
      {{"transposition", {{"-1", {{"rows", 30}, {"same", 0.9}, {"distance", 0.1}, {"accuracy", 0.5}}}}},
       {"parallel", {{"music", {{"to_minor", of_minor}}}}}});
  write_asked(
      folder, {.seed = 2},
      {{"transposition", {{"2", {{"rows", 10}, {"same", 0.5}, {"distance", 0.3}, {"accuracy", 0.7}}}}},
       {"parallel", {{"music", {{"to_minor", change(30, 0.9, 0.6, 0.6)}}}}}});
  const std::string text = table(folder, "invariance.md");
  EXPECT_THAT(text,
              testing::ContainsRegex("transposed +\\| +40 \\| +80.0 \\| +15.0 \\| +55.0 \\| +– \\| +–"));
  EXPECT_THAT(text,
              testing::ContainsRegex("major to minor, the notes +\\| +40 \\| +80.0 \\| +20.0 \\| +– \\| "
                                     "+65.0 \\| +50.0 \\| +-75.0 \\| +– \\| +– \\| +– \\|"));
  const std::string csv = table(folder, "invariance.csv");
  EXPECT_THAT(csv, HasSubstr("music,to_minor,Q1,4,0.25"));
  EXPECT_THAT(csv, HasSubstr("transposition,-1,,30,0.9"));
}

TEST(ReportInvariance, has_no_table_where_no_run_was_asked) {
  const TemporaryFolder folder;
  write_synthetic_run(folder.path(), {});
  aggregate(folder.path(), folder.path(), {.bootstrap = {.resamples = 20}});
  EXPECT_FALSE(std::filesystem::exists(folder / "tables/invariance.md"));
}

TEST(ReportPublished, every_value_has_a_row_with_ours_or_with_the_settings_that_were_not_run) {
  const TemporaryFolder folder;
  for (const std::int64_t seed : {1, 2}) {
    write_synthetic_run(folder.path(), {.seed = seed});
    for (const int site : {0, 1})  // of two layers, so 1 is the middle
      write_synthetic_run(folder.path(), {.condition = "mode", .site = site, .seed = seed});
  }
  const auto value = [](const std::string& dataset, const std::string& name, std::vector<std::string> arm) {
    return PublishedValue{.table = "systems",
                          .dataset = dataset,
                          .name = name,
                          .source = "a paper",
                          .arm = std::move(arm),
                          .accuracy = 0.752};
  };
  AblationOptions options{.bootstrap = {.resamples = 20}};
  options.published = {value("synthetic", "MoFi", {"injection.condition=mode"}),
                       value("synthetic", "layer 6", {"injection.condition=mode", "injection.site=6"}),
                       value("synthetic", "halfway", {"injection.condition=mode", "injection.site=middle"}),
                       value("another", "MoFi", {"injection.condition=mode"}),
                       value("synthetic", "a method", {})};
  aggregate(folder.path(), folder.path(), options);
  const std::string text = read_text(folder / "tables/published.md");
  EXPECT_THAT(
      text, testing::ContainsRegex(
                "MoFi +\\| +75.2 \\| +– \\| condition=mode site=0 +\\| song_level +\\| +2 \\| +2 "
                "\\| +[0-9.]+ ± [0-9.]+ \\| +[0-9.]+ … [0-9.]+ \\| +[0-9.]+ ± [0-9.]+ \\| +[+-][0-9.]+ \\|"));
  EXPECT_THAT(text, testing::ContainsRegex(
                        "layer 6 +\\| +75.2 \\| +– \\| not run: injection.condition=mode, injection.site=6"));
  EXPECT_THAT(text, testing::ContainsRegex(
                        "another +\\| MoFi +\\| +75.2 \\| +– \\| not run: injection.condition=mode +\\|"));
  EXPECT_THAT(text, HasSubstr("nothing of ours does the same"));
}

TEST(ReportScores, are_by_clips_rows_and_songs) {
  const TemporaryFolder folder;
  for (const std::int64_t seed : {1, 2}) write_synthetic_run(folder.path(), {.seed = seed});
  const std::string text = table(folder, "scores.md");
  EXPECT_THAT(text, HasSubstr("calibration error"));
  EXPECT_THAT(text, testing::ContainsRegex("\\| +rows +\\| +songs +\\|"));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
}

/// A probe of a frozen backbone's state.
void write_probe(const TemporaryFolder& folder, int state, std::int64_t seed, double skill,
                 std::vector<std::string> evaluate = {"valid", "test"}) {
  const SyntheticRun run{.site = state, .seed = seed, .skill = skill, .songs = 30};
  const auto run_folder = write_synthetic_run(folder.path(), run);
  RunRecord record = synthetic_record(run);
  record.predictions_sha256 = content_digest(synthetic_predictions(run));
  record.config["head"] = {{"kind", "linear"}, {"state", state}};
  record.config["training"]["trains"] = "head";
  record.config["data"]["evaluate"] = std::move(evaluate);
  write_run_record(run_folder, record);
}

TEST(ReportProbing, least_and_most_state_are_chosen_on_valid_and_told_with_their_interval_on_test) {
  const TemporaryFolder folder;
  for (const std::int64_t seed : {1, 2, 3})
    for (const auto& [state, skill] : {std::pair(0, 0.5), std::pair(1, 0.0), std::pair(2, 0.95)})
      write_probe(folder, state, seed, skill);
  const std::string text = table(folder, "ablation.md");
  EXPECT_THAT(text,
              testing::ContainsRegex("Least of [^:]*: state 1 of 3, chosen on valid \\([0-9.]+ %, 30 "
                                     "clips; the chance that it is, 1(\\.00)?; all others can be told"));
  EXPECT_THAT(text,
              testing::ContainsRegex("Most of [^:]*: state 2 of 3.*On test it scores 9[0-9.]+ % \\(95 % "
                                     "interval [0-9.]+ … [0-9.]+; 60 clips, 20 songs, 3 seeds\\)"));
}

TEST(ReportProbing, without_a_valid_part_no_state_is_chosen) {
  const TemporaryFolder folder;
  for (const int state : {0, 1}) {
    const SyntheticRun run{.site = state, .fold = 0};
    const auto run_folder = write_synthetic_run(folder.path(), run);
    RunRecord record = synthetic_record(run);
    record.predictions_sha256 = content_digest(synthetic_predictions(run));
    record.config["head"] = {{"state", state}};
    write_run_record(run_folder, record);
  }
  EXPECT_THAT(table(folder, "ablation.md"),
              HasSubstr("not chosen, as its probes were not all scored on a valid part"));
}

}  // namespace
}  // namespace mofi
