// The corpora that MIDI-BERT was pre-trained on, in one folder:
//   pop909/    one file a song, NNN.mid wherever it lies below (POP909's own versions/ are named otherwise)
//   pop1k7/    midi_transcribed/ (in absolute time, what MIDI-BERT's script reads) or else midi_synchronized/
//              (the same music aligned to beats)
//   pianist8/  a folder for each pianist
//   asap/      COMPOSER/WORK/…/midi_score.mid; its performances are left alone
//   midibert_lists/qual_pieces.txt, ASAP_song.txt
//              the 865 songs of POP909 and 65 scores that MIDI-BERT took; all of them without these lists
// All tracks of a file are read, as MIDI-BERT does (POP909 has melody, bridge and piano). It processed POP909
// beforehand: as published, its validation and test songs have 328 rows of 512 words each, where MIDI-BERT's
// arrays have 317 and 320.
//
// EMOPIA, the fifth corpus, is no part of it, so that one checkpoint serves every fold of an experiment on
// EMOPIA; who wants it gives a second token file. The published splits of POP909 (melody) and Pianist8
// (composer) are not carried: pre-training for an emotion task would lose their 246 test and validation
// pieces for nothing.

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "core/aligned.h"
#include "core/error.h"
#include "core/files.h"
#include "midi/corpus.h"
#include "midi/midi_files.h"

