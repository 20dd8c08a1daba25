// How fast the data stages are on real music: one core, the files in the page cache. An iteration is a pass
// over a whole data set, through the functions that the stages themselves call. ./mofi bench runs this beside
// what is used instead; on its own it takes Google Benchmark's options, and MOFI_DATA_UNPACKED=DIR (emopia/,
// vgmidi/).

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "midi/read_corpus.h"
#include "test_data.h"
#include "tokens/compound_word.h"
#include "tokens/tokenize_corpus.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

/// What a pass went through.
struct Pass {
  std::size_t files = 0, bytes = 0, notes = 0;
};

void report(benchmark::State& state, const Pass& pass) {
  state.SetItemsProcessed(static_cast<std::int64_t>(pass.files) * state.iterations());
  if (pass.bytes > 0) state.SetBytesProcessed(static_cast<std::int64_t>(pass.bytes) * state.iterations());
  state.counters["files"] = static_cast<double>(pass.files);
  state.counters["notes_per_second"] =
      benchmark::Counter(static_cast<double>(pass.notes), benchmark::Counter::kIsIterationInvariantRate);
}

/// From a path to notes in memory.
void reading(benchmark::State& state, const Corpus& corpus) {
  Pass pass;
  while (state.KeepRunning()) {
    pass = {};
    for (const CorpusFile& file : corpus.files) {
      const std::vector<std::byte> bytes = read_bytes(file.path);
      const MidiFile midi = read_midi(bytes, file.id);
      ++pass.files;
      pass.bytes += bytes.size();
      pass.notes += midi.notes.size();
      benchmark::DoNotOptimize(midi.notes.data());
    }
  }
  report(state, pass);
}

/// From a path to words, key and the file's SHA-256: what `mofi tokenize` and `mofi mode` do together,
/// reading once.
void tokens_and_mode(benchmark::State& state, const Corpus& corpus) {
  const KeyProfile& profile = key_profile("krumhansl_kessler");
  Pass pass;
  while (state.KeepRunning()) {
    pass = {};
    read_corpus(corpus, {.threads = 1}, {}, "bench", [&](const CorpusPiece& piece) {
      const TokenizedPiece tokens = tokenize(piece.midi);
      const KeyEstimate key = find_key(pitch_class_weights(piece.midi, Weighting::kTicks), profile);
      ++pass.files;
      pass.notes += piece.midi.notes.size();
      benchmark::DoNotOptimize(tokens.words.data());
      benchmark::DoNotOptimize(key.mode);
    });
  }
  report(state, pass);
}

/// SHA-256 of the padded rows as little-endian int64, files in order of their names, as specification 2.9 has
/// it: whoever prints the same has made the same tokens.
std::string digest_of_rows(const Corpus& corpus) {
  const TokenTable table = tokenize_corpus(corpus, {}, {.threads = 1}).table;
  const std::vector<std::int64_t> words(table.words.begin(), table.words.end());
  return sha256_of_bytes(std::as_bytes(std::span(words)));
}

void add(const std::string& name, const Corpus& corpus) {
  benchmark::RegisterBenchmark(("reading/" + name).c_str(), reading, corpus)
      ->Unit(benchmark::kMillisecond)
      ->MeasureProcessCPUTime()
      ->UseRealTime();
  benchmark::RegisterBenchmark(("tokens_and_mode/" + name).c_str(), tokens_and_mode, corpus)
      ->Unit(benchmark::kMillisecond)
      ->MeasureProcessCPUTime()
      ->UseRealTime();
  benchmark::AddCustomContext("digest/" + name, digest_of_rows(corpus));
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return static_cast<int>(ExitCode::kUsage);
  start_logging("warning");
  try {
    if (const auto folder = test_data("emopia")) add("emopia", open_emopia(*folder));
    if (const auto folder = test_data("vgmidi")) add("vgmidi", open_vgmidi(*folder));
    if (benchmark::RunSpecifiedBenchmarks() == 0)
      fail(ExitCode::kMissing, "nothing to measure: set MOFI_DATA_UNPACKED to the folder that holds emopia/");
  } catch (const Error& error) {
    log_error("{}", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
