#include <map>
#include <string_view>

#include "report/table.h"

namespace mofi {
namespace {

/// Letters that LaTeX reads otherwise, and those that fonts of its default encoding lack.
const std::map<std::string_view, std::string_view>& replacements() {
  static const std::map<std::string_view, std::string_view> all = {{"\\", "\\textbackslash{}"},
                                                                   {"&", "\\&"},
                                                                   {"%", "\\%"},
                                                                   {"$", "\\$"},
                                                                   {"#", "\\#"},
                                                                   {"_", "\\_"},
                                                                   {"{", "\\{"},
                                                                   {"}", "\\}"},
                                                                   {"~", "\\textasciitilde{}"},
                                                                   {"^", "\\textasciicircum{}"},
                                                                   {"–", "--"},
                                                                   {"…", "\\dots{}"},
                                                                   {"±", "$\\pm$"},
                                                                   {"≤", "$\\le$"},
                                                                   {"<", "$<$"},
                                                                   {">", "$>$"},
                                                                   {"\"", "''"},
                                                                   {"×", "$\\times$"},
                                                                   {"→", "$\\to$"}};
  return all;
}

std::size_t bytes_of_letter(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::string latex_text(const std::string& text) {
  std::string escaped;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view letter = std::string_view(text).substr(at, bytes_of_letter(text[at]));
    const auto replacement = replacements().find(letter);
    escaped += replacement == replacements().end() ? letter : replacement->second;
    at += letter.size();
  }
  return escaped;
}

std::string latex_row(const std::vector<std::string>& cells) {
  std::string line = " ";
  for (std::size_t c = 0; c < cells.size(); ++c) line += (c > 0 ? " & " : " ") + latex_text(cells[c]);
  return line + " \\\\\n";
}

}  // namespace

std::string to_latex(const Table& table) {
  std::string letters;
  std::vector<std::string> header;
  for (const Column& column : table.columns) {
    letters += column.align == Align::kLeft ? 'l' : 'r';
    header.push_back(column.name);
  }
  std::string text = "% \\usepackage{booktabs,graphicx}\n\\begin{table}\n  \\centering\n";
  if (!table.title.empty()) text += "  \\caption{" + latex_text(table.title) + "}\n";
  text += "  \\resizebox{\\linewidth}{!}{%\n  \\begin{tabular}{" + letters + "}\n  \\toprule\n";
  text += latex_row(header) + "  \\midrule\n";
  for (const auto& row : table.rows) text += latex_row(row);
  text += "  \\bottomrule\n  \\end{tabular}}\n";
  for (const std::string& note : table.notes)
    text += "  \\par\\smallskip\\parbox{\\linewidth}{\\footnotesize " + latex_text(note) + "}\n";
  return text + "\\end{table}\n";
}

}  // namespace mofi