namespace mofi {
namespace {

namespace fs = std::filesystem;

constexpr const char* kExpected =
    "the corpora of MIDI-BERT's pre-training: any of pop909/, pop1k7/, pianist8/ and asap/";
constexpr const char* kScore = "midi_score.mid";

/// One corpus: its files, and where they were found, in words.
struct Part {
  std::vector<CorpusFile> files;
  std::string note;
};

CorpusFile unlabelled(const fs::path& path, const std::string& id, const std::string& group) {
  return {path, id, group, -1, {}};
}

/// Leaves the files that the list names, by `key_of`, and says so; all of them where there is no list.
void keep_listed(Part& part, const fs::path& list, const char* what,
                 const std::function<std::string(const CorpusFile&)>& key_of) {
  const auto all = thousands(part.files.size());
  const std::string list_name = (list.parent_path().filename() / list.filename()).string();
  if (!fs::exists(list)) {
    part.note = fmt::format("all {} {}, as there is no {}", all, what, list_name);
    return;
  }
  const std::vector<std::string> lines = read_lines(list);
  const std::set<std::string> wanted(lines.begin(), lines.end());
  std::set<std::string> missing = wanted;
  for (const CorpusFile& file : part.files) missing.erase(key_of(file));
  if (!missing.empty())
    fail(ExitCode::kData,
         "{}: lists '{}', but there is no such file among the {} {}; expected all that it lists",
         list.string(), *missing.begin(), all, what);
  std::erase_if(part.files, [&](const CorpusFile& file) { return !wanted.contains(key_of(file)); });
  part.note = fmt::format("{} of {} {}, those of {}", thousands(part.files.size()), all, what, list_name);
}

Part pop909(const fs::path& folder, const fs::path& lists) {
  Part part;
  std::map<std::string, std::string> found_at;
  for (const std::string& name : files_below(folder)) {
    const std::string song = fs::path(name).stem().string();
    if (song.size() != 3 || song.find_first_not_of("0123456789") != std::string::npos) continue;
    if (const auto [first, is_new] = found_at.emplace(song, name); !is_new)
      fail(ExitCode::kData, "{}: song {} is there twice, as {} and {}; expected one file a song",
           folder.string(), song, first->second, name);
    const std::string id = "pop909/" + song + ".mid";
    part.files.push_back(unlabelled(folder / name, id, id));
  }
  keep_listed(part, lists / "qual_pieces.txt", "songs",
              [](const CorpusFile& file) { return file.path.stem().string(); });
  return part;
}

Part pop1k7(const fs::path& folder) {
  const bool is_transcribed = fs::is_directory(folder / "midi_transcribed");
  const char* form = is_transcribed ? "midi_transcribed" : "midi_synchronized";
  if (!fs::is_directory(folder / form))
    fail(ExitCode::kData, "{}: holds neither midi_transcribed/ nor midi_synchronized/; expected one of them",
         folder.string());
  Part part;
  for (const std::string& name : files_below(folder / form)) {
    const std::string id = fmt::format("pop1k7/{}/{}", form, name);
    part.files.push_back(unlabelled(folder / form / name, id, id));
  }
  part.note = fmt::format(
      "{} of {}/, {}", counted(part.files.size(), "piece"), form,
      is_transcribed ? "which MIDI-BERT reads" : "as midi_transcribed/, which MIDI-BERT reads, is not there");
  return part;
}

Part pianist8(const fs::path& folder) {
  Part part;
  for (const std::string& name : files_below(folder)) {
    const std::string id = "pianist8/" + name;
    part.files.push_back(unlabelled(folder / name, id, id));
  }
  part.note = counted(part.files.size(), "piece");
  return part;
}

/// The work that a score is of, so that no two of its movements, nor it with and without repeats, are parted:
/// the sonata of Piano_Sonatas/17-1_no_repeat, the prelude with its fugue of Prelude/bwv_846, else the opus
/// or collection.
std::string work_of(const fs::path& score) {
  std::vector<std::string> at;
  for (const fs::path& part : score.parent_path()) at.push_back(part.string());
  if (at.size() < 2) return score.generic_string();
  if (at.size() > 2 && at[2].starts_with("bwv_")) return at[0] + "/" + at[2];
  constexpr std::string_view kRepeat = "_repeat";
  std::string work = at[0] + "/" + at[1];
  if (work.ends_with(kRepeat)) work.resize(work.size() - kRepeat.size());
  if (at.size() > 2) {
    const std::size_t digits = at[2].find_first_not_of("0123456789");
    if (digits != std::string::npos && digits > 0 && at[2][digits] == '-')
      work += "/" + at[2].substr(0, digits);
  }
  return work;
}

Part asap(const fs::path& folder, const fs::path& lists) {
  Part part;
  for (const std::string& name : files_below(folder))
    if (fs::path(name).filename() == kScore)
      part.files.push_back(unlabelled(folder / name, "asap/" + name, "asap/" + work_of(name)));
  keep_listed(part, lists / "ASAP_song.txt", "scores",
              [](const CorpusFile& file) { return file.id.substr(std::string_view("asap/").size()); });
  return part;
}

}  // namespace

Corpus open_pretrain(const fs::path& folder) {
  if (!fs::is_directory(folder))
    fail(ExitCode::kMissing, "{}: no such folder; expected {}", folder.string(), kExpected);
  const fs::path lists = folder / "midibert_lists";
  Corpus corpus;
  corpus.name = "pretrain";
  const auto add = [&](const char* title, const char* name, const auto& open) {
    const fs::path part_folder = folder / name;
    if (!fs::is_directory(part_folder)) {
      corpus.notes.push_back(fmt::format("{}: not there ({})", title, part_folder.string()));
      return;
    }
    Part part = open(part_folder);
    if (part.files.empty())
      fail(ExitCode::kData, "{}: holds no MIDI file of {}; expected some, or no such folder",
           part_folder.string(), title);
    corpus.notes.push_back(fmt::format("{}: {}", title, part.note));
    std::ranges::move(part.files, std::back_inserter(corpus.files));
  };
  add("POP909", "pop909", [&](const fs::path& at) { return pop909(at, lists); });
  add("pop1k7", "pop1k7", pop1k7);
  add("Pianist8", "pianist8", pianist8);
  add("ASAP", "asap", [&](const fs::path& at) { return asap(at, lists); });
  if (corpus.files.empty())
    fail(ExitCode::kMissing, "{}: holds no corpus; expected {}", folder.string(), kExpected);
  std::ranges::sort(corpus.files, {}, &CorpusFile::id);
  return corpus;
}

}  // namespace mofi
