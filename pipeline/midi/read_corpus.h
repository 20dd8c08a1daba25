#pragma once
// Reads all MIDI files of a corpus on several threads of several ranks, and tells of every bad one before it
// gives up.

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "core/packing.h"
#include "core/team.h"
#include "midi/corpus.h"
#include "midi/midi_file.h"

namespace mofi {

struct ReadOptions {
  std::string pairing = "all";  ///< the only one that changes what is read
  bool strict = false;
  bool skip_bad_files = false;
  bool fail_fast = false;
  int threads = 0;  ///< 0: the cores of this machine, shared by its ranks
};

void describe(auto& field, ReadOptions& options) {
  field("pairing", options.pairing,
        {.help = "notes that a note-off ends: all open ones of its key, or the first (fifo)",
         .choices = pairing_names()});
  field("strict", options.strict,
        {.help = "refuse MIDI files that break the standard instead of mending them", .is_volatile = true});
  field("skip_bad_files", options.skip_bad_files,
        {.help = "go on without MIDI files that cannot be used", .is_volatile = true});
  field("fail_fast", options.fail_fast,
        {.help = "stop at the first MIDI file that cannot be used", .is_volatile = true});
  field("threads", options.threads,
        {.help = "threads that read files, on each rank; 0: one for every core",
         .unit = "threads",
         .minimum = 0,
         .maximum = 1024,
         .is_volatile = true});
}

/// A file of the corpus, read. `index` is its place in Corpus::files.
struct CorpusPiece {
  std::size_t index;
  const MidiFile& midi;
  const std::string& midi_sha256;
};

/// What was wrong with the files of a corpus, or of one rank's share of it.
struct ReadReport {
  struct Refusal {
    std::size_t index = 0;
    std::string why;
  };
  struct Mended {
    std::uint64_t files = 0, times = 0;
    std::size_t first_index = 0;
  };
  std::vector<Refusal> refusals;                     ///< by index
  std::array<Mended, kRepairTexts.size()> mended{};  ///< in the order of Repair

  void add(std::size_t index, const RepairCounts& repairs);
  void merge(const ReadReport& other);
};
Packer& operator<<(Packer& packer, const ReadReport& report);
Unpacker& operator>>(Unpacker& unpacker, ReadReport& report);

/// Calls `visit` once for every readable file of this rank's share, from several threads and in any order: it
/// must write only to what belongs to its index. An Error that it throws counts against the file, as one of
/// reading does. `purpose` labels the progress bar. Throws at once only with `fail_fast`.
ReadReport read_corpus(const Corpus& corpus, const ReadOptions& options, const Team& team,
                       const std::string& purpose, const std::function<void(const CorpusPiece&)>& visit);

/// Tells what was mended, a line for each kind, and what could not be used, a line for each file. Unless bad
/// files are to be skipped, they are kData.
void require_readable(const Corpus& corpus, const ReadOptions& options, const ReadReport& report);

/// What was made of a file; nothing was where the digest is empty, of a file that was skipped.
template <class T>
struct ReadFile {
  std::string midi_sha256;
  T made{};
};

/// Makes something of every file, on all ranks of the team: `make(piece)` → T, which a Packer takes. The
/// first rank gets all, as Corpus::files, once bad files have been told of; the others get an empty list.
template <class T, class Make>
std::vector<ReadFile<T>> read_files(const Corpus& corpus, const ReadOptions& options, const Team& team,
                                    const std::string& purpose, const Make& make) {
  std::vector<ReadFile<T>> files(corpus.files.size());
  ReadReport report = read_corpus(corpus, options, team, purpose, [&](const CorpusPiece& piece) {
    files[piece.index] = {piece.midi_sha256, make(piece)};
  });
  if (team.size > 1) {
    Packer packer;
    if (!team.is_root()) {
      packer << report;
      for (std::size_t i = 0; i < files.size(); ++i)
        if (team.owner(i) == team.rank) packer << corpus.files[i].id << files[i].midi_sha256 << files[i].made;
    }
    team.collect(packer.take(), [&](int rank, const std::string& bytes) {
      Unpacker unpacker(bytes);
      report.merge(unpacker.read<ReadReport>());
      bool same_files = true;  // every rank has listed the folder for itself
      for (std::size_t i = 0; i < files.size() && same_files; ++i) {
        if (team.owner(i) != rank) continue;
        same_files = !unpacker.at_end() && unpacker.read<std::string>() == corpus.files[i].id;
        if (same_files) unpacker >> files[i].midi_sha256 >> files[i].made;
      }
      if (!same_files || !unpacker.at_end())
        fail(ExitCode::kData, "the files of {} changed while ranks were reading them; run it again",
             corpus.name);
    });
    if (!team.is_root()) return {};
  }
  require_readable(corpus, options, report);
  return files;
}

/// The identity of what was read, as artifacts record it among their inputs: ids and contents of the files,
/// in order.
std::string midi_digest(const std::vector<std::string>& ids, const std::vector<std::string>& midi_sha256);

/// The same of the files that were not skipped.
template <class T>
std::string midi_digest(const Corpus& corpus, const std::vector<ReadFile<T>>& files) {
  std::vector<std::string> ids, digests;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].midi_sha256.empty()) continue;
    ids.push_back(corpus.files[i].id);
    digests.push_back(files[i].midi_sha256);
  }
  return midi_digest(ids, digests);
}

}  // namespace mofi
