#include "report/aggregate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "refusal.h"
#include "report/field_defaults.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

/// A small sweep: without injection, and the mode at two sites; two seeds each, or so many.
std::vector<SyntheticRun> small_sweep(std::int64_t seeds = 2) {
  std::vector<SyntheticRun> runs;
  for (std::int64_t seed = 1; seed <= seeds; ++seed) {
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

constexpr const char* kGoldenMarkdown = R"md(## Ablation: 3 arms, 12 runs

| condition | site | runs | clips | songs |   accuracy |        95 % | macro-F1 | valence | arousal | valence = mode | difference |         95 % | p (Holm) | P(best) |
|:----------|-----:|-----:|------:|------:|-----------:|------------:|---------:|--------:|--------:|---------------:|-----------:|-------------:|---------:|--------:|
| none      |    – |    4 |    36 |    12 | 55.6 ± 8.2 | 49.8 … 62.1 |     55.4 |    70.8 |    68.8 |           62.9 |   baseline |            – |        – |       – |
| mode      |    0 |    4 |    36 |    12 | 69.4 ± 6.0 | 59.9 … 78.7 |     69.4 |    81.3 |    79.9 |           69.7 |      +13.9 | +2.9 … +24.7 |     .061 |    0.83 |
| mode      |   10 |    4 |    36 |    12 | 63.2 ± 5.3 | 53.1 … 73.2 |     63.7 |    80.6 |    73.6 |           68.2 |       +7.6 | -2.6 … +19.5 |      .20 |    0.17 |

* Scored: 36 clips of 12 songs of data set synthetic, split song_level, valid + test pooled; a clip counts once, by the summed logits of its segments. Tokens aaaaaaaaaaaa.
* In %. Mean ± sample standard deviation over seeds (1–4). 95 %: interval of the number before it, by bootstrap over songs and seeds (1,000 resamples, bootstrap seed 1).
* Difference: accuracy in percentage points to the baseline (injection.condition=none), paired: the same seeds, songs and clips in both arms, drawn together; its interval is not corrected for the number of arms. p (Holm): the larger of the bootstrap's p and of the permutation of songs, adjusted over the sites of each condition (mode 2); so many resamples tell none below 0.004. All tests: comparisons.md.
* Valence = mode: how often the predicted valence is high for a major and low for a minor clip; clips of undefined mode are left out.
* Floors: these results hold no classifier without a network (majority, mode_only, logistic, linear_svm, rbf_svm, random_forest) on these clips, which neural rows are to be read against.
* No arm is called best: of all 3 arms, 2 cannot be told from the best (model confidence set, 95 %): condition=mode site=0; condition=mode site=10.
* P(best) of mode: chance of being the best of these 2 arms, by joint resamples. Ahead is condition=mode site=0, 69.4 % (95 % interval 59.9 … 78.7; 36 clips, 12 songs, 4 seeds); 2 of them cannot be told from the best.
* Power: with 4 seeds and 12 songs, a true difference of 15.6 points to the baseline is seen with a chance of 80 % at 5 % (median of 2 arms), of 17.7 points if it is the first of 2 comparisons. The 1.8 points that the paper reports between two layers would take 395 seeds on these songs or 1,031 songs with these seeds.
)md";

TEST(ReportAggregate, writes_the_table_a_reader_expects) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep(4));
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(summary.runs, 12U);
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
  for (const std::string file : {"runs.csv", "groups.csv", "tables/ablation.md", "tables/ablation.tex",
                                 "tables/ablation.csv", "tables/comparisons.md", "tables/comparisons.tex",
                                 "tables/comparisons.csv", "tables/confusion.md", "tables/confusion.csv"})
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

TEST(ReportAggregate, what_was_made_from_unlike_tokens_is_never_averaged_and_has_a_table_each) {
  const TemporaryFolder results;
  write_all(results.path(), {{.seed = 1}, {.seed = 2, .tokens_sha256 = std::string(64, 'b')}});
  const AggregateSummary summary = aggregate_in_place(results.path());
  ASSERT_EQ(summary.groups.size(), 2U);
  EXPECT_EQ(column(results / "groups.csv", "tokens"),
            (std::vector<std::string>{"tokens_aaaaaaaa", "tokens_bbbbbbbb"}));
  EXPECT_EQ(column(results / "groups.csv", "runs"), (std::vector<std::string>{"1", "1"}));
  EXPECT_TRUE(std::filesystem::exists(results / "tables/tokens_bbbbbbbb/ablation.md"));
}

