#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/csv.h"
#include "core/files.h"
#include "plots/draw.h"
#include "refusal.h"
#include "temporary_folder.h"

namespace mofi {
namespace {

Figure small_figure(const std::string& series = "mode") {
  Figure figure;
  figure.name = "small";
  figure.title = "A small figure";
  figure.columns = {"series", "x", "y"};
  figure.rows = {{series, "0", "1"}, {series, "1", "3"}};
  figure.drawing = "plot data using (column('x')):(strcol('series') eq " + gnuplot_text(series) +
                   " ? column('y') : NaN) with linespoints " + series_style(0) + " title " +
                   gnuplot_text(series) + "\n";
  return figure;
}

TEST(Plots, a_text_is_one_text_of_the_script_whatever_is_in_it) {
  EXPECT_EQ(gnuplot_text("mode"), "'mode'");
  EXPECT_EQ(gnuplot_text("it's"), "'it’s'");
  EXPECT_EQ(gnuplot_text("a\nb\"c"), "'a b’c'");
}

TEST(Plots, data_are_csv_that_gnuplot_reads_and_so_do_others) {
  Figure figure = small_figure("one, two \"three\"\nfour");
  const CsvTable table = parse_csv(data_of(figure), "small.csv");
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.columns, figure.columns);
  EXPECT_EQ(table.rows[0].cells[0], "one, two ’three’ four");
  EXPECT_EQ(table.rows[1].cells[2], "3");
}

TEST(Plots, six_series_differ_in_colour_and_in_marker) {
  std::set<std::string> colours, markers;
  for (std::size_t i = 0; i < kSeriesStyles; ++i) {
    const std::string style = series_style(i);
    colours.insert(style.substr(0, style.find(" dt")));
    markers.insert(style.substr(style.find(" pt ")));
    EXPECT_NE(series_style(i, false), style);
  }
  EXPECT_EQ(colours.size(), kSeriesStyles);
  EXPECT_EQ(markers.size(), kSeriesStyles);
}

TEST(Plots, a_pdf_loses_its_date_and_nothing_else_moves) {
  const std::string pdf = "%PDF<< /Creator (cairo)\n   /CreationDate (D:20261123234947Z)\n>>\nstartxref 12";
  const std::string without = without_date(pdf);
  EXPECT_EQ(without.size(), pdf.size());
  EXPECT_EQ(without.find("2026"), std::string::npos);
  EXPECT_EQ(without.find("startxref"), pdf.find("startxref"));
  EXPECT_EQ(without_date("no date"), "no date");
}

TEST(Plots, drawn_again_a_second_later_they_are_the_same_bytes) {
  if (!can_draw()) GTEST_SKIP() << "no gnuplot";
  const TemporaryFolder first, second;
  const std::vector<std::string> svg = draw({small_figure()}, first.path());
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // the date that cairo writes is in seconds
  draw({small_figure()}, second.path());
  ASSERT_EQ(svg.size(), 1U);
  EXPECT_EQ(svg.front(), read_text(first / "small.svg"));
  for (const std::string ending : {"csv", "gp", "svg", "pdf", "png"})
    EXPECT_EQ(read_text(first / ("small." + ending)), read_text(second / ("small." + ending))) << ending;
  EXPECT_EQ(read_text(first / "small.pdf").substr(0, 5), "%PDF-");
  EXPECT_EQ(read_text(first / "small.png").substr(1, 3), "PNG");
}

TEST(Plots, the_script_draws_the_same_picture_in_its_folder_by_itself) {
  if (!can_draw()) GTEST_SKIP() << "no gnuplot";
  const TemporaryFolder folder;
  draw({small_figure()}, folder.path());
  const std::string svg = read_text(folder / "small.svg");
  std::filesystem::remove(folder / "small.svg");
  ASSERT_EQ(std::system(("cd '" + folder.path().string() + "' && gnuplot small.gp").c_str()), 0);
  EXPECT_EQ(read_text(folder / "small.svg"), svg);
}

TEST(Plots, a_name_of_a_series_is_never_a_command) {
  if (!can_draw()) GTEST_SKIP() << "no gnuplot";
  const TemporaryFolder folder;
  const std::string mark = (folder / "mark").string();
  draw({small_figure("'; system('touch " + mark + "'); `touch " + mark + "` @x # <b>&\\")}, folder.path());
  EXPECT_FALSE(std::filesystem::exists(mark));
  EXPECT_EQ(read_text(folder / "small.svg").find("<b>"), std::string::npos);
}

TEST(Plots, what_gnuplot_does_not_understand_is_told_with_its_line) {
  if (!can_draw()) GTEST_SKIP() << "no gnuplot";
  const TemporaryFolder folder;
  Figure figure = small_figure();
  figure.drawing = "plot nonsense nonsense\n";
  const std::string sentence = refusal_of([&] { draw({figure}, folder.path()); }, ExitCode::kInternal);
  EXPECT_NE(sentence.find("small.gp"), std::string::npos) << sentence;
  EXPECT_FALSE(std::filesystem::exists(folder / "small.svg"));
}

TEST(Plots, without_gnuplot_it_says_what_to_install) {
  const TemporaryFolder folder;
  const std::string path = std::getenv("PATH");
  setenv("PATH", folder.path().c_str(), 1);
  EXPECT_FALSE(can_draw());
  const std::string sentence = refusal_of([&] { draw({small_figure()}, folder.path()); }, ExitCode::kMissing);
  setenv("PATH", path.c_str(), 1);
  EXPECT_NE(sentence.find("gnuplot-nox"), std::string::npos) << sentence;
}

}  // namespace
}  // namespace mofi
