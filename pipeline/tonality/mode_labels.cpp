#include "tonality/mode_labels.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <unordered_map>

#include "core/aligned.h"
#include "core/quadrants.h"

namespace mofi {
namespace {

constexpr std::size_t kMajorIndex = 0, kMinorIndex = 1;

int sum(const ModeCounts& counts) { return std::accumulate(counts.begin(), counts.end(), 0); }

ModeCounts& operator+=(ModeCounts& counts, const ModeCounts& more) {
  for (std::size_t mode = 0; mode < counts.size(); ++mode) counts[mode] += more[mode];
  return counts;
}

ModesByLabel no_modes(const Corpus& corpus) {
  return {corpus.class_names, std::vector<ModeCounts>(corpus.class_names.size()), {}};
}

void add(ModesByLabel& modes, int label, std::uint8_t mode) {
  ++(label < 0 ? modes.unlabelled : modes.of_class[static_cast<std::size_t>(label)])[mode_index(mode)];
}

ModeCounts labelled(const ModesByLabel& modes) {
  ModeCounts counts{};
  for (const ModeCounts& of_class : modes.of_class) counts += of_class;
  return counts;
}

}  // namespace

std::size_t mode_index(std::uint8_t mode) {
  return mode == kMajor ? kMajorIndex : mode == kMinor ? kMinorIndex : 2;
}

ModeCounts ModesByLabel::all() const {
  ModeCounts counts = labelled(*this);
  return counts += unlabelled;
}

int ModesByLabel::labelled_pieces() const { return sum(labelled(*this)); }

ModesByLabel count_modes(const ModeTable& table, const Corpus& corpus) {
  std::unordered_map<std::string, int> label_of;
  for (const CorpusFile& file : corpus.files) label_of[file.id] = file.label;
  ModesByLabel modes = no_modes(corpus);
  for (const PieceMode& piece : table.pieces) add(modes, label_of.at(piece.piece_id), piece.mode);
  return modes;
}

ModesByLabel count_modes(const FoundKeys& found, const Corpus& corpus) {
  ModesByLabel modes = no_modes(corpus);
  for (std::size_t i = 0; i < found.keys.size(); ++i)
    if (found.keys[i]) add(modes, corpus.files[i].label, found.keys[i]->mode);
  return modes;
}

MutualInformation mutual_information(const ModesByLabel& modes) {
  const ModeCounts of_mode = labelled(modes);
  const double pieces = sum(of_mode);
  MutualInformation information;
  int classes_seen = 0;
  for (const ModeCounts& of_class : modes.of_class) {
    const double in_class = sum(of_class);
    classes_seen += in_class > 0 ? 1 : 0;
    for (std::size_t mode = 0; mode < of_class.size(); ++mode)
      if (of_class[mode] > 0)
        information.bits +=
            of_class[mode] / pieces * std::log2(of_class[mode] * pieces / (in_class * of_mode[mode]));
  }
  const auto modes_seen = std::count_if(of_mode.begin(), of_mode.end(), [](int count) { return count > 0; });
  if (pieces > 0)
    information.chance_bits =
        static_cast<double>(modes_seen - 1) * (classes_seen - 1) / (2 * pieces * std::numbers::ln2);
  return information;
}

std::optional<ValenceByMode> valence_by_mode(const ModesByLabel& modes) {
  const double pieces = modes.labelled_pieces();
  if (modes.class_names != quadrant_names() || pieces == 0) return std::nullopt;
  double right = 0, high = 0;
  for (std::size_t quadrant = 0; quadrant < quadrant_names().size(); ++quadrant) {
    const bool is_high = quadrant == 0 || quadrant == 3;
    right += modes.of_class[quadrant][is_high ? kMajorIndex : kMinorIndex];
    high += is_high ? sum(modes.of_class[quadrant]) : 0;
  }
  return ValenceByMode{right / pieces, std::max(high, pieces - high) / pieces};
}

std::string table_of(const ModesByLabel& modes) {
  std::vector<std::vector<std::string>> lines = {{"label", "major", "minor", "undefined"}};
  const auto line = [&](const std::string& name, const ModeCounts& counts) {
    lines.push_back({name});
    for (const int count : counts) lines.back().push_back(std::to_string(count));
  };
  for (std::size_t i = 0; i < modes.of_class.size(); ++i) line(modes.class_names[i], modes.of_class[i]);
  if (!modes.of_class.empty() && sum(modes.unlabelled) > 0) line("unlabelled", modes.unlabelled);
  line("all", modes.all());
  return aligned(lines, "lrrr");
}

std::string findings_of(const ModesByLabel& modes) {
  if (modes.labelled_pieces() == 0) return "";
  const MutualInformation information = mutual_information(modes);
  std::string text = fmt::format("mutual information of mode and label: {:.3f} bits ({:.3f} by chance)\n",
                                 information.bits, information.chance_bits);
  if (const auto valence = valence_by_mode(modes))
    text += fmt::format(
        "valence by mode alone (major: high, Q1 and Q4): {:.1f} %; by the better constant guess: {:.1f} %\n",
        100 * valence->accuracy, 100 * valence->constant_accuracy);
  return text;
}

}  // namespace mofi
