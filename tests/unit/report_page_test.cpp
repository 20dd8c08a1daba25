#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "report/html.h"
#include "report/report.h"
#include "synthetic_runs.h"

namespace mofi {
namespace {

AblationOptions quick() {
  AblationOptions options;
  options.bootstrap.resamples = 300;
  return options;
}

std::vector<SyntheticRun> small_sweep(const std::string& dataset = "synthetic") {
  std::vector<SyntheticRun> runs;
  for (const int seed : {1, 2}) {
    runs.push_back({.condition = "none", .seed = seed, .skill = 0.3, .dataset = dataset});
    for (const int site : {0, 1})
      runs.push_back({.condition = "mode", .site = site, .seed = seed, .skill = 0.6, .dataset = dataset});
  }
  return runs;
}

std::vector<std::string> matches(const std::string& text, const std::string& expression) {
  const std::regex wanted(expression);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at)
    found.push_back((*at)[1]);
  return found;
}

/// Without gnuplot in PATH for as long as it lives.
class NoGnuplot {
 public:
  NoGnuplot() : path_(std::getenv("PATH")) { setenv("PATH", folder_.path().c_str(), 1); }
  ~NoGnuplot() { setenv("PATH", path_.c_str(), 1); }
  NoGnuplot(const NoGnuplot&) = delete;
  NoGnuplot& operator=(const NoGnuplot&) = delete;

 private:
  TemporaryFolder folder_;
  std::string path_;
};

TEST(ReportHtml, cells_notes_and_links_are_escaped) {
  Table table;
  table.title = "a < b";
  table.columns = {{"<i>", Align::kLeft}, {"n"}};
  table.rows = {{"\"x\" & 'y'", "<1>"}};
  table.notes = {"</ul>"};
  const std::string text = to_html(table, {.links = {"#a\"b"}, .linked_column = "n"});
  EXPECT_EQ(text.find("<i>"), std::string::npos);
  EXPECT_EQ(text.find("<1>"), std::string::npos);
  EXPECT_NE(text.find("<caption>a &lt; b</caption>"), std::string::npos);
  EXPECT_NE(text.find("<th scope=\"row\"><a href=\"#a&quot;b\">&quot;x&quot; &amp; &#39;y&#39;</a></th>"),
            std::string::npos);
  EXPECT_NE(text.find("<td class=\"n\"><a href=\"#a&quot;b\">&lt;1&gt;</a></td>"), std::string::npos);
  EXPECT_NE(text.find("<li>&lt;/ul&gt;</li>"), std::string::npos);
}

TEST(ReportHtml, ids_of_pictures_are_their_own) {
  Figure figure;
  figure.title = "T & U";
  figure.text = "<numbers>";
  const std::string svg =
      "<?xml version=\"1.0\"?>\n<svg width=\"6\"\n viewBox=\"0 0 6 "
      "4\">\n<title>Gnuplot</title>\n<desc>by</desc>\n"
      "<g id='gpPt0' clip-path=\"url(#c)\"/><use xlink:href='#gpPt0'/></svg>\n";
  const std::string text = inline_svg(svg, "f7", figure);
  EXPECT_EQ(text.find("<?xml"), std::string::npos);
  EXPECT_EQ(text.find("Gnuplot"), std::string::npos);
  EXPECT_NE(text.find("id='f7-gpPt0'"), std::string::npos);
  EXPECT_NE(text.find("href='#f7-gpPt0'"), std::string::npos);
  EXPECT_NE(text.find("url(#f7-c)"), std::string::npos);
  EXPECT_NE(text.find("<title id=\"f7-title\">T &amp; U</title>"), std::string::npos);
  EXPECT_NE(text.find("&lt;numbers&gt;"), std::string::npos);
}

TEST(Report, every_row_leads_to_its_runs_and_every_id_is_there_once) {
  const TemporaryFolder results;
  for (const char* dataset : {"first", "second"})
    for (SyntheticRun run : small_sweep(dataset)) {
      run.tokens_sha256 = std::string(64, dataset[0]);
      const auto folder = write_synthetic_run(results.path(), run);
      std::filesystem::rename(folder, folder.string() + "-" + dataset);
    }
  const ReportSummary summary = report(results.path(), results.path(), quick());
  const std::string page = read_text(summary.page);
  const std::vector<std::string> ids = matches(page, "\\sid=[\"']([^\"']+)[\"']");
  const std::set<std::string> once(ids.begin(), ids.end());
  EXPECT_EQ(once.size(), ids.size());
  const std::vector<std::string> links = matches(page, "href=[\"']#([^\"']+)[\"']");
  for (const std::string& link : links) EXPECT_TRUE(once.contains(link)) << link;
  for (const char* runs : {"runs-0-0", "runs-0-2", "runs-1-0", "runs-1-2"})
    EXPECT_GE(std::count(links.begin(), links.end(), runs), 4)
        << runs;  // both tables, by row and by number of runs
  // What a number is made of: every run with its seed, config and predictions, and the data of its arm.
  for (const SyntheticRun& run : small_sweep("first"))
    EXPECT_NE(page.find(">" + run.id() + "<"), std::string::npos);
  EXPECT_NE(page.find(std::string(12, 'c') + "<"), std::string::npos);
  EXPECT_NE(page.find("tokens " + std::string(64, 's')), std::string::npos);
  EXPECT_NE(page.find("mofi test (commit 1234567)"), std::string::npos);
  EXPECT_EQ(matches(page, "(https?://)").size(), matches(page, "(http://www.w3.org/)").size())
      << "it needs the network";
}

TEST(Report, is_the_same_bytes_whatever_the_order_and_the_times_of_runs) {
  const TemporaryFolder first, second;
  std::vector<SyntheticRun> runs = small_sweep();
  for (const SyntheticRun& run : runs) write_synthetic_run(first.path(), run);
  std::reverse(runs.begin(), runs.end());
  for (const SyntheticRun& run : runs) write_synthetic_run(second.path(), run);
  RunRecord record = read_run_record(second / "runs/none-site0-seed1");
  record.timing["train_s"] = 77.0;
  record.provenance["host"] = "another";
  write_run_record(second / "runs/none-site0-seed1", record);
  report(first.path(), first.path(), quick());
  report(second.path(), second.path(), quick());
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(first.path()))
    if (const auto name = std::filesystem::relative(entry.path(), first.path());
        entry.is_regular_file() && !name.string().starts_with("runs/"))
      files.push_back(name);
  EXPECT_GE(files.size(), 18U);
  for (const auto& file : files)
    EXPECT_EQ(read_text(first.path() / file), read_text(second.path() / file)) << file;
}

