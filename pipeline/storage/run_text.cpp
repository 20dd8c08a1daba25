#include "storage/run_text.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/aligned.h"
#include "storage/artifact_text.h"

namespace mofi {
namespace {

std::string class_text(const Predictions& p, int label) {
  if (label < 0) return "none";
  return p.class_names.empty() ? std::to_string(label) : p.class_names[static_cast<std::size_t>(label)];
}

int predicted_class(const Predictions& p, std::size_t row) {
  const auto first = p.logits.begin() + static_cast<std::ptrdiff_t>(row) * p.classes;
  return static_cast<int>(std::max_element(first, first + p.classes) - first);
}

/// Rows, pieces, songs, accuracy and labels of every part of the split.
std::string parts_text(const Predictions& p) {
  struct Part {
    std::set<std::uint32_t> pieces;
    std::set<std::string> songs;
    std::size_t rows = 0, labelled = 0, right = 0;
    std::vector<std::size_t> of_class;
  };
  std::map<std::string, Part> parts;
  for (std::size_t row = 0; row < p.rows(); ++row) {
    Part& part = parts[p.split[p.piece[row]]];
    part.of_class.resize(static_cast<std::size_t>(p.classes));
    ++part.rows;
    part.pieces.insert(p.piece[row]);
    part.songs.insert(p.group[p.piece[row]]);
    if (p.label[row] < 0) continue;
    ++part.labelled;
    ++part.of_class[static_cast<std::size_t>(p.label[row])];
    part.right += predicted_class(p, row) == p.label[row] ? 1 : 0;
  }
  std::vector<std::vector<std::string>> lines = {{"part", "rows", "pieces", "songs", "right"}};
  for (int c = 0; c < p.classes; ++c) lines[0].push_back(class_text(p, c));
  for (const auto& [name, part] : parts) {
    lines.push_back({name, thousands(part.rows), thousands(part.pieces.size()), thousands(part.songs.size()),
                     part.labelled == 0 ? "no label"
                                        : fmt::format("{:.1f} %", 100 * static_cast<double>(part.right) /
                                                                      static_cast<double>(part.labelled))});
    for (const std::size_t count : part.of_class) lines.back().push_back(thousands(count));
  }
  return aligned(lines, "l" + std::string(lines[0].size() - 1, 'r'));
}

std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.6g}", value.get<double>());
  return value.dump();
}

/// "training.epochs  5" for every value inside.
void flatten(const Json& value, const std::string& path, Facts& facts) {
  if (!value.is_object()) {
    facts.push_back({path, value_text(value)});
    return;
  }
  for (const auto& [key, inner] : value.items())
    flatten(inner, path.empty() ? key : fmt::format("{}.{}", path, key), facts);
}

std::string section(const std::string& title, const Json& value) {
  Facts facts;
  if (!value.is_null()) flatten(value, "", facts);
  return facts.empty() ? "" : "\n" + title + "\n" + aligned(facts);
}

/// One line an epoch, with the values that every epoch has.
std::string history_text(const Json& history) {
  if (!history.is_array() || history.empty()) return "";
  std::vector<std::vector<std::string>> lines(1);
  for (const Json& epoch : history) {
    Facts facts;
    flatten(epoch, "", facts);
    std::vector<std::string> names, values;
    for (const auto& fact : facts) {
      names.push_back(fact[0]);
      values.push_back(fact[1]);
    }
    if (lines[0].empty()) lines[0] = names;
    if (names != lines[0]) return section("History", history);
    lines.push_back(values);
  }
  return "\nHistory\n" + aligned(lines, std::string(lines[0].size(), 'r'));
}

}  // namespace

std::string text_of(const Predictions& p, std::size_t rows) {
  Facts facts = header_facts(p.header);
  facts.push_back({"size", fmt::format("{} of {}, logits of {} classes", counted(p.rows(), "row"),
                                       counted(p.pieces(), "piece"), p.classes)});
  if (p.states() > 0)
    facts.push_back({"hidden states", fmt::format("checksums of {} in every row: sums of h sin(i) and of h^2",
                                                  counted(p.states(), "state"))});
  std::map<int, std::size_t> modes;
  for (const std::uint8_t mode : p.mode) ++modes[mode];
  facts.push_back({"true modes", fmt::format("major {}, minor {}, unknown {}", thousands(modes[0]),
                                             thousands(modes[1]), thousands(modes[255]))});
  std::string text =
      fmt::format("Predictions{}\n", p.dataset.empty() ? "" : " for the data set " + p.dataset) +
      aligned(facts) + "\n" + parts_text(p);
  if (rows == 0 || p.rows() == 0) return text;

  std::vector<std::vector<std::string>> lines = {{"piece", "segment", "part", "label", "predicted"}};
  for (int c = 0; c < p.classes; ++c) lines[0].push_back(class_text(p, c));
  for (std::size_t row = 0; row < std::min(rows, p.rows()); ++row) {
    lines.push_back({p.piece_id[p.piece[row]], std::to_string(p.segment_index[row]), p.split[p.piece[row]],
                     class_text(p, p.label[row]), class_text(p, predicted_class(p, row))});
    for (int c = 0; c < p.classes; ++c)
      lines.back().push_back(fmt::format(
          "{:.3f}", p.logits[row * static_cast<std::size_t>(p.classes) + static_cast<std::size_t>(c)]));
  }
  text += "\n" + aligned(lines, "lrlll" + std::string(static_cast<std::size_t>(p.classes), 'r'));
  if (rows < p.rows()) text += fmt::format("  … and {} more\n", thousands(p.rows() - rows));
  return text + "\n\"right\" counts rows: the tables of `mofi aggregate` score whole pieces.\n";
}

std::string text_of(const RunRecord& record) {
  Facts facts = {{"schema", kResultSchema},
                 {"contents", content_digest(record) + " (verified)"},
                 {"predictions", record.predictions_sha256 + " (verified)"}};
  for (const auto& [name, digest] : record.inputs)
    facts.push_back({"made from", fmt::format("{} ({})", digest, name)});
  return "The finished run " + record.run_id + "\n" + aligned(facts) + section("Metrics", record.metrics) +
         history_text(record.history) + section("Config", record.config) +
         section("Timing, in seconds", record.timing) + section("Provenance", record.provenance);
}

}  // namespace mofi
