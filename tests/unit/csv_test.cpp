#include "core/csv.h"

#include <gmock/gmock.h>

#include "refusal.h"

namespace mofi {
namespace {

TEST(Csv, quotes_commas_and_line_ends_inside_cells_are_read) {
  const CsvTable table = parse_csv(
      "\xEF\xBB\xBF"
      "file,label\r\n\"a, \"\"b\"\"\n.mid\",Q1\r\n\r\nc.mid,\n",
      "t.csv");
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0].cells[0], "a, \"b\"\n.mid");
  EXPECT_EQ(table.rows[1].cells[1], "");
  EXPECT_EQ(table.where(table.rows[1]), "t.csv:5");
}

TEST(Csv, what_is_no_table_is_refused_with_its_line) {
  for (const char* text : {"", "a,b\n1\n", "a\n\"open\n", "a\nx\"y\n", "a\n\"x\"y\n"})
    EXPECT_THROW(parse_csv(text, "t.csv"), Error) << text;
}

TEST(Csv, latin_1_is_refused_with_its_line) {
  EXPECT_EQ(refusal_of([] { parse_csv("file,label\n\"a\nb\",Q1\r\ncaf\xE9.mid,Q1\n", "t.csv"); }),
            "t.csv:4: expected UTF-8, found the byte 0xe9; save the file as UTF-8");
  EXPECT_EQ(refusal_of([] { parse_csv("caf\u00e9\ncaf\u00e9\n", "t.csv"); }), "");
}

TEST(Csv, a_last_row_of_one_quoted_empty_cell_counts_without_a_line_end_too) {
  EXPECT_EQ(parse_csv("file\n\"\"\n", "t.csv").rows.size(), 1U);
  EXPECT_EQ(parse_csv("file\n\"\"", "t.csv").rows.size(), 1U);
}

TEST(Csv, a_missing_column_is_named_with_those_that_are_there) {
  try {
    parse_csv("file,label\n", "t.csv").column("group");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "t.csv: has no column 'group'; its columns, parted by commas, are file, label");
  }
}

TEST(Csv, a_cell_that_was_quoted_reads_back) {
  const std::string text = "a,\"b\"\nc";
  EXPECT_EQ(parse_csv("h\n" + csv_cell(text) + "\n", "t").rows[0].cells[0], text);
}

}  // namespace
}  // namespace mofi