TEST(ReportAggregate, an_arm_whose_runs_read_unlike_files_is_refused) {
  const TemporaryFolder results;
  write_all(results.path(), {{.seed = 1, .system = "logistic"}, {.seed = 2, .system = "logistic"}});
  RunRecord record = read_run_record(results / "runs/logistic-site0-seed2");
  record.inputs["features"] = std::string(64, 'f');
  write_run_record(results / "runs/logistic-site0-seed2", record);
  EXPECT_NE(error_of([&] { aggregate_in_place(results.path()); }).find("made from different features"),
            std::string::npos);
}

/// Two data sets; in the first, from scratch and from start weights.
std::vector<SyntheticRun> two_data_sets() {
  std::vector<SyntheticRun> runs;
  for (const std::int64_t seed : {1, 2, 3})
    for (const std::string condition : {"none", "mode"}) {
      runs.push_back({.condition = condition, .seed = seed, .dataset = "emopia"});
      runs.push_back({.condition = condition,
                      .site = 1,
                      .seed = seed,
                      .dataset = "emopia",
                      .weights_sha256 = std::string(64, 'd')});
      runs.push_back({.condition = condition,
                      .site = 2,
                      .seed = seed,
                      .songs = 10,
                      .tokens_sha256 = std::string(64, 'b'),
                      .dataset = "vgmidi"});
    }
  runs.push_back({.dataset = "emopia", .system = "majority"});
  return runs;
}

TEST(ReportAggregate, several_data_sets_have_a_table_each_and_one_of_all_rows) {
  const TemporaryFolder results;
  write_all(results.path(), two_data_sets());
  const AggregateSummary summary = aggregate_in_place(results.path());
  ASSERT_EQ(summary.groups.size(), 2U);
  EXPECT_EQ(summary.groups[0].title, "emopia: 5 arms, 13 runs");
  EXPECT_EQ(summary.groups[1].title, "vgmidi: 2 arms, 6 runs");
  EXPECT_EQ(column(results / "groups.csv", "data_set"),
            (std::vector<std::string>{"emopia", "emopia", "emopia", "emopia", "emopia", "vgmidi", "vgmidi"}));
  EXPECT_EQ(read_csv(results / "tables/emopia/ablation.csv").rows.size(), 5U);
  EXPECT_EQ(read_csv(results / "tables/ablation.csv").rows.size(), 7U);
  EXPECT_EQ(column(results / "runs.csv", "tables").front(), "emopia");
  // Differences are within a table.
  EXPECT_EQ(column(results / "tables/comparisons.csv", "data_set").back(), "vgmidi");
}

TEST(ReportAggregate, start_weights_make_arms_that_are_compared_with_the_baseline_of_the_same_weights) {
  const TemporaryFolder results;
  write_all(results.path(), two_data_sets());
  aggregate_in_place(results.path());
  const auto file = results / "tables/emopia/comparisons.csv";
  const auto weights = column(file, "training.weights"), against = column(file, "against");
  ASSERT_GE(weights.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(against[i], "condition=none weights=" + weights[i]);
  EXPECT_NE(weights[0], weights[1]);
  EXPECT_EQ(column(file, "family")[0], "1");
}

TEST(ReportAggregate, modes_of_several_kinds_have_a_table_each_with_the_floors_in_all) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  write_synthetic_run(results.path(), {.system = "majority"});
  for (const SyntheticRun& run : small_sweep()) {
    RunRecord record = read_run_record(results / "runs" / run.id());
    record.inputs["mode"] = std::string(64, run.site == 10 ? 'e' : 'd');
    if (run.site == 10) record.provenance["input_names"] = {{"mode", "aarden_essen"}};
    write_run_record(results / "runs" / run.id(), record);
  }
  const AggregateSummary summary = aggregate_in_place(results.path());
  ASSERT_EQ(summary.groups.size(), 2U);
  EXPECT_EQ(summary.groups[0].title, "mode_dddddddd: 3 arms, 5 runs");
  EXPECT_EQ(summary.groups[1].title, "aarden_essen: 2 arms, 3 runs");
  EXPECT_EQ(column(results / "runs.csv", "tables")[0], "mode_dddddddd aarden_essen");  // majority
}

