#include "report/table.h"

#include <gtest/gtest.h>

#include "report/flat_config.h"
#include "report/unfinished.h"

namespace mofi {
namespace {

Table sample() {
  return {"Layers",
          {{"condition", Align::kLeft}, {"accuracy"}},
          {{"none", "51.9 ± 1.4"}, {"mode|all", "–"}},
          {"A note that is so long that it must be broken into two lines."}};
}

TEST(ReportTable, a_terminal_sees_aligned_columns_and_wrapped_notes) {
  EXPECT_EQ(to_terminal(sample(), 40),
            "Layers\n"
            "\n"
            "condition    accuracy\n"
            "─────────  ──────────\n"
            "none       51.9 ± 1.4\n"
            "mode|all            –\n"
            "\n"
            "A note that is so long that it must be\n"
            "  broken into two lines.\n");
}

TEST(ReportTable, markdown_escapes_pipes_and_reads_as_text) {
  EXPECT_EQ(to_markdown(sample()),
            "## Layers\n"
            "\n"
            "| condition |   accuracy |\n"
            "|:----------|-----------:|\n"
            "| none      | 51.9 ± 1.4 |\n"
            "| mode\\|all |          – |\n"
            "\n"
            "* A note that is so long that it must be broken into two lines.\n");
}

TEST(ReportTable, csv_quotes_what_it_must) {
  Table table = sample();
  table.rows.push_back({"a,b", "say \"so\""});
  EXPECT_EQ(to_csv(table), "condition,accuracy\nnone,51.9 ± 1.4\nmode|all,–\n\"a,b\",\"say \"\"so\"\"\"\n");
}

TEST(ReportFlatConfig, nested_fields_become_dotted_paths_in_their_order) {
  const FlatConfig flat =
      flatten({{"seed", 3}, {"data", {{"split", "song"}, {"evaluate", {"valid", "test"}}}}, {"rate", 5e-4}});
  EXPECT_EQ(flat.order, (std::vector<std::string>{"seed", "data.split", "data.evaluate", "rate"}));
  EXPECT_EQ(flat.get("seed"), "3");
  EXPECT_EQ(flat.get("data.split"), "song");
  EXPECT_EQ(flat.get("data.evaluate"), R"(["valid","test"])");
  EXPECT_EQ(flat.get("rate"), "0.0005");
  EXPECT_EQ(flat.get("absent", "–"), "–");
}

TEST(ReportFlatConfig, names_are_short_unless_they_would_clash) {
  EXPECT_EQ(short_names({"injection.site", "model.size", "seed"}),
            (std::vector<std::string>{"site", "size", "seed"}));
  EXPECT_EQ(short_names({"head.size", "model.size"}), (std::vector<std::string>{"head.size", "model.size"}));
}

TEST(ReportFlatConfig, numbers_read_by_size_and_before_texts) {
  EXPECT_TRUE(reads_before("2", "10"));
  EXPECT_FALSE(reads_before("10", "2"));
  EXPECT_TRUE(reads_before("10", "none"));
  EXPECT_TRUE(reads_before("1e-4", "0.01"));
  EXPECT_TRUE(reads_before("mode", "none"));
  EXPECT_FALSE(reads_before("none", "none"));
}

TEST(ReportTable, latex_escapes_what_it_would_read_and_uses_booktabs) {
  Table table;
  table.title = "50 % of a_b";
  table.columns = {{"arm", Align::kLeft}, {"95 %"}};
  table.rows = {{"x & y", "1.0 ± 0.5 … 2"}};
  table.notes = {"p <.001 – #1"};
  EXPECT_EQ(to_latex(table), R"(% \usepackage{booktabs,graphicx}
\begin{table}
  \centering
  \caption{50 \% of a\_b}
  \resizebox{\linewidth}{!}{%
  \begin{tabular}{lr}
  \toprule
  arm & 95 \% \\
  \midrule
  x \& y & 1.0 $\pm$ 0.5 \dots{} 2 \\
  \bottomrule
  \end{tabular}}
  \par\smallskip\parbox{\linewidth}{\footnotesize p $<$.001 -- \#1}
\end{table}
)");
}

TEST(ReportTable, the_name_of_a_run_without_seed_and_fold_is_its_arms) {
  EXPECT_EQ(arm_part_of("runs/emopia_folds_mode_site1_fold0_seed2-1c60bd724a8e"), "emopia_folds_mode_site1");
  EXPECT_EQ(arm_part_of("runs/mode-site0-seed1-fold2"), "mode_site0");
  EXPECT_EQ(arm_part_of("seeded_foldable"), "seeded_foldable");
}

}  // namespace
}  // namespace mofi
