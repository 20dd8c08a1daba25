#include "midi/read_corpus.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/progress.h"

namespace mofi {
namespace {

constexpr std::size_t kMaxMidiBytes = std::size_t{1}
                                      << 28;  // the largest MIDI files known are some ten megabytes

/// Runs work(0) … work(count - 1) on `threads` threads, this one included, which alone calls
/// after_each(done).
void for_each_index(std::size_t count, int threads, const std::function<void(std::size_t)>& work,
                    const std::function<void(std::size_t)>& after_each) {
  std::atomic<std::size_t> next{0};
  std::mutex first_failure_lock;
  std::exception_ptr first_failure;
  const auto run = [&](bool reports) {
    try {
      for (std::size_t i = next++; i < count; i = next++) {
        work(i);
        if (reports) after_each(std::min(next.load(), count));
      }
    } catch (...) {
      next = count;
      const std::lock_guard lock(first_failure_lock);
      if (!first_failure) first_failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back(run, false);
    run(true);
  }
  if (first_failure) std::rethrow_exception(first_failure);
  if (count > 0) after_each(count);
}

}  // namespace

std::size_t read_corpus(const Corpus& corpus, const ReadOptions& options, const std::string& purpose,
                        const std::function<void(const CorpusPiece&)>& visit) {
  const std::size_t count = corpus.files.size();
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int wanted = options.threads > 0 ? options.threads : cores;
  const int threads = static_cast<int>(std::clamp<std::size_t>(count, 1, static_cast<std::size_t>(wanted)));

  std::vector<std::string> refusals(count);
  ProgressBar bar(purpose, "files", static_cast<std::int64_t>(count));
  for_each_index(
      count, threads,
      [&](std::size_t i) {
        try {
          const std::filesystem::path& path = corpus.files[i].path;
          const std::vector<std::byte> bytes = read_bytes(path, kMaxMidiBytes);
          const MidiFile midi = read_midi(bytes, path.string());
          visit({i, midi, sha256_of_bytes(bytes)});
        } catch (const Error& error) {
          if (error.code() == ExitCode::kInternal) throw;
          refusals[i] = error.what();
        }
      },
      [&](std::size_t done) { bar.update(static_cast<std::int64_t>(done)); });

  const std::size_t bad =
      count - static_cast<std::size_t>(std::count(refusals.begin(), refusals.end(), std::string()));
  if (bad == 0) return 0;
  if (bad == 1 && !options.skip_bad_files) {
    const auto only =
        std::find_if(refusals.begin(), refusals.end(), [](const std::string& text) { return !text.empty(); });
    fail(ExitCode::kData, "{}; mend or remove it, or pass --skip-bad-files", *only);
  }
  for (const std::string& refusal : refusals)
    if (!refusal.empty()) log_line_warning(refusal);
  if (!options.skip_bad_files)
    fail(ExitCode::kData,
         "{} of {} MIDI files cannot be read (listed above); mend or remove them, or pass --skip-bad-files",
         bad, count);
  return bad;
}

std::string midi_digest(const std::vector<std::string>& ids, const std::vector<std::string>& midi_sha256) {
  Sha256 hash;
  for (std::size_t i = 0; i < ids.size(); ++i) hash.update(ids[i]).update(midi_sha256[i]);
  return hash.hex();
}

}  // namespace mofi