TEST(ReportAggregate, other_systems_are_rows_under_their_names_with_only_what_tells_their_arms_apart) {
  const TemporaryFolder results;
  std::vector<SyntheticRun> runs = small_sweep();
  runs.push_back({.seed = 1, .skill = 0.0, .system = "majority"});
  for (const std::int64_t seed : {1, 2}) runs.push_back({.seed = seed, .skill = 0.4, .system = "lstm_attn"});
  write_all(results.path(), runs);
  const AggregateSummary summary = aggregate_in_place(results.path());
  const CsvTable table = read_csv(results / "tables/ablation.csv");
  EXPECT_EQ(table.columns.front(), "system");
  EXPECT_EQ(column(results / "tables/ablation.csv", "system"),
            (std::vector<std::string>{"midibert", "midibert", "midibert", "lstm_attn", "majority"}));
  EXPECT_EQ(column(results / "tables/ablation.csv", "injection.condition"),
            (std::vector<std::string>{"none", "mode", "mode", "", ""}));
  EXPECT_EQ(std::count(table.columns.begin(), table.columns.end(), "classifier.C"), 0);
  const std::string notes = all_notes(summary.table);
  EXPECT_NE(notes.find("Floors, classifiers without a network on the same clips: the highest is "),
            std::string::npos)
      << notes;
}

TEST(ReportAggregate, fields_that_a_classical_system_does_not_use_are_not_made_up) {
  const auto shown = [](const std::string& system, const Json& classifier) {
    FlatConfig config = flatten(Json{{"system", system}, {"classifier", classifier}});
    add_unstated(config);
    std::string text;
    for (const char* field : {"features", "c", "gamma", "trees"})
      text += config.get(std::string("classifier.") + field, "–") + " ";
    return text;
  };
  const Json mode = {{"features", {"mode"}}};
  EXPECT_EQ(shown("majority", Json::object()), "– – – – ");
  EXPECT_EQ(shown("mode_only", Json::object()), "– 0.0 – – ");
  EXPECT_EQ(shown("logistic", mode), "[\"mode\"] 0.0 – – ");
  EXPECT_EQ(shown("linear_svm", {{"c", 2.0}}), "[\"all\"] 2.0 – – ");
  EXPECT_EQ(shown("rbf_svm", mode), "[\"mode\"] 0.0 0.0 – ");
  EXPECT_EQ(shown("random_forest", mode), "[\"mode\"] – – 500 ");
  EXPECT_EQ(shown("midibert", Json::object()), "– – – – ");
}

TEST(ReportAggregate, a_floor_of_one_seed_is_compared_with_every_seed_of_the_baseline) {
  const TemporaryFolder results;
  std::vector<SyntheticRun> runs = small_sweep();
  runs.push_back({.seed = 1, .skill = 0.0, .system = "majority"});
  write_all(results.path(), runs);
  aggregate_in_place(results.path());
  EXPECT_EQ(column(results / "tables/ablation.csv", "difference_seeds").back(), "2");
  const double floor = std::stod(column(results / "tables/ablation.csv", "accuracy_mean").back()),
               baseline = std::stod(column(results / "tables/ablation.csv", "accuracy_mean").front());
  EXPECT_NEAR(std::stod(column(results / "tables/ablation.csv", "difference").back()), floor - baseline,
              2e-6);
}

TEST(ReportAggregate, without_floors_a_table_of_neural_rows_says_so) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  EXPECT_NE(
      all_notes(aggregate_in_place(results.path()).table).find("Floors: these results hold no classifier"),
      std::string::npos);
}

