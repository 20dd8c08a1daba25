#include "report/figures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/error.h"
#include "plots/draw.h"
#include "refusal.h"
#include "report/aggregate.h"
#include "report/findings.h"
#include "report/halves.h"
#include "report/series.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

AblationOptions quick() {
  AblationOptions options;
  options.bootstrap.resamples = 400;
  return options;
}

/// none, and these conditions at so many sites, so many seeds each.
void write_sweep(const std::filesystem::path& results, int sites, int seeds,
                 const std::vector<std::string>& conditions = {"constant", "mode"}) {
  for (int seed = 1; seed <= seeds; ++seed) {
    write_synthetic_run(results, {.condition = "none", .seed = seed, .skill = 0.3});
    for (const std::string& condition : conditions)
      for (int site = 0; site < sites; ++site)
        write_synthetic_run(results, {.condition = condition, .site = site, .seed = seed, .skill = 0.5});
  }
}

const Figure& named(const std::vector<Figure>& figures, const std::string& name) {
  const auto found =
      std::find_if(figures.begin(), figures.end(), [&](const Figure& figure) { return figure.name == name; });
  if (found == figures.end()) throw std::runtime_error("no figure " + name);
  return *found;
}

bool has(const std::vector<Figure>& figures, const std::string& name) {
  return std::any_of(figures.begin(), figures.end(),
                     [&](const Figure& figure) { return figure.name == name; });
}

const std::string& cell(const Figure& figure, std::size_t row, const std::string& column) {
  const auto at = std::find(figure.columns.begin(), figure.columns.end(), column);
  if (at == figure.columns.end()) throw std::runtime_error("no column " + column);
  return figure.rows.at(row).at(static_cast<std::size_t>(at - figure.columns.begin()));
}

double number(const Figure& figure, std::size_t row, const std::string& column) {
  return std::stod(cell(figure, row, column));
}

struct Made {
  AggregatedRuns aggregated;
  std::vector<Figure> figures;
};

Made figures_in(const std::filesystem::path& results) {
  Made made{aggregated_runs(results, quick()), {}};
  made.figures = figures_of(made.aggregated.all.front(), made.aggregated.runs, quick());
  return made;
}

TEST(ReportFigures, curves_by_site_are_the_numbers_of_the_table) {
  const TemporaryFolder results;
  write_sweep(results.path(), 3, 4);
  const Made made = figures_in(results.path());
  const Ablation& ablation = made.aggregated.all.front().ablation;
  const Figure& figure = named(made.figures, "accuracy_by_site");
  ASSERT_EQ(figure.rows.size(), 7U);  // and none, in which all curves stand
  std::size_t row = 0;
  for (const ArmSeries& series : series_along(ablation, kSiteField)) {
    ASSERT_EQ(series.points.size(), 3U);
    for (const auto& [site, arm] : series.points) {
      const ArmResult& result = ablation.results[arm];
      EXPECT_EQ(cell(figure, row, "series"), series.name);
      EXPECT_EQ(number(figure, row, "site"), site);
      EXPECT_NEAR(number(figure, row, "accuracy"), 100 * result.accuracy.mean, 0.0051);
      EXPECT_NEAR(number(figure, row, "accuracy_low"), 100 * result.accuracy_interval.low, 0.0051);
      EXPECT_NEAR(number(figure, row, "accuracy_high"), 100 * result.accuracy_interval.high, 0.0051);
      EXPECT_NEAR(number(figure, row, "valence"), 100 * result.valence_accuracy.mean, 0.0051);
      EXPECT_NEAR(number(figure, row, "arousal"), 100 * result.arousal_accuracy.mean, 0.0051);
      EXPECT_LT(number(figure, row, "valence_low"), number(figure, row, "valence"));
      EXPECT_GT(number(figure, row, "arousal_high"), number(figure, row, "arousal"));
      ++row;
    }
  }
  EXPECT_EQ(cell(figure, row, "series"), "none");
  EXPECT_EQ(cell(figure, row, "site"), "");
  EXPECT_NE(figure.caption.find("36 clips of 12 songs, 4 seeds"), std::string::npos) << figure.caption;
}

