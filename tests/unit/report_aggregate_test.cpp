#include "report/aggregate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

/// A small sweep: without injection, and the mode at two sites; two seeds each.
std::vector<SyntheticRun> small_sweep() {
  std::vector<SyntheticRun> runs;
  for (const std::int64_t seed : {1, 2}) {
    runs.push_back({.condition = "none", .site = 0, .seed = seed, .skill = 0.3});
    runs.push_back({.condition = "mode", .site = 0, .seed = seed, .skill = 0.6});
    runs.push_back({.condition = "mode", .site = 10, .seed = seed, .skill = 0.5});
  }
  return runs;
}

void write_all(const std::filesystem::path& results, const std::vector<SyntheticRun>& runs) {
  for (const SyntheticRun& run : runs) write_synthetic_run(results, run);
}

AblationOptions quick() {
  AblationOptions options;
  options.bootstrap.resamples = 1000;
  return options;
}

AggregateSummary aggregate_in_place(const std::filesystem::path& results,
                                    const AblationOptions& options = quick()) {
  return aggregate(results, results, options);
}

std::string all_notes(const Table& table) {
  std::string text;
  for (const std::string& note : table.notes) text += note + "\n";
  return text;
}

/// The cells of a column of a CSV file.
std::vector<std::string> column(const std::filesystem::path& file, const std::string& name) {
  const CsvTable table = read_csv(file);
  std::vector<std::string> cells;
  for (const CsvRow& row : table.rows) cells.push_back(row.cells[table.column(name)]);
  return cells;
}

constexpr const char* kGoldenMarkdown = R"md(## Ablation: 3 arms, 6 runs

| condition | site | runs | clips | songs |   accuracy |        95 % | macro-F1 | valence | arousal | valence = mode | difference |          95 % |
|:----------|-----:|-----:|------:|------:|-----------:|------------:|---------:|--------:|--------:|---------------:|-----------:|--------------:|
| none      |    – |    2 |    36 |    12 | 59.7 ± 9.8 | 41.6 … 77.9 |     59.6 |    70.8 |    76.4 |           62.1 |   baseline |             – |
| mode      |    0 |    2 |    36 |    12 | 68.1 ± 9.8 | 51.3 … 86.2 |     68.0 |    79.2 |    77.8 |           68.2 |       +8.3 |  -9.7 … +26.4 |
| mode      |   10 |    2 |    36 |    12 | 66.7 ± 0.0 | 54.2 … 77.8 |     66.9 |    80.6 |    79.2 |           69.7 |       +6.9 | -15.4 … +30.6 |

* Scored: 36 clips of 12 songs of data set synthetic, split song_level, valid + test pooled; a clip counts once, by the summed logits of its segments. Tokens aaaaaaaaaaaa.
* In %. Mean ± sample standard deviation over seeds (1, 2). 95 %: interval of the number before it, by percentile bootstrap, 1,000 resamples of songs and, independently, of seeds (bootstrap seed 1).
* Difference: accuracy in percentage points to the baseline (injection.condition=none), paired: the same seeds, songs and clips in both arms, drawn together. Intervals are not corrected for the number of arms.
* Valence = mode: how often the predicted valence is high for a major and low for a minor clip; clips of undefined mode are left out.
* No arm is called best: the paired intervals do not tell the leading one apart from every other.
)md";

TEST(ReportAggregate, writes_the_table_a_reader_expects) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(summary.runs, 6U);
  EXPECT_EQ(summary.arms, 3U);
  EXPECT_TRUE(summary.skipped.empty());
  EXPECT_EQ(read_text(results / "tables/ablation.md"), kGoldenMarkdown);
}

TEST(ReportAggregate, numbers_are_those_counted_by_hand) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  aggregate_in_place(results.path());
  double sum = 0;
  for (const std::int64_t seed : {1, 2}) {
    const Predictions p = synthetic_predictions({.condition = "none", .seed = seed, .skill = 0.3});
    int right = 0;
    for (std::size_t row = 0; row < p.rows(); row += 2) {
      const float* logits = &p.logits[row * 4];
      right += std::max_element(logits, logits + 4) - logits == p.label[row] ? 1 : 0;
    }
    sum += right / 36.0;
  }
  EXPECT_EQ(column(results / "tables/ablation.csv", "injection.condition").front(), "none");
  EXPECT_EQ(column(results / "tables/ablation.csv", "accuracy_mean").front(), fmt::format("{:.6f}", sum / 2));
  EXPECT_EQ(column(results / "tables/ablation.csv", "clips").front(), "36");
  EXPECT_EQ(column(results / "tables/ablation.csv", "songs").front(), "12");
}

