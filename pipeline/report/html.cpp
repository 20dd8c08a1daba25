#include "report/html.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace mofi {
namespace {

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

std::string linked(const std::string& cell, const std::string& link) {
  return link.empty() ? html_text(cell)
                      : fmt::format("<a href=\"{}\">{}</a>", html_text(link), html_text(cell));
}

}  // namespace

std::string html_text(const std::string& text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char letter : text) switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += letter;
    }
  return safe;
}

std::string to_html(const Table& table, const HtmlTable& how) {
  std::string text = "<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"" +
                     html_text(how.caption.empty() ? table.title : how.caption) +
                     "\"><table class=\"sorts\">\n<caption>" +
                     html_text(how.caption.empty() ? table.title : how.caption) + "</caption>\n<thead><tr>";
  for (const Column& column : table.columns)
    text += fmt::format("<th scope=\"col\"{}>{}</th>", column.align == Align::kRight ? " class=\"n\"" : "",
                        html_text(column.name));
  text += "</tr></thead>\n<tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::string link = r < how.links.size() ? how.links[r] : "";
    text += "<tr>";
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const bool leads = c == 0 || table.columns[c].name == how.linked_column;
      const char* align = table.columns[c].align == Align::kRight ? " class=\"n\"" : "";
      const std::string cell = linked(table.rows[r][c], leads ? link : "");
      text += c == 0 ? fmt::format("<th scope=\"row\"{}>{}</th>", align, cell)
                     : fmt::format("<td{}>{}</td>", align, cell);
    }
    text += "</tr>\n";
  }
  text += "</tbody></table></div>\n";
  if (how.notes && !table.notes.empty()) {
    text +=
        "<details open><summary>What these numbers are, and what is missing</summary>\n<ul "
        "class=\"notes\">\n";
    for (const std::string& note : table.notes) text += "<li>" + html_text(note) + "</li>\n";
    text += "</ul></details>\n";
  }
  return text;
}

std::string inline_svg(const std::string& svg, const std::string& prefix, const Figure& figure) {
  const std::size_t head = svg.find("<svg"), body = svg.find('>', head);
  if (head == std::string::npos || body == std::string::npos) return "";
  std::string inside = svg.substr(body + 1);
  for (const std::string tag : {"title", "desc"}) {
    const std::size_t begin = inside.find("<" + tag + ">"), end = inside.find("</" + tag + ">");
    if (begin < end && end != std::string::npos && begin < 200)
      inside.erase(begin, end + tag.size() + 3 - begin);
  }
  for (const char* quote : {"'", "\""}) {
    replace_all(inside, fmt::format(" id={}", quote), fmt::format(" id={}{}-", quote, prefix));
    replace_all(inside, fmt::format("href={}#", quote), fmt::format("href={}#{}-", quote, prefix));
  }
  replace_all(inside, "url(#", fmt::format("url(#{}-", prefix));
  replace_all(inside, "font-family=\"DejaVu Sans\"", "font-family=\"DejaVu Sans, Verdana, sans-serif\"");
  return fmt::format(
      "<svg role=\"img\" aria-labelledby=\"{0}-title {0}-text\" width=\"{1}\" height=\"{2}\" viewBox=\"0 0 "
      "{1} {2}\">\n"
      "<title id=\"{0}-title\">{3}</title><desc id=\"{0}-text\">{4}</desc>{5}",
      prefix, figure.width, figure.height, html_text(figure.title), html_text(figure.text), inside);
}

}  // namespace mofi