TEST(ReportFigures, differences_by_site_are_the_numbers_of_the_comparisons) {
  const TemporaryFolder results;
  write_sweep(results.path(), 2, 4);
  const Made made = figures_in(results.path());
  const Ablation& ablation = made.aggregated.all.front().ablation;
  const Figure& figure = named(made.figures, "difference_by_site");
  std::size_t row = 0;
  for (const ArmSeries& series : series_along(ablation, kSiteField))
    for (const auto& [site, arm] : series.points) {
      const ArmResult &result = ablation.results[arm], &none = ablation.results[*series.baseline];
      const ArmComparison& c = ablation.comparisons[*result.difference];
      EXPECT_NEAR(number(figure, row, "difference"), 100 * c.of.difference.value, 0.0051);
      EXPECT_NEAR(number(figure, row, "difference_low"), 100 * c.of.difference.interval.low, 0.0051);
      EXPECT_NEAR(number(figure, row, "valence"),
                  100 * (result.valence_accuracy.mean - none.valence_accuracy.mean), 0.0051);
      EXPECT_NEAR(number(figure, row, "arousal"),
                  100 * (result.arousal_accuracy.mean - none.arousal_accuracy.mean), 0.0051);
      EXPECT_EQ(cell(figure, row, "told"), c.holm < 0.05 ? "1" : "0");
      ++row;
    }
  EXPECT_EQ(row, figure.rows.size());
}

TEST(ReportFigures, halves_of_an_arm_that_lacks_runs_are_compared_over_the_runs_that_both_have) {
  const TemporaryFolder results;
  for (const int seed : {1, 2})
    for (const int fold : {0, 1, 2}) {
      write_synthetic_run(results.path(), {.condition = "none", .seed = seed, .fold = fold, .skill = 0.3});
      if (seed == 1 || fold == 0)
        write_synthetic_run(results.path(), {.condition = "mode", .seed = seed, .fold = fold, .skill = 0.6});
    }
  const AggregatedRuns aggregated = aggregated_runs(results.path(), quick());
  const Ablation& ablation = aggregated.all.front().ablation;
  ASSERT_EQ(ablation.set.arms.size(), 2U);
  const Arm &mode = ablation.set.arms[0].cells[0] == "mode" ? ablation.set.arms[0] : ablation.set.arms[1],
            &none = ablation.set.arms[0].cells[0] == "mode" ? ablation.set.arms[1] : ablation.set.arms[0];
  const auto difference =
      half_difference(mode, none, Half::kValence, aggregated.runs.names, ablation.scoring, {});
  ASSERT_TRUE(difference.has_value());
  double expected = 0;
  for (const int seed : {1, 2}) {
    double gain = 0, clips = 0;
    for (const Arm* arm : {&mode, &none})
      for (const auto* run : arm->runs) {
        if (run->seed != seed || (seed == 2 && run->fold != 0)) continue;
        for (const PieceOutcome& o : run->outcomes) {
          if (aggregated.runs.names.name(o.split) != "test") continue;
          const bool right = high_valence(o.label) == high_valence(o.predicted);
          gain += (arm == &mode ? 1 : -1) * (right ? 1 : 0);
          clips += 0.5;
        }
      }
    expected += gain / clips / 2;
  }
  EXPECT_NEAR(difference->value, expected, 1e-12);
}

TEST(ReportFigures, seven_conditions_are_two_figures) {
  const TemporaryFolder results;
  write_sweep(results.path(), 1, 2, {"a", "b", "c", "d", "e", "f", "g"});
  const Made made = figures_in(results.path());
  EXPECT_EQ(named(made.figures, "accuracy_by_site").rows.size(), 7U);  // six and none
  EXPECT_EQ(named(made.figures, "accuracy_by_site_2").rows.size(), 2U);
  EXPECT_FALSE(has(made.figures, "site_by_condition"));  // of one site there is no map
}

TEST(ReportFigures, the_map_has_a_cell_for_every_site_of_every_condition) {
  const TemporaryFolder results;
  write_sweep(results.path(), 3, 2);
  const Made made = figures_in(results.path());
  const Figure& map = named(made.figures, "site_by_condition");
  EXPECT_EQ(map.rows.size(), 6U);
  std::set<std::pair<std::string, std::string>> places;
  for (std::size_t row = 0; row < map.rows.size(); ++row) {
    places.insert({cell(map, row, "row"), cell(map, row, "column")});
    EXPECT_NEAR(std::stod(cell(map, row, "cell")), number(map, row, "accuracy"), 0.051);
  }
  EXPECT_EQ(places.size(), 6U);
}