TEST(ReportAggregate, a_field_that_came_later_equals_what_older_runs_mean_by_not_having_it) {
  const TemporaryFolder results;
  write_all(results.path(), {{.condition = "mode", .seed = 1}, {.condition = "mode", .seed = 2}});
  RunRecord record = read_run_record(results / "runs/mode-site0-seed2");
  record.config["injection"]["by"] = "film";
  write_run_record(results / "runs/mode-site0-seed2", record);
  EXPECT_EQ(aggregate_in_place(results.path()).arms, 1U);
  record.config["injection"]["by"] = "add";
  write_run_record(results / "runs/mode-site0-seed2", record);
  EXPECT_EQ(aggregate_in_place(results.path()).arms, 2U);
  EXPECT_EQ(column(results / "tables/ablation.csv", "injection.by"),
            (std::vector<std::string>{"add", "film"}));
}

TEST(ReportAggregate, missing_and_failed_runs_are_counted_in_the_table) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  const auto folder = results / "runs/mode-site10-seed2";
  std::filesystem::remove(folder / "result.json");
  std::ofstream(folder / "attempt_1.json")
      << R"({"schema": "mofi-attempt/1", "end": {"kind": "error", "text": "loss is not finite\nmore"}})";
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(column(results / "tables/ablation.csv", "runs_missing"),
            (std::vector<std::string>{"0", "0", "1"}));
  EXPECT_EQ(column(results / "tables/ablation.csv", "runs_failed"),
            (std::vector<std::string>{"0", "0", "1"}));
  EXPECT_EQ(summary.table.rows.back()[2], "1 of 2, 1 failed");
  const std::string notes = all_notes(summary.table);
  EXPECT_NE(notes.find("1 is missing, 1 of them failed"), std::string::npos) << notes;
  EXPECT_NE(notes.find("the run is not finished (attempt 1, error: loss is not finite)"), std::string::npos)
      << notes;
}

TEST(ReportAggregate, of_many_folders_that_are_left_out_the_first_few_are_told) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  for (int i = 10; i < 50; ++i)
    std::filesystem::create_directories(results / ("runs/begun" + std::to_string(i)));
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(summary.skipped.size(), 40U);
  EXPECT_EQ(summary.table.notes.back(), "… and 32 more folders that are left out.");
}

TEST(ReportAggregate, every_pair_is_tested_against_the_baseline_and_the_controls_at_its_site) {
  const TemporaryFolder results;
  for (const std::int64_t seed : {1, 2, 3})
    for (const std::int64_t fold : {0, 1, 2})
      for (const int site : {0, 1}) {
        if (site == 0) write_synthetic_run(results.path(), {.seed = seed, .fold = fold, .songs = 30});
        for (const std::string condition : {"constant", "mode"})
          write_synthetic_run(results.path(), {.condition = condition,
                                               .site = site,
                                               .seed = seed,
                                               .fold = fold,
                                               .skill = condition == "mode" ? 0.8 : 0.5,
                                               .songs = 30});
      }
  aggregate_in_place(results.path());
  const auto file = results / "tables/comparisons.csv";
  EXPECT_EQ(column(file, "against"),
            (std::vector<std::string>{"condition=none", "condition=none", "condition=none", "condition=none",
                                      "condition=constant site=0", "condition=constant site=1"}));
  EXPECT_EQ(column(file, "runs"), (std::vector<std::string>(6, "9")));
  EXPECT_EQ(column(file, "family"), (std::vector<std::string>(6, "2")));
  EXPECT_EQ(column(file, "t_folds_degrees"), (std::vector<std::string>(6, "8")));
  for (const std::string p : {"p_bootstrap", "p_songs", "p_holm", "p_folds"}) {
    const auto cells = column(file, p);
    EXPECT_GT(std::stod(cells[0]), 0.05) << p;  // a constant is worth nothing
    EXPECT_LT(std::stod(cells[2]), 0.05) << p;  // the mode is
    EXPECT_LT(std::stod(cells[4]), 0.05) << p;
  }
  EXPECT_EQ(column(file, "p_better")[2], "1");
  const auto best = column(results / "tables/ablation.csv", "p_best");
  EXPECT_EQ(best.front(), "");  // the baseline has no family
  EXPECT_NEAR(std::stod(best[3]) + std::stod(best[4]), 1, 1e-5);
}