TEST(Report, names_from_outside_never_become_markup) {
  const TemporaryFolder results;
  for (SyntheticRun run : small_sweep("<script>alert(1)</script>")) {
    const auto folder = write_synthetic_run(results.path(), run);
    RunRecord record = read_run_record(folder);
    record.config["training"]["note"] = "'\"<img src=x onerror=alert(2)>" + std::to_string(run.site);
    record.provenance["producer"] = "<b>made</b>";
    write_run_record(folder, record);
  }
  const std::string page = read_text(report(results.path(), results.path(), quick()).page);
  for (const char* markup : {"<script>alert", "<img", "<b>made"})
    EXPECT_EQ(page.find(markup), std::string::npos) << markup;
}

TEST(Report, without_gnuplot_tables_page_and_scripts_are_there_all_the_same) {
  const TemporaryFolder results;
  for (const SyntheticRun& run : small_sweep()) write_synthetic_run(results.path(), run);
  const NoGnuplot none;
  const ReportSummary summary = report(results.path(), results.path(), quick());
  ASSERT_TRUE(summary.no_plots.has_value());
  EXPECT_EQ(summary.no_plots->code(), ExitCode::kMissing);
  EXPECT_EQ(summary.plots, 0U);
  EXPECT_TRUE(std::filesystem::exists(results / "tables/ablation.md"));
  EXPECT_TRUE(std::filesystem::exists(results / "plots/accuracy_by_site.gp"));
  EXPECT_FALSE(std::filesystem::exists(results / "plots/accuracy_by_site.svg"));
  const std::string page = read_text(summary.page);
  EXPECT_NE(page.find("gnuplot-nox"), std::string::npos);
  EXPECT_NE(page.find("<figcaption>"), std::string::npos);
}

TEST(Report, a_file_that_is_no_trace_takes_no_other_plot_away) {
  const TemporaryFolder results;
  for (const SyntheticRun& run : small_sweep()) write_synthetic_run(results.path(), run);
  results.write("trace.json", "{}");
  const ReportSummary summary = report(results.path(), results.path(), quick());
  ASSERT_TRUE(summary.no_plots.has_value());
  EXPECT_TRUE(std::filesystem::exists(summary.page));
  EXPECT_TRUE(std::filesystem::exists(results / "plots/confusion.csv"));
}

}  // namespace
}  // namespace mofi