TEST(ReportFigures, a_row_of_a_confusion_matrix_is_all_clips_of_its_label) {
  const TemporaryFolder results;
  write_sweep(results.path(), 8, 2);
  const Made made = figures_in(results.path());
  const Figure& figure = named(made.figures, "confusion");
  ASSERT_EQ(figure.rows.size(), 12U * 16);  // twelve of seventeen arms
  EXPECT_NE(figure.caption.find("12 of 17 arms"), std::string::npos) << figure.caption;
  double percent = 0, clips = 0;
  for (std::size_t row = 0; row < 4; ++row) {
    percent += number(figure, row, "percent");
    clips += number(figure, row, "clips");
  }
  EXPECT_NEAR(percent, 100, 0.03);
  EXPECT_EQ(clips, 18);  // 9 clips of Q1, two seeds
  std::set<std::string> arms;
  for (std::size_t row = 0; row < 3 * 16; ++row) arms.insert(cell(figure, row, "arm"));
  EXPECT_EQ(arms, (std::set<std::string>{"none", "constant site=0", "mode site=0"}));
}

TEST(ReportFigures, the_mosaic_counts_every_clip_once_whatever_the_number_of_runs) {
  const TemporaryFolder results;
  write_sweep(results.path(), 2, 3);
  const Made made = figures_in(results.path());
  const Figure& figure = named(made.figures, "mode_by_quadrant");
  const Predictions clips = synthetic_predictions({});
  std::map<std::pair<std::string, std::string>, int> expected;
  for (std::size_t row = 0; row < clips.rows(); row += 2) {
    const std::uint8_t mode = clips.mode[clips.piece[row]];
    ++expected[{"Q" + std::to_string(clips.label[row] + 1), mode == 0   ? "major"
                                                            : mode == 1 ? "minor"
                                                                        : "undefined"}];
  }
  std::map<std::pair<std::string, std::string>, int> drawn;
  for (std::size_t row = 0; row < figure.rows.size(); ++row)
    drawn[{cell(figure, row, "quadrant"), cell(figure, row, "mode")}] = std::stoi(cell(figure, row, "clips"));
  EXPECT_EQ(drawn, expected);
  EXPECT_NEAR(number(figure, figure.rows.size() - 1, "x_high"), 100, 1e-2);
}

TEST(ReportFigures, learning_curves_are_means_with_the_lowest_and_highest_run) {
  const TemporaryFolder results;
  for (const int seed : {1, 2}) {
    const auto folder = write_synthetic_run(results.path(), {.condition = "none", .seed = seed});
    RunRecord record = read_run_record(folder);
    record.history = Json::array();
    for (int epoch = 1; epoch <= 1 + seed; ++epoch)  // one stops early
      record.history.push_back(
          {{"epoch", epoch}, {"loss", 1.0 / epoch + 0.1 * seed}, {"valid", {{"accuracy", 0.1 * epoch}}}});
    write_run_record(folder, record);
  }
  const Made made = figures_in(results.path());
  const Figure& figure = named(made.figures, "learning");
  ASSERT_EQ(figure.rows.size(), 3U);
  EXPECT_NEAR(number(figure, 0, "loss"), 1.15, 1e-4);
  EXPECT_NEAR(number(figure, 0, "loss_low"), 1.1, 1e-4);
  EXPECT_NEAR(number(figure, 0, "loss_high"), 1.2, 1e-4);
  EXPECT_NEAR(number(figure, 1, "valid_accuracy"), 20, 1e-4);
  EXPECT_EQ(cell(figure, 1, "runs"), "2");
  EXPECT_EQ(cell(figure, 2, "runs"), "1");
}

TEST(ReportFigures, what_has_no_data_makes_no_figure) {
  const TemporaryFolder results;
  write_synthetic_run(results.path(), {});  // one run without injection, one epoch
  const Made made = figures_in(results.path());
  for (const std::string name :
       {"accuracy_by_site", "difference_by_site", "site_by_condition", "probing", "learning", "differences"})
    EXPECT_FALSE(has(made.figures, name)) << name;
  EXPECT_TRUE(has(made.figures, "confusion"));
  EXPECT_TRUE(figures_of_ranks(results.path()).empty());
}