TEST(ReportAggregate, arms_that_lack_a_seed_are_set_against_each_other_on_those_that_all_have) {
  const TemporaryFolder results;
  for (const std::int64_t seed : {1, 2, 3, 4})
    for (const int site : {0, 1, 2}) {
      if (site == 1 && seed == 4) continue;
      if (site == 2 && seed > 1) continue;  // has just begun
      write_synthetic_run(results.path(), {.condition = "mode", .site = site, .seed = seed});
    }
  const AggregateSummary summary = aggregate_in_place(results.path());
  const auto best = column(results / "tables/ablation.csv", "p_best");
  EXPECT_NEAR(std::stod(best[0]) + std::stod(best[1]), 1, 1e-5);
  EXPECT_EQ(best[2], "");
  EXPECT_NE(all_notes(summary.table)
                .find("P(best) of mode: chance of being the best of these 2 arms, by joint "
                      "resamples of seeds 1–3."),
            std::string::npos)
      << all_notes(summary.table);
}

TEST(ReportAggregate, one_seed_on_one_split_has_mcnemars_test) {
  const TemporaryFolder results;
  write_all(results.path(), {{.condition = "none", .skill = 0.2}, {.condition = "mode", .skill = 0.9}});
  aggregate_in_place(results.path());
  EXPECT_LT(std::stod(column(results / "tables/comparisons.csv", "p_mcnemar").front()), 0.01);
  EXPECT_EQ(column(results / "tables/comparisons.csv", "p_folds").front(), "");
  EXPECT_NE(read_text(results / "tables/comparisons.md").find("as if no two were of one song"),
            std::string::npos);
}

TEST(ReportAggregate, confusion_matrices_hold_every_clip_of_every_seed) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  aggregate_in_place(results.path());
  const auto clips = column(results / "tables/confusion.csv", "clips");
  ASSERT_EQ(clips.size(), 3U * 16);
  int sum = 0;
  for (int i = 0; i < 16; ++i) sum += std::stoi(clips[static_cast<std::size_t>(i)]);
  EXPECT_EQ(sum, 2 * 36);
}

TEST(ReportAggregate, published_values_stand_beside_the_rows_that_do_the_same) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  AblationOptions options = quick();
  options.published = {
      {"ablation",
       "synthetic",
       "MoFi",
       "a paper",
       {"injection.condition=mode", "injection.site=0"},
       0.752,
       0.751},
      {"ablation",
       "synthetic",
       "last",
       "a paper",
       {"injection.condition=mode", "injection.site=last"},
       0.721,
       0},
      {"ablation", "another", "MoFi", "a paper", {"injection.condition=mode"}, 0.591, 0.587}};
  const AggregateSummary summary = aggregate_in_place(results.path(), options);
  EXPECT_EQ(column(results / "tables/ablation.csv", "published"),
            (std::vector<std::string>{"", "75.2 (75.1)", ""}));
  EXPECT_NE(all_notes(summary.table).find("Published, and no row of this table: last 72.1."),
            std::string::npos)
      << all_notes(summary.table);
}

TEST(ReportAggregate, the_papers_values_are_read_and_are_of_the_right_arms) {
  const auto values = read_published(std::filesystem::path(MOFI_SOURCE) / "configs/published.yaml");
  ASSERT_EQ(values.size(), 23U);
  const TemporaryFolder results;
  write_synthetic_run(results.path(), {.condition = "mode", .dataset = "emopia"});
  RunRecord record = read_run_record(results / "runs/mode-site0-seed1");
  record.config["training"]["transpose_up"] = 5;  // augmented, as MoFi is
  write_run_record(results / "runs/mode-site0-seed1", record);
  AblationOptions options = quick();
  options.published = values;
  aggregate_in_place(results.path(), options);
  EXPECT_EQ(column(results / "tables/ablation.csv", "published").front(), "75.2 (75.1)");
}

