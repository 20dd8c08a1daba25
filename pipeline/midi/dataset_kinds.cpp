#include "midi/dataset_kinds.h"

#include <fmt/ranges.h>

namespace mofi {
namespace {

namespace fs = std::filesystem;

/// The opener of a data set that is told nothing but its folder.
template <Corpus (*open)(const fs::path&)>
Corpus alone(const fs::path& folder, const FolderOptions& /*options*/) {
  return open(folder);
}

constexpr const char* kOwn = "labels of its own";

constexpr DatasetKind kKinds[] = {
    {"emopia", "", alone<open_emopia>, kOwn, "midis"},
    {"vgmidi", "", alone<open_vgmidi>, kOwn, "vgmidi_labelled.csv"},
    {"emopia+vgmidi", "both, to train on one and test on the other", alone<open_emopia_and_vgmidi>, kOwn},
    {"folder", "MIDI files and a labels.csv", open_folder, ""},
    {"pretrain", "POP909, pop1k7, Pianist8 and ASAP scores in one folder, unlabelled", alone<open_pretrain>,
     "no labels"},
};

}  // namespace

std::span<const DatasetKind> dataset_kinds() { return kKinds; }

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const DatasetKind& kind : kKinds) names.emplace_back(kind.name);
  names.emplace_back("synthetic");
  return names;
}

std::string dataset_help() {
  std::vector<std::string> parts;
  for (const DatasetKind& kind : kKinds)
    parts.push_back(*kind.help == 0 ? kind.name : fmt::format("{} ({})", kind.name, kind.help));
  return fmt::format("{} or synthetic (composed on the spot)", fmt::join(parts, ", "));
}

}  // namespace mofi