TEST(ReportFigures, numbers_without_intervals_are_drawn_without_bars) {
  const TemporaryFolder results, plots;
  for (const char* condition : {"none", "constant", "mode"})  // one song says nothing of others
    for (const int site : {0, 1})
      if (site == 0 || std::string(condition) != "none")
        write_synthetic_run(results.path(), {.condition = condition, .site = site, .skill = 0.5, .songs = 1});
  const Made made = figures_in(results.path());
  EXPECT_EQ(cell(named(made.figures, "accuracy_by_site"), 0, "accuracy_low"), "");
  if (can_draw()) {
    EXPECT_EQ(draw(made.figures, plots.path()).size(), made.figures.size());
  }
}

TEST(ReportFigures, twelve_classes_fit_into_their_matrices) {
  const TemporaryFolder results, plots;
  const auto folder = write_synthetic_run(results.path(), {});
  RunRecord record = read_run_record(folder);
  Predictions predictions = synthetic_predictions({});
  predictions.classes = 12;
  predictions.logits.assign(predictions.rows() * 12, 0.0F);
  for (std::size_t row = 0; row < predictions.rows(); ++row) predictions.logits[12 * row + row / 2 % 12] = 1;
  record.predictions_sha256 = content_digest(predictions);
  std::filesystem::remove_all(folder);
  write_predictions(folder / kPredictionsFile, predictions);
  write_run_record(folder, record);
  const Made made = figures_in(results.path());
  EXPECT_EQ(named(made.figures, "confusion").rows.size(), 144U);
  EXPECT_GE(named(made.figures, "confusion").width, 12 * 26);
  EXPECT_FALSE(has(made.figures, "mode_by_quadrant"));
  if (can_draw()) {
    EXPECT_EQ(draw(made.figures, plots.path()).size(), made.figures.size());
  }
}

TEST(ReportFigures, probes_are_a_curve_by_state_and_minus_one_is_the_last) {
  const TemporaryFolder results;
  for (const int seed : {1, 2})
    for (const int state : {0, 1, -1}) {
      const SyntheticRun run{.condition = "none", .site = state + 5, .seed = seed, .skill = 0.4};
      const auto folder = write_synthetic_run(results.path(), run);
      RunRecord record = read_run_record(folder);
      record.config["head"] = {{"state", state}};
      record.config["injection"] = {{"condition", "none"}};
      write_run_record(folder, record);
    }
  const Made made = figures_in(results.path());
  const Figure& figure = named(made.figures, "probing");
  ASSERT_EQ(figure.rows.size(), 3U);
  for (const int row : {0, 1, 2})
    EXPECT_EQ(number(figure, static_cast<std::size_t>(row), "state"), row);  // of two layers
  EXPECT_EQ(cell(figure, 0, "series"), "probe");
}

TEST(ReportFigures, a_forest_has_the_differences_of_all_data_sets_and_parts_no_table_that_fits) {
  const TemporaryFolder results;
  for (const char* dataset : {"first", "second", "third"})
    for (const int seed : {1, 2})
      for (int arm = 0; arm <= 15; ++arm) {
        const SyntheticRun run{
            .condition = arm == 0 ? "none" : "mode", .site = std::max(0, arm - 1), .seed = seed};
        RunRecord record = synthetic_record(run);
        Predictions predictions = synthetic_predictions(run);
        predictions.dataset = dataset;
        record.run_id += std::string("-") + dataset;
        record.predictions_sha256 = content_digest(predictions);
        write_predictions(results / "runs" / record.run_id / kPredictionsFile, predictions);
        write_run_record(results / "runs" / record.run_id, record);
      }
  const AggregatedRuns aggregated = aggregated_runs(results.path(), quick());
  ASSERT_EQ(aggregated.all.size(), 3U);
  const std::vector<Figure> figures = figures_across(aggregated.all, quick());
  ASSERT_EQ(figures.size(), 2U);  // 45 rows, of which 40 would fit
  EXPECT_EQ(figures[0].rows.size(), 30U);
  EXPECT_EQ(figures[1].rows.size(), 15U);
  EXPECT_EQ(cell(figures[1], 0, "table"), "third");
  const Ablation& third = aggregated.all[2].ablation;
  for (std::size_t row = 0, i = 0; row < 15; ++row, ++i) {
    while (!third.results[i].difference) ++i;
    EXPECT_NEAR(number(figures[1], row, "difference"),
                100 * third.comparisons[*third.results[i].difference].of.difference.value, 0.0051);
  }
}

