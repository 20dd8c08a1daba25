#include "midi/midi_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/aligned.h"
#include "core/error.h"
#include "midi/midi_files.h"

namespace mofi {
namespace {

// Those of data sets, and what is refused in words of its own.
constexpr const char* kEndings[] = {".mid", ".midi", ".rmi", ".kar", ".syx", ".midi2"};

/// The folder of a file, cut after `levels` names.
std::string folder_of_id(const std::string& id, std::size_t levels) {
  std::filesystem::path folder;
  for (const auto& name : std::filesystem::path(id).parent_path())
    if (levels-- > 0)
      folder /= name;
    else
      break;
  return folder.generic_string();
}

/// How many names of a folder to keep so that there are not too many lines.
std::size_t folder_levels(const std::vector<std::string>& ids) {
  constexpr std::size_t kMostFolders = 40, kDeepest = 16;
  for (std::size_t levels = kDeepest; levels > 1; --levels) {
    std::set<std::string> folders;
    for (const std::string& id : ids) folders.insert(folder_of_id(id, levels));
    if (folders.size() <= kMostFolders) return levels;
  }
  return 1;
}

/// Without the file's name, which the line begins with already.
std::string reason(const std::string& sentence, const std::filesystem::path& path) {
  const std::string name = path.string() + ": ";
  return sentence.starts_with(name) ? sentence.substr(name.size()) : sentence;
}

}  // namespace

FolderCheck MidiCheck::all() const {
  FolderCheck sum{.folder = "all"};
  for (const FolderCheck& folder : folders) {
    sum.files += folder.files;
    sum.sound += folder.sound;
    sum.mended += folder.mended;
    sum.refused += folder.refused;
    sum.notes += folder.notes;
  }
  return sum;
}

MidiCheck check_midi_files(const std::filesystem::path& folder) {
  MidiCheck check;
  check.ids = files_below(folder, kEndings);
  Corpus corpus;
  for (const std::string& id : check.ids) corpus.files.push_back({folder / id, id, id, -1, {}});
  struct Read {
    bool is_mended = false;
    std::size_t notes = 0;
  };
  std::vector<std::optional<Read>> read(check.ids.size());
  check.report = read_corpus(corpus, {}, {}, "inspect", [&](const CorpusPiece& piece) {
    read[piece.index] = Read{piece.midi.repairs != RepairCounts{}, piece.midi.notes.size()};
  });
  for (auto& [index, why] : check.report.refusals) why = reason(why, folder / check.ids[index]);

  std::map<std::string, FolderCheck> folders;
  const std::size_t levels = folder_levels(check.ids);
  for (std::size_t i = 0; i < check.ids.size(); ++i) {
    FolderCheck& sum = folders[folder_of_id(check.ids[i], levels)];
    ++sum.files;
    ++(!read[i] ? sum.refused : read[i]->is_mended ? sum.mended : sum.sound);
    sum.notes += read[i] ? read[i]->notes : 0;
  }
  for (auto& [name, sum] : folders) {
    sum.folder = name;
    check.folders.push_back(sum);
  }
  return check;
}

std::string text_of(const MidiCheck& check) {
  std::vector<std::vector<std::string>> lines = {{"folder", "files", "sound", "mended", "refused", "notes"}};
  const auto add = [&](const FolderCheck& folder) {
    lines.push_back({folder.folder.empty() ? "." : folder.folder, thousands(folder.files),
                     thousands(folder.sound), thousands(folder.mended), thousands(folder.refused),
                     thousands(folder.notes)});
  };
  std::ranges::for_each(check.folders, add);
  if (check.folders.size() > 1) add(check.all());
  std::string text = counted(check.ids.size(), "MIDI file") + "\n" + aligned(lines, "lrrrrr");

  lines = {{"files", "times", "mended", "how"}};
  for (std::size_t kind = 0; kind < check.report.mended.size(); ++kind)
    if (const auto& [files, times, first] = check.report.mended[kind]; files > 0)
      lines.push_back(
          {thousands(files), thousands(times), kRepairTexts[kind].found, kRepairTexts[kind].done});
  if (lines.size() > 1) text += "\n" + aligned(lines, "rrll");

  lines = {{"refused", "why"}};
  for (const auto& [index, why] : check.report.refusals) lines.push_back({check.ids[index], why});
  if (lines.size() > 1) text += "\n" + aligned(lines);
  return text;
}

}  // namespace mofi