TEST(ReportAggregate, tables_are_the_same_bytes_whatever_the_order_of_runs) {
  const TemporaryFolder first, second;
  std::vector<SyntheticRun> runs = small_sweep();
  write_all(first.path(), runs);
  std::reverse(runs.begin(), runs.end());
  write_all(second.path(), runs);
  // Times and hosts differ between executions, and are no part of a table.
  RunRecord record = read_run_record(second / "runs/none-site0-seed1");
  record.timing["train_s"] = 77.0;
  record.provenance["host"] = "another";
  write_run_record(second / "runs/none-site0-seed1", record);
  aggregate_in_place(first.path());
  aggregate_in_place(second.path());
  for (const std::string file : {"runs.csv", "tables/ablation.md", "tables/ablation.csv"})
    EXPECT_EQ(read_text(first / file), read_text(second / file)) << file;
}

TEST(ReportAggregate, runs_are_listed_one_a_line) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  aggregate_in_place(results.path());
  const auto file = results / "runs.csv";
  EXPECT_EQ(column(file, "run_id").size(), 6U);
  EXPECT_EQ(column(file, "run_id").front(), "mode-site0-seed1");
  EXPECT_EQ(column(file, "injection.site").front(), "0");
  EXPECT_EQ(column(file, "injection.site").back(), "");  // means nothing without injection
  EXPECT_EQ(column(file, "test_clips").front(), "24");
  EXPECT_EQ(column(file, "valid_clips").front(), "12");
  EXPECT_EQ(column(file, "pooled_clips").front(), "36");
  EXPECT_EQ(column(file, "pooled_splits").front(), "valid+test");
  EXPECT_EQ(column(file, "tokens_sha256").front(), std::string(64, 'a'));
  EXPECT_EQ(column(file, "producer").front(), "mofi test (commit 1234567)");
}

TEST(ReportAggregate, unfinished_and_damaged_runs_are_listed_with_the_reason) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  std::filesystem::create_directories(results / "runs/unfinished/checkpoint");
  std::ofstream(results / "runs/mode-site0-seed1/result.json") << "{}";
  std::filesystem::resize_file(results / "runs/mode-site10-seed1/predictions.h5", 1000);
  const AggregateSummary summary = aggregate_in_place(results.path());
  ASSERT_EQ(summary.skipped.size(), 3U);
  EXPECT_EQ(summary.runs, 4U);
  const std::string notes = all_notes(summary.table);
  for (const SkippedRun& run : summary.skipped) {
    EXPECT_NE(notes.find("Left out: " + run.folder), std::string::npos) << notes;
    EXPECT_EQ(run.reason.find(results.path().string()), std::string::npos) << "holds a path of this machine";
  }
  EXPECT_EQ(summary.skipped[2].reason, "runs/unfinished: has no result.json, so the run is not finished");
}

TEST(ReportAggregate, the_same_seed_twice_in_one_arm_is_refused) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  std::filesystem::copy(results / "runs/mode-site0-seed1", results / "runs/a-copy");
  const std::string sentence = error_of([&] { aggregate_in_place(results.path()); });
  EXPECT_NE(sentence.find("both hold seed 1 of one configuration"), std::string::npos) << sentence;
  EXPECT_NE(sentence.find("runs/a-copy"), std::string::npos) << sentence;
  EXPECT_FALSE(std::filesystem::exists(results / "runs.csv"));
}

TEST(ReportAggregate, without_injection_the_site_makes_no_other_arm) {
  const TemporaryFolder results;
  write_all(results.path(),
            {{.condition = "none", .site = 0, .seed = 1}, {.condition = "none", .site = 5, .seed = 2}});
  EXPECT_EQ(aggregate_in_place(results.path()).arms, 1U);
}

TEST(ReportAggregate, one_arm_is_not_pooled_over_unlike_inputs) {
  const TemporaryFolder results;
  write_all(results.path(), {{.seed = 1}, {.seed = 2, .tokens_sha256 = std::string(64, 'b')}});
  EXPECT_NE(error_of([&] { aggregate_in_place(results.path()); }).find("made from different tokens"),
            std::string::npos);
}

TEST(ReportAggregate, arms_on_unlike_tokens_are_not_compared) {
  const TemporaryFolder results;
  write_all(results.path(),
            {{.condition = "none"}, {.condition = "mode", .tokens_sha256 = std::string(64, 'b')}});
  EXPECT_NE(error_of([&] { aggregate_in_place(results.path()); }).find("not comparable"), std::string::npos);
}

TEST(ReportAggregate, a_folder_without_finished_runs_is_an_error) {
  const TemporaryFolder results;
  EXPECT_NE(error_of([&] { aggregate_in_place(results.path()); }).find("no such folder"), std::string::npos);
  std::filesystem::create_directories(results / "runs/begun");
  EXPECT_NE(error_of([&] { aggregate_in_place(results.path()); }).find("holds no finished run"),
            std::string::npos);
}