constexpr const char* kTrace = R"({"traceEvents": [
  {"name": "thread_name", "ph": "M", "pid": 0, "tid": 0, "args": {"name": "training"}},
  {"name": "thread_name", "ph": "M", "pid": 0, "tid": 1, "args": {"name": "reductions"}},
  {"name": "step 1", "ph": "X", "pid": 0, "tid": 0, "ts": 1000, "dur": 10000},
  {"name": "backward begins", "ph": "i", "pid": 0, "tid": 0, "ts": 2000, "s": "t"},
  {"name": "backward", "ph": "X", "pid": 0, "tid": 0, "ts": 2000, "dur": 8000},
  {"name": "all-reduce", "ph": "X", "pid": 0, "tid": 1, "ts": 4000, "dur": 3000, "args": {"bytes": 1024}},
  {"name": "all-reduce", "ph": "X", "pid": 0, "tid": 1, "ts": 8000, "dur": 1000, "args": {"bytes": 512}}]})";

TEST(ReportFigures, a_trace_is_a_time_line_that_says_how_much_of_the_reductions_is_hidden) {
  const TemporaryFolder results;
  results.write("trace1.json", kTrace);
  const std::vector<Figure> figures = figures_of_ranks(results.path());
  ASSERT_EQ(figures.size(), 1U);
  ASSERT_EQ(figures[0].rows.size(), 3U);
  EXPECT_EQ(figures[0].name, "time_line_trace1");
  EXPECT_EQ(cell(figures[0], 0, "kind"), "backward");
  EXPECT_EQ(number(figures[0], 0, "begin_ms"), 1);
  EXPECT_EQ(number(figures[0], 1, "end_ms"), 6);
  EXPECT_EQ(cell(figures[0], 1, "bytes"), "1024");
  EXPECT_NE(figures[0].caption.find(" 75 % "), std::string::npos) << figures[0].caption;  // 3 of 4 ms
}

TEST(ReportFigures, what_is_called_a_trace_and_is_none_is_refused_by_name) {
  const TemporaryFolder results;
  results.write("trace.json", "[1, 2]");
  EXPECT_NE(refusal_of([&] { figures_of_ranks(results.path()); }, ExitCode::kData).find("trace.json"),
            std::string::npos);
}

TEST(ReportFigures, rates_stand_beside_what_no_loss_would_give) {
  const TemporaryFolder results;
  results.write("scaling.csv", "series,ranks,rate,unit\nmini,2,150,words/s\nmini,1,100,words/s\n");
  const std::vector<Figure> figures = figures_of_ranks(results.path());
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(number(figures[0], 0, "ideal"), 200);
  EXPECT_EQ(number(figures[0], 1, "ideal"), 100);
  results.write("scaling.csv", "series,ranks,rate,unit\nmini,2,fast,words/s\n");
  EXPECT_NE(refusal_of([&] { figures_of_ranks(results.path()); }, ExitCode::kData).find("scaling.csv:2"),
            std::string::npos);
}

TEST(ReportFindings, of_many_sites_none_is_picked_out_and_intervals_are_always_there) {
  const TemporaryFolder results;
  write_sweep(results.path(), 3, 3, {"mode"});
  const AggregatedRuns aggregated = aggregated_runs(results.path(), quick());
  const std::vector<std::string> sentences = findings(aggregated.all.front(), quick());
  ASSERT_EQ(sentences.size(), 2U);
  EXPECT_EQ(sentences[0].find("site="), std::string::npos) << sentences[0];
  EXPECT_EQ(sentences[0].find("mode at 3 sites: "), 0U) << sentences[0];
  EXPECT_NE(sentences[0].find("95 % interval"), std::string::npos) << sentences[0];
  EXPECT_NE(sentences[0].find("36 clips of 12 songs, 3 seeds"), std::string::npos) << sentences[0];
  EXPECT_TRUE(sentences[1].starts_with("No arm is called best") || sentences[1].starts_with("Best: "))
      << sentences[1];
}

}  // namespace
}  // namespace mofi
