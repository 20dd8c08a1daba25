#include "midi/corpus.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>

#include "core/csv.h"
#include "core/error.h"
#include "core/files.h"
#include "core/log.h"
#include "core/quadrants.h"
#include "midi/dataset_kinds.h"
#include "midi/midi_files.h"

namespace mofi {
namespace {

namespace fs = std::filesystem;

void require_folder(const fs::path& folder, const std::string& expected) {
  if (!fs::is_directory(folder))
    fail(ExitCode::kMissing, "{}: no such folder; expected {}", folder.string(), expected);
  std::error_code failure;
  (void)fs::directory_iterator(folder, failure);          // needs the right to list
  if (!failure) (void)fs::exists(folder / ".", failure);  // and that to enter
  if (failure) fail(ExitCode::kMissing, "{}: cannot be looked into: {}", folder.string(), failure.message());
}

void sort_by_id(std::vector<CorpusFile>& files) {
  std::sort(files.begin(), files.end(), [](const CorpusFile& a, const CorpusFile& b) { return a.id < b.id; });
}

constexpr SplitPart kParts[] = {SplitPart::kTrain, SplitPart::kValid, SplitPart::kTest};

/// A published split: the lists of its parts, how one is read, by what a file is listed (its name, its song
/// …), and whether everything listed must be there.
struct PublishedSplit {
  std::string name;
  std::array<fs::path, 3> lists;
  std::function<std::vector<std::string>(const fs::path&)> keys_in;
  std::function<std::string(const CorpusFile&)> key_of;
  bool is_whole = true;
};

/// Adds a split to every file, if the list of its train part is there.
void add_split(Corpus& corpus, const PublishedSplit& split) {
  if (!fs::exists(split.lists[0])) return;
  std::map<std::string, SplitPart> part_of;
  for (std::size_t i = 0; i < split.lists.size(); ++i) {
    for (const std::string& key : split.keys_in(split.lists[i])) {
      if (!part_of.emplace(key, kParts[i]).second)
        fail(ExitCode::kData, "{}: '{}' is listed twice in the split {}; expected once in one part",
             split.lists[i].string(), key, split.name);
    }
  }
  std::set<std::string> used;
  for (CorpusFile& file : corpus.files) {
    const auto found = part_of.find(split.key_of(file));
    file.split.push_back(found == part_of.end() ? SplitPart::kNone : found->second);
    if (found != part_of.end()) used.insert(found->first);
  }
  for (const auto& [key, part] : part_of) {
    if (split.is_whole && !used.contains(key))
      fail(ExitCode::kData, "{}: the {} part of the split {} lists '{}', but there is no such MIDI file",
           split.lists[static_cast<std::size_t>(part) - 1].string(), split_part_name(part), split.name, key);
  }
  corpus.split_names.push_back(split.name);
}

std::vector<std::string> cells_of(const fs::path& path, const std::string& column) {
  const CsvTable table = read_csv(path);
  const std::size_t at = table.column(column);
  std::vector<std::string> cells;
  for (const CsvRow& row : table.rows) cells.push_back(row.cells[at]);
  return cells;
}

/// "1", "-1" or "1.0" as 1 or -1.
int sign_of(const CsvTable& table, const CsvRow& row, const std::string& column) {
  const std::string& text = row.cells[table.column(column)];
  if (text == "1" || text == "1.0") return 1;
  if (text == "-1" || text == "-1.0") return -1;
  fail(ExitCode::kData, "{}: {} is '{}'; expected 1 or -1", table.where(row), column, text);
}

SplitPart split_part_of(const CsvTable& table, const CsvRow& row, const std::string& text) {
  if (text.empty()) return SplitPart::kNone;
  for (const SplitPart part : kParts)
    if (text == split_part_name(part)) return part;
  fail(ExitCode::kData, "{}: split is '{}'; expected train, valid, test or nothing", table.where(row), text);
}

/// The classes of a label column: the allowed ones if given, else Q1 to Q4 if there are no others, else those
/// that occur.
std::vector<std::string> classes_of(const std::vector<std::string>& labels,
                                    const std::vector<std::string>& allowed) {
  if (!allowed.empty()) return allowed;
  std::set<std::string> distinct(labels.begin(), labels.end());
  distinct.erase("");
  const bool are_quadrants = std::all_of(distinct.begin(), distinct.end(), [](const std::string& label) {
    return std::find(quadrant_names().begin(), quadrant_names().end(), label) != quadrant_names().end();
  });
  if (are_quadrants && !distinct.empty()) return quadrant_names();
  return {distinct.begin(), distinct.end()};
}

int class_index(const CsvTable& table, const CsvRow& row, const std::string& label,
                const std::vector<std::string>& classes) {
  if (label.empty()) return -1;
  const auto found = std::find(classes.begin(), classes.end(), label);
  if (found == classes.end())
    fail(ExitCode::kData, "{}: label '{}' is not known; expected one of {}", table.where(row), label,
         fmt::join(classes, ", "));
  return static_cast<int>(found - classes.begin());
}

void warn_of_unlisted(const fs::path& folder, const std::string& list, const std::vector<CorpusFile>& files) {
  std::set<std::string> listed;
  for (const CorpusFile& file : files) listed.insert(file.id);
  std::vector<std::string> unlisted;
  for (const std::string& name : files_below(folder))
    if (!listed.contains(name)) unlisted.push_back(name);
  if (!unlisted.empty())
    log_warning("{}: {} MIDI files are not in {} and are left out, the first is {}", folder.string(),
                unlisted.size(), list, unlisted.front());
}

Corpus open_labelled_folder(const fs::path& folder, const fs::path& labels_path,
                            const FolderOptions& options) {
  const CsvTable table = read_csv(labels_path);
  const std::size_t file_column = table.column("file"), label_column = table.column("label");
  const bool has_group = table.has("group"), has_split = table.has("split");

  Corpus corpus;
  corpus.name = "folder";
  std::vector<std::string> labels;
  for (const CsvRow& row : table.rows) labels.push_back(row.cells[label_column]);
  corpus.class_names = classes_of(labels, options.class_names);
  if (has_split) corpus.split_names = {"given"};

  std::unordered_map<std::string, int> line_of;
  for (const CsvRow& row : table.rows) {
    CorpusFile file;
    const fs::path name = fs::path(row.cells[file_column]).lexically_normal();
    file.id = name.generic_string();
    file.path = folder / name;
    if (file.id.empty() || file.id == "." || name.is_absolute() || *name.begin() == "..")
      fail(ExitCode::kData, "{}: file is '{}'; expected the path of a MIDI file within {}", table.where(row),
           row.cells[file_column], folder.string());
    const auto [first, is_new] = line_of.emplace(file.id, row.line);
    if (!is_new)
      fail(ExitCode::kData, "{}: {} was already listed in line {}; expected every file once",
           table.where(row), file.id, first->second);
    if (!fs::is_regular_file(file.path))
      fail(ExitCode::kData, "{}: lists {}, but {} is not there", table.where(row), file.id,
           file.path.string());
    file.label = class_index(table, row, row.cells[label_column], corpus.class_names);
    file.group = has_group ? row.cells[table.column("group")] : file.id;
    if (file.group.empty()) file.group = file.id;
    if (has_split) file.split = {split_part_of(table, row, row.cells[table.column("split")])};
    corpus.files.push_back(std::move(file));
  }
  if (corpus.files.empty())
    fail(ExitCode::kData, "{}: lists no file; expected one a line", labels_path.string());
  sort_by_id(corpus.files);
  warn_of_unlisted(folder, labels_path.string(), corpus.files);
  return corpus;
}

}  // namespace

Corpus open_emopia(const fs::path& folder) {
  require_folder(folder, "the folder of EMOPIA, which holds midis/");
  const fs::path midis = folder / "midis", splits = folder / "splits";
  require_folder(midis, "the clips of EMOPIA in it");

  Corpus corpus;
  corpus.name = "emopia";
  corpus.class_names = quadrant_names();
  for (const std::string& name : files_below(midis)) {
    const auto first = name.find('_'), last = name.rfind('_');
    const auto quadrant = std::find(quadrant_names().begin(), quadrant_names().end(), name.substr(0, first));
    if (quadrant == quadrant_names().end() || first == last)
      fail(ExitCode::kData,
           "{}: expected a clip named like Q1_SONG_0.mid, with its quadrant Q1 to Q4 and its song",
           (midis / name).string());
    corpus.files.push_back({midis / name,
                            name,
                            name.substr(first + 1, last - first - 1),
                            static_cast<int>(quadrant - quadrant_names().begin()),
                            {}});
  }
  if (corpus.files.empty())
    fail(ExitCode::kData, "{}: holds no MIDI file; expected the clips of EMOPIA", midis.string());

  const auto id = [](const CorpusFile& file) { return file.id; };
  const auto stem = [](const CorpusFile& file) { return fs::path(file.id).stem().string(); };
  const auto song = [](const CorpusFile& file) { return file.group; };
  const auto names = [](const fs::path& path) { return cells_of(path, "fname"); };
  const auto songs = [](const fs::path& path) { return cells_of(path, "songID"); };
  const auto lists = [&](const std::string& before, const std::string& valid, const std::string& after) {
    return std::array{splits / (before + "train" + after), splits / (before + valid + after),
                      splits / (before + "test" + after)};
  };
  add_split(corpus, {"midibert", lists("midibert_", "valid", ".txt"), read_lines, id});
  add_split(corpus, {"emopia_cls", lists("emopia_cls_", "val", ".csv"), names, stem});
  add_split(corpus, {"song_level", lists("emopia_cls_", "val", "_SL.csv"), songs, song, false});
  return corpus;
}

Corpus open_vgmidi(const fs::path& folder) {
  require_folder(folder, "the folder of VGMIDI, which holds vgmidi_labelled.csv and phrases/");
  const fs::path phrases = folder / "phrases";
  require_folder(phrases, "the labelled phrases of VGMIDI in it");
  const CsvTable table = read_csv(folder / "vgmidi_labelled.csv");
  const std::size_t midi_column = table.column("midi");

  Corpus corpus;
  corpus.name = "vgmidi";
  corpus.class_names = quadrant_names();
  std::set<std::string> seen;
  for (const CsvRow& row : table.rows) {
    CorpusFile file;
    file.id = fs::path(row.cells[midi_column]).filename().string();
    file.path = phrases / file.id;
    file.group = file.id.substr(0, file.id.rfind('_'));  // "…_0.mid" and "…_1.mid" are phrases of one piece
    const int valence = sign_of(table, row, "valence"), arousal = sign_of(table, row, "arousal");
    file.label = arousal > 0 ? (valence > 0 ? 0 : 1) : (valence > 0 ? 3 : 2);
    if (!seen.insert(file.id).second)
      fail(ExitCode::kData, "{}: {} is listed twice", table.where(row), file.id);
    if (!fs::is_regular_file(file.path))
      fail(ExitCode::kData, "{}: lists {}, but {} is not there", table.where(row), file.id,
           file.path.string());
    corpus.files.push_back(std::move(file));
  }
  if (corpus.files.empty()) fail(ExitCode::kData, "{}: lists no phrase", table.name);
  sort_by_id(corpus.files);
  return corpus;
}

Corpus open_folder(const fs::path& folder, const FolderOptions& options) {
  require_folder(folder, "a folder with MIDI files");
  const fs::path labels = options.labels.empty() ? folder / "labels.csv" : options.labels;
  if (!options.labels.empty() || fs::exists(labels)) return open_labelled_folder(folder, labels, options);

  Corpus corpus;
  corpus.name = "folder";
  corpus.class_names = options.class_names;
  corpus.notes.push_back(folder.string() + " has no labels.csv, so no piece has a label");
  for (const std::string& name : files_below(folder))
    corpus.files.push_back({folder / name, name, name, -1, {}});
  if (corpus.files.empty())
    fail(ExitCode::kData, "{}: holds no MIDI file (.mid, .midi, .rmi or .kar) and no labels.csv",
         folder.string());
  return corpus;
}

Corpus open_corpus(const std::string& dataset, const fs::path& folder, const FolderOptions& options) {
  const auto kinds = dataset_kinds();
  const auto kind = std::ranges::find(kinds, dataset, &DatasetKind::name);
  if (kind == kinds.end()) {
    std::vector<std::string> names;
    for (const DatasetKind& known : kinds) names.emplace_back(known.name);
    fail(ExitCode::kUsage, "data set '{}' is not known; expected one of {}", dataset, fmt::join(names, ", "));
  }
  if (*kind->labels != 0 && (!options.labels.empty() || !options.class_names.empty()))
    fail(ExitCode::kUsage, "data set {} has {}; other labels and classes are for the data set folder",
         dataset, kind->labels);
  return kind->open(folder, options);
}

void tell_of(const Corpus& corpus) {
  for (const std::string& note : corpus.notes) log_line_info(note);
}

std::string label_counts(const std::vector<int>& labels, const std::vector<std::string>& class_names) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < class_names.size(); ++i)
    parts.push_back(
        fmt::format("{} {}", class_names[i], std::count(labels.begin(), labels.end(), static_cast<int>(i))));
  const auto unlabelled = std::count(labels.begin(), labels.end(), -1);
  if (unlabelled > 0) parts.push_back(fmt::format("unlabelled {}", unlabelled));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace mofi