TEST(ReportAggregate, power_says_what_the_design_can_see) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  const std::string notes = all_notes(aggregate_in_place(results.path()).table);
  EXPECT_NE(notes.find("Power: with 2 seeds and 12 songs, a true difference of "), std::string::npos)
      << notes;
  EXPECT_NE(notes.find("The 1.8 points that the paper reports between two layers would take "),
            std::string::npos)
      << notes;
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
  EXPECT_EQ(summary.table.notes.back(),
            "Left out: on other music, or not asked for by this sweep as it is now (4 runs).");
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

TEST(ReportAggregate, several_ways_of_dealing_songs_to_folds_are_repetitions) {
  const TemporaryFolder results;
  for (const std::int64_t division : {1, 2})
    for (const std::int64_t fold : {0, 1, 2}) {
      write_synthetic_run(results.path(),
                          {.seed = 1, .fold = fold, .system = "logistic", .fold_seed = division});
      for (const std::int64_t seed : {1, 2})
        write_synthetic_run(results.path(), {.seed = seed, .fold = fold, .fold_seed = division});
    }
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_TRUE(summary.groups.empty());
  const auto file = results / "tables/ablation.csv";
  EXPECT_EQ(column(file, "runs"), (std::vector<std::string>{"12", "6"}));
  EXPECT_EQ(column(file, "seeds"), (std::vector<std::string>{"4", "2"}));
  EXPECT_EQ(column(file, "clips"), (std::vector<std::string>{"36", "36"}));
  EXPECT_EQ(column(file, "difference_seeds").back(), "4");  // a floor is there for every seed of its division
  EXPECT_EQ(column(results / "tables/comparisons.csv", "runs").front(), "12");
  EXPECT_EQ(column(results / "runs.csv", "fold_seed").front(), "1");
  const std::string notes = all_notes(summary.table);
  EXPECT_NE(notes.find("over 4 repetitions, seeds in 2 ways of dealing songs to folds"), std::string::npos)
      << notes;
}

TEST(ReportAggregate, arms_that_are_all_baselines_are_compared_with_none) {
  const TemporaryFolder results;
  write_all(results.path(), {{.seed = 1}, {.seed = 2}});
  RunRecord record = read_run_record(results / "runs/none-site0-seed2");
  record.config["model"]["hidden"] = 256;
  write_run_record(results / "runs/none-site0-seed2", record);
  const AggregateSummary summary = aggregate_in_place(results.path());
  EXPECT_EQ(column(results / "tables/ablation.csv", "is_baseline"), (std::vector<std::string>{"0", "0"}));
  EXPECT_NE(all_notes(summary.table).find("No one arm has injection.condition=none"), std::string::npos);
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

TEST(ReportAggregate, a_baseline_in_a_field_that_no_run_has_is_refused_with_the_nearest) {
  const TemporaryFolder results;
  write_all(results.path(), small_sweep());
  AblationOptions options = quick();
  options.baseline = {"injection.conditoin=none"};
  EXPECT_NE(refusal_of([&] { aggregate_in_place(results.path(), options); }, ExitCode::kUsage)
                .find("no run has the field 'injection.conditoin', did you mean 'injection.condition'?"),
            std::string::npos);
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

TEST(ReportAggregate, an_arm_that_is_told_the_answer_is_never_called_best) {
  const TemporaryFolder results;
  for (const std::int64_t seed : {1, 2, 3}) {
    write_synthetic_run(results.path(), {.condition = "none", .seed = seed, .skill = 0.0, .songs = 40});
    write_synthetic_run(results.path(), {.condition = "mode", .seed = seed, .skill = 0.9, .songs = 40});
    write_synthetic_run(results.path(), {.condition = "labels", .seed = seed, .skill = 1.0, .songs = 40});
  }
  const std::string notes = all_notes(aggregate_in_place(results.path()).table);
  EXPECT_NE(notes.find("Best: condition=mode, "), std::string::npos) << notes;
  EXPECT_NE(notes.find("confidence set of the 2 arms that are not told the answer."), std::string::npos)
      << notes;
}

TEST(ReportAggregate, a_split_that_shares_songs_says_so) {
  const TemporaryFolder results;
  write_synthetic_run(results.path(), {.split = "midibert"});
  EXPECT_NE(all_notes(aggregate_in_place(results.path()).table).find("its parts share songs"),
            std::string::npos);
}

}  // namespace
}  // namespace mofi
