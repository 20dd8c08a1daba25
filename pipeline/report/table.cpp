#include "report/table.h"

#include <algorithm>

#include "core/csv.h"

namespace mofi {
namespace {

/// Letters, as a terminal shows them: UTF-8 continuation bytes take no place.
std::size_t display_width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

std::string repeated(const std::string& text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

std::string padded(const std::string& text, std::size_t width, Align align) {
  const std::size_t used = display_width(text);
  const std::string space(used < width ? width - used : 0, ' ');
  return align == Align::kLeft ? text + space : space + text;
}

using Cells = std::vector<std::string>;

Cells header_of(const Table& table) {
  Cells names;
  for (const Column& column : table.columns) names.push_back(column.name);
  return names;
}

std::vector<std::size_t> column_widths(const Cells& header, const std::vector<Cells>& rows,
                                       std::size_t least) {
  std::vector<std::size_t> widths;
  for (std::size_t c = 0; c < header.size(); ++c) {
    std::size_t width = std::max(least, display_width(header[c]));
    for (const Cells& row : rows) width = std::max(width, display_width(row[c]));
    widths.push_back(width);
  }
  return widths;
}

std::string aligned_line(const Table& table, const Cells& cells, const std::vector<std::size_t>& widths,
                         const std::string& between) {
  std::string line;
  for (std::size_t c = 0; c < cells.size(); ++c)
    line += (c > 0 ? between : "") + padded(cells[c], widths[c], table.columns[c].align);
  return line;
}

std::string without_trailing_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// Breaks a sentence at spaces; following lines are indented by two.
std::string wrapped(const std::string& text, std::size_t width) {
  std::string result, line;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && display_width(line) + 1 + display_width(word) > width) {
      result += line + "\n";
      line = "  " + word;
    } else {
      line += (line.empty() ? "" : " ") + word;
    }
    at = end + 1;
  }
  return result + line + "\n";
}

/// A pipe would end the cell, and a line break the row.
std::string markdown_cell(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '|') escaped += '\\';
    escaped += letter == '\n' ? ' ' : letter;
  }
  return escaped;
}

}  // namespace

std::string to_terminal(const Table& table, std::size_t width) {
  const Cells header = header_of(table);
  const std::vector<std::size_t> widths = column_widths(header, table.rows, 1);
  Cells rules;
  for (const std::size_t column : widths) rules.push_back(repeated("─", column));

  std::string text = table.title.empty() ? "" : table.title + "\n\n";
  const auto add_line = [&](const Cells& cells) {
    text += without_trailing_spaces(aligned_line(table, cells, widths, "  ")) + "\n";
  };
  add_line(header);
  add_line(rules);
  for (const Cells& row : table.rows) add_line(row);
  if (!table.notes.empty()) text += "\n";
  for (const std::string& note : table.notes) text += wrapped(note, width);
  return text;
}

std::string to_markdown(const Table& table) {
  const auto escape = [](Cells cells) {
    std::transform(cells.begin(), cells.end(), cells.begin(), markdown_cell);
    return cells;
  };
  const Cells header = escape(header_of(table));
  std::vector<Cells> rows;
  for (const Cells& row : table.rows) rows.push_back(escape(row));
  const std::vector<std::size_t> widths = column_widths(header, rows, 3);

  std::string text = table.title.empty() ? "" : "## " + table.title + "\n\n";
  const auto add_line = [&](const Cells& cells) {
    text += "| " + aligned_line(table, cells, widths, " | ") + " |\n";
  };
  add_line(header);
  text += "|";
  for (std::size_t c = 0; c < widths.size(); ++c) {
    const std::string dashes(widths[c] + 1, '-');
    text += table.columns[c].align == Align::kLeft ? ":" + dashes + "|" : dashes + ":|";
  }
  text += "\n";
  for (const Cells& row : rows) add_line(row);
  if (!table.notes.empty()) text += "\n";
  for (const std::string& note : table.notes) text += "* " + note + "\n";
  return text;
}

std::string to_csv(const Table& table) {
  std::string text;
  const auto add_line = [&text](const Cells& cells) {
    for (std::size_t c = 0; c < cells.size(); ++c) text += (c > 0 ? "," : "") + csv_cell(cells[c]);
    text += "\n";
  };
  add_line(header_of(table));
  for (const Cells& row : table.rows) add_line(row);
  return text;
}

}  // namespace mofi
