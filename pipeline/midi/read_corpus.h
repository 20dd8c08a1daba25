#pragma once
// Reads all MIDI files of a corpus on several threads, and tells of every bad one before it gives up.

#include <functional>
#include <string>

#include "midi/corpus.h"
#include "midi/midi_file.h"

namespace mofi {

struct ReadOptions {
  bool skip_bad_files = false;  ///< go on without files that cannot be read
  int threads = 0;              ///< 0: one for every core; never changes a result
};

void describe(auto& field, ReadOptions& options) {
  field("skip_bad_files", options.skip_bad_files, {.help = "go on without MIDI files that cannot be read"});
  field("threads", options.threads,
        {.help = "threads that read files; 0: one for every core",
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

/// Calls `visit` once for every readable file, from several threads and in any order: it must write only to
/// what belongs to its index. Every bad file is one line of the log; then, unless they are to be skipped,
/// kData is thrown. Returns how many were skipped. `purpose` labels the progress bar.
std::size_t read_corpus(const Corpus& corpus, const ReadOptions& options, const std::string& purpose,
                        const std::function<void(const CorpusPiece&)>& visit);

/// The identity of what was read, as artifacts record it among their inputs: ids and contents of the files,
/// in order.
std::string midi_digest(const std::vector<std::string>& ids, const std::vector<std::string>& midi_sha256);

}  // namespace mofi
