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
  bool strict = false;          ///< refuse files that break the standard instead of mending them
  bool skip_bad_files = false;  ///< go on without files that cannot be read
  bool fail_fast = false;       ///< stop at the first file that cannot be read
  int threads = 0;              ///< 0: one for every core; never changes a result
};

void describe(auto& field, ReadOptions& options) {
  field("strict", options.strict,
        {.help = "refuse MIDI files that break the standard instead of mending them", .is_volatile = true});
  field("skip_bad_files", options.skip_bad_files,
        {.help = "go on without MIDI files that cannot be read", .is_volatile = true});
  field("fail_fast", options.fail_fast,
        {.help = "stop at the first MIDI file that cannot be read", .is_volatile = true});
  field("threads", options.threads,
        {.help = "threads that read files, on each rank; 0: one for every core",
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
ReadReport read_corpus(const Corpus& corpus, const ReadOptions& options, Pairing pairing, const Team& team,
                       const std::string& purpose, const std::function<void(const CorpusPiece&)>& visit);

/// Tells what was mended, a line for each kind, and what could not be read, a line for each file. Unless bad
/// files are to be skipped, they are kData.
void require_readable(const Corpus& corpus, const ReadOptions& options, const ReadReport& report);

/// The identity of what was read, as artifacts record it among their inputs: ids and contents of the files,
/// in order.
std::string midi_digest(const std::vector<std::string>& ids, const std::vector<std::string>& midi_sha256);

}  // namespace mofi
