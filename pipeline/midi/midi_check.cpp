#include "midi/midi_check.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/aligned.h"
#include "core/error.h"
#include "core/files.h"

namespace mofi {
namespace {

constexpr std::array<const char*, 6> kEndings = {".mid", ".midi", ".rmi", ".kar", ".syx", ".midi2"};

bool is_midi_ending(std::string ending) {
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

std::vector<std::string> midi_files_below(const std::filesystem::path& folder) {
  std::vector<std::string> ids;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && is_midi_ending(entry.path().extension().string()))
      ids.push_back(entry.path().lexically_relative(folder).generic_string());
  std::ranges::sort(ids);
  return ids;
}

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
  if (!std::filesystem::is_directory(folder)) fail(ExitCode::kMissing, "{}: no such folder", folder.string());
  MidiCheck check;
  check.ids = midi_files_below(folder);
  const std::size_t levels = folder_levels(check.ids);
  for (std::size_t i = 0; i < check.ids.size(); ++i) {
    const std::filesystem::path path = folder / check.ids[i];
    const std::string parent = folder_of_id(check.ids[i], levels);
    auto at = std::ranges::find(check.folders, parent, &FolderCheck::folder);
    if (at == check.folders.end()) at = check.folders.insert(at, FolderCheck{.folder = parent});
    ++at->files;
    try {
      const MidiFile midi = read_midi(read_bytes(path, kMaxMidiBytes), path.string());
      check.report.add(i, midi.repairs);
      ++(midi.repairs == RepairCounts{} ? at->sound : at->mended);
      at->notes += midi.notes.size();
    } catch (const Error& error) {
      ++at->refused;
      check.report.refusals.push_back({i, reason(error.what(), path)});
    }
  }
  std::ranges::sort(check.folders, {}, &FolderCheck::folder);
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