TEST(ReportAggregate, runs_of_others_in_the_same_folder_are_left_out_and_told_in_one_line) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  AblationOptions options;
  options.bootstrap.resamples = 200;
  options.only = {"none-site0-seed1", "none-site0-seed2"};
  const AggregateSummary summary = aggregate(results.path(), results.path(), options);
  EXPECT_EQ(summary.runs, 2U);
  EXPECT_EQ(summary.skipped.size(), 4U);
  EXPECT_EQ(summary.table.notes.back(), "Left out: is no run of this sweep (4 runs).");
}

TEST(ReportAggregate, folds_of_a_seed_are_pooled_and_only_their_test_part_counts) {
  const TemporaryFolder results;
  for (const std::int64_t seed : {1, 2})
    for (const std::int64_t fold : {0, 1, 2})
      write_synthetic_run(results.path(), {.seed = seed, .fold = fold});
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(summary.arms, 1U);
  EXPECT_EQ(column(results / "tables/ablation.csv", "runs").front(), "6");
  EXPECT_EQ(column(results / "tables/ablation.csv", "seeds").front(), "2");
  EXPECT_EQ(column(results / "tables/ablation.csv", "clips").front(), "36");
  EXPECT_NE(all_notes(summary.table).find("the folds of a seed pooled"), std::string::npos);
}

TEST(ReportAggregate, a_missing_fold_is_said) {
  const TemporaryFolder results;
  for (const std::int64_t fold : {0, 1, 2}) write_synthetic_run(results.path(), {.seed = 1, .fold = fold});
  for (const std::int64_t fold : {0, 2}) write_synthetic_run(results.path(), {.seed = 2, .fold = fold});
  EXPECT_NE(all_notes(aggregate_in_place(results.path()).table).find("seed 2 has no finished run of fold 1"),
            std::string::npos);
}

TEST(ReportAggregate, a_difference_is_over_shared_seeds_only) {
  const TemporaryFolder results;
  write_all(results.path(), {{.condition = "none", .seed = 1},
                             {.condition = "none", .seed = 2},
                             {.condition = "mode", .seed = 2},
                             {.condition = "mode", .seed = 3}});
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(column(results / "tables/ablation.csv", "difference_seeds"), (std::vector<std::string>{"", "1"}));
  EXPECT_NE(all_notes(summary.table).find("over the seeds 2 that"), std::string::npos)
      << all_notes(summary.table);
}

TEST(ReportAggregate, another_baseline_may_be_named) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  AblationOptions options = quick();
  options.baseline = {"injection.condition=mode", "injection.site=10"};
  aggregate_in_place(results.path(), options);
  EXPECT_EQ(column(results / "tables/ablation.csv", "injection.site").front(), "10");
  EXPECT_EQ(column(results / "tables/ablation.csv", "is_baseline"),
            (std::vector<std::string>{"1", "0", "0"}));
}

TEST(ReportAggregate, without_a_baseline_there_are_no_differences) {
  const TemporaryFolder results;
  write_all(results.path(), {{.condition = "mode", .site = 0}, {.condition = "mode", .site = 1}});
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(column(results / "tables/ablation.csv", "difference"), (std::vector<std::string>{"", ""}));
  EXPECT_NE(all_notes(summary.table).find("No arm has injection.condition=none"), std::string::npos);
}

TEST(ReportAggregate, a_baseline_that_is_no_setting_is_a_usage_error) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  AblationOptions options = quick();
  options.baseline = {"none"};
  try {
    aggregate_in_place(results.path(), options);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kUsage);
  }
}

TEST(ReportAggregate, no_best_arm_is_named_that_cannot_be_told_apart) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  EXPECT_NE(all_notes(aggregate_in_place(results.path()).table).find("No arm is called best"),
            std::string::npos);
}

TEST(ReportAggregate, a_best_arm_is_named_with_its_interval_and_its_n) {
  const TemporaryFolder results;
  for (const std::int64_t seed : {1, 2, 3}) {
    write_synthetic_run(results.path(), {.condition = "none", .seed = seed, .skill = 0.0, .songs = 40});
    write_synthetic_run(results.path(), {.condition = "mode", .seed = seed, .skill = 0.9, .songs = 40});
  }
  const std::string notes = all_notes(aggregate_in_place(results.path()).table);
  EXPECT_NE(notes.find("Best: condition=mode, "), std::string::npos) << notes;
  EXPECT_NE(notes.find("(95 % interval "), std::string::npos) << notes;
  EXPECT_NE(notes.find("; 120 clips, 40 songs, 3 seeds)"), std::string::npos) << notes;
}

TEST(ReportAggregate, a_split_that_shares_songs_says_so) {
  const TemporaryFolder results;
  write_synthetic_run(results.path(), {.split = "midibert"});
  EXPECT_NE(all_notes(aggregate_in_place(results.path()).table).find("its parts share songs"),
            std::string::npos);
}

}  // namespace
}  // namespace mofi
