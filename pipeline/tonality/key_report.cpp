#include "tonality/key_report.h"

#include <fmt/core.h>

#include "core/aligned.h"
#include "tonality/mode_labels.h"

namespace mofi {
namespace {

/// What there is to compare methods by, beside their modes.
struct Known {
  bool labels, quadrants, keys;
};

using Cells = std::vector<std::string>;

Cells heading(const Known& known) {
  Cells cells = {"profile", "weighting", "undefined", "flipped"};
  if (known.labels) cells.push_back("bits");
  if (known.quadrants) cells.push_back("valence %");
  if (known.keys) cells.insert(cells.end(), {"keys", "modes", "major keys", "modes", "minor keys", "modes"});
  return cells;
}

Cells cells_of(const KeyMethod& method, const ModesByLabel& modes, int flipped) {
  Cells cells = {method.profile, method.weighting, std::to_string(modes.all()[mode_index(kUndefinedMode)]),
                 std::to_string(flipped)};
  if (modes.labelled_pieces() > 0) cells.push_back(fmt::format("{:.3f}", mutual_information(modes).bits));
  if (const auto valence = valence_by_mode(modes))
    cells.push_back(fmt::format("{:.1f}", 100 * valence->accuracy));
  return cells;
}

void add(Cells& cells, const KeyScores& scores) {
  for (const KeyScore& score : {scores.all(), scores.of_mode[kMajor], scores.of_mode[kMinor]})
    cells.insert(cells.end(), {std::to_string(score.keys_right()), std::to_string(score.modes_right)});
}

std::string legend_of(const ModesByLabel& modes) {
  std::string text;
  if (modes.labelled_pieces() > 0)
    text += fmt::format(
        "bits: mutual information of mode and label over {} labelled pieces; about {:.3f} come by chance\n",
        modes.labelled_pieces(), mutual_information(modes).chance_bits);
  if (const auto valence = valence_by_mode(modes))
    text += fmt::format(
        "valence: right by mode alone (major: high, Q1 and Q4); by the better constant guess {:.1f} %\n",
        100 * valence->constant_accuracy);
  return text;
}

std::string legend_of(const KeyScores& scores) {
  std::string text = fmt::format(
      "keys, modes: how many are the true ones of {} pieces, {} of them in major and {} in minor\n",
      scores.all().pieces(), scores.of_mode[kMajor].pieces(), scores.of_mode[kMinor].pieces());
  if (scores.without_truth > 0)
    text += fmt::format("not counted: {} pieces whose true key is not given\n", scores.without_truth);
  return text;
}

}  // namespace

int flipped_modes(const FoundKeys& one, const FoundKeys& other) {
  int flipped = 0;
  for (std::size_t i = 0; i < one.keys.size(); ++i)
    flipped += one.keys[i] && other.keys[i] && one.keys[i]->mode != other.keys[i]->mode ? 1 : 0;
  return flipped;
}

std::string summary_of(const ModeTable& table, const Corpus& corpus) {
  return fmt::format("{} by {} weighted by {}\n{}", counted(table.pieces.size(), table.unit),
                     table.key_profile, table.weighting, table_of(count_modes(table, corpus)));
}

std::string report_of(const ModeTable& table, const Corpus& corpus, const std::optional<TrueKeys>& truth) {
  const FoundKeys found = found_keys(table, corpus);
  std::string text = summary_of(table, corpus) + findings_of(count_modes(found, corpus));
  if (truth) text += "\n" + table_of(score_keys(found, *truth)) + wrong_keys(table, corpus, *truth);
  return text;
}

std::string comparison_of(std::span<const FoundKeys> methods, const Corpus& corpus,
                          const std::optional<TrueKeys>& truth) {
  if (methods.empty()) return "";
  const ModesByLabel modes = count_modes(methods.front(), corpus);
  const Known known = {modes.labelled_pieces() > 0, valence_by_mode(modes).has_value(), truth.has_value()};
  std::vector<Cells> lines = {heading(known)};
  for (const FoundKeys& found : methods) {
    lines.push_back(
        cells_of(found.method, count_modes(found, corpus), flipped_modes(methods.front(), found)));
    if (truth) add(lines.back(), score_keys(found, *truth));
  }
  std::string text = aligned(lines, "ll" + std::string(lines.front().size() - 2, 'r'));
  text += fmt::format("flipped: pieces whose mode is another than by {} weighted by {}\n",
                      methods.front().method.profile, methods.front().method.weighting);
  text += legend_of(modes);
  if (truth) text += legend_of(score_keys(methods.front(), *truth));
  return text;
}

}  // namespace mofi
