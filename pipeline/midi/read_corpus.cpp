#include "midi/read_corpus.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "core/aligned.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/progress.h"

namespace mofi {
namespace {

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

int thread_count(int wanted, const Team& team, std::size_t files) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency()) / team.on_this_node;
  return static_cast<int>(
      std::clamp<std::size_t>(files, 1, static_cast<std::size_t>(std::max(1, wanted > 0 ? wanted : cores))));
}

}  // namespace

void ReadReport::add(std::size_t index, const RepairCounts& repairs) {
  for (std::size_t kind = 0; kind < mended.size(); ++kind) {
    if (repairs.times[kind] == 0) continue;
    Mended& sum = mended[kind];
    sum.first_index = sum.files == 0 ? index : std::min(sum.first_index, index);
    ++sum.files;
    sum.times += repairs.times[kind];
  }
}

void ReadReport::merge(const ReadReport& other) {
  refusals.insert(refusals.end(), other.refusals.begin(), other.refusals.end());
  std::sort(refusals.begin(), refusals.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  for (std::size_t kind = 0; kind < mended.size(); ++kind) {
    Mended& sum = mended[kind];
    const Mended& more = other.mended[kind];
    if (more.files == 0) continue;
    sum.first_index = sum.files == 0 ? more.first_index : std::min(sum.first_index, more.first_index);
    sum.files += more.files;
    sum.times += more.times;
  }
}

Packer& operator<<(Packer& packer, const ReadReport& report) {
  packer << report.mended << report.refusals.size();
  for (const auto& [index, why] : report.refusals) packer << index << why;
  return packer;
}

Unpacker& operator>>(Unpacker& unpacker, ReadReport& report) {
  unpacker >> report.mended;
  report.refusals.resize(unpacker.read<std::size_t>());
  for (auto& [index, why] : report.refusals) unpacker >> index >> why;
  return unpacker;
}

ReadReport read_corpus(const Corpus& corpus, const ReadOptions& options, const Team& team,
                       const std::string& purpose, const std::function<void(const CorpusPiece&)>& visit) {
  if (options.fail_fast && options.skip_bad_files)
    fail(ExitCode::kUsage, "reading.fail_fast and reading.skip_bad_files exclude each other");
  const MidiReading reading{pairing_named(options.pairing), options.strict};
  std::vector<std::size_t> share;
  for (std::size_t i = 0; i < corpus.files.size(); ++i)
    if (team.owner(i) == team.rank) share.push_back(i);

  ReadReport report;
  std::mutex report_lock;
  // The first rank's share stands for all: ranks do not talk while they read.
  const auto total = static_cast<std::int64_t>(corpus.files.size());
  ProgressBar bar(purpose, "files", total, !team.is_root());
  const auto read_one = [&](std::size_t k) {
    const std::string path = corpus.files[share[k]].path.string();
    try {
      const std::vector<std::byte> bytes = read_bytes(path, kMaxMidiBytes);
      const MidiFile midi = read_midi(bytes, path, reading);
      visit({share[k], midi, sha256_of_bytes(bytes)});
      if (midi.repairs == RepairCounts{}) return;
      const std::lock_guard lock(report_lock);
      report.add(share[k], midi.repairs);
    } catch (const Error& error) {
      const std::string sentence = error.what();
      const std::string why = sentence.starts_with(path) ? sentence : path + ": " + sentence;
      if (options.fail_fast) throw Error(error.code(), why);
      const std::lock_guard lock(report_lock);
      report.refusals.push_back({share[k], why});
    }
  };
  for_each_index(
      share.size(), thread_count(options.threads, team, share.size()), read_one,
      [&](std::size_t done) { bar.update(std::min(total, static_cast<std::int64_t>(done) * team.size)); });
  ReadReport sorted;
  sorted.merge(report);
  return sorted;
}

void require_readable(const Corpus& corpus, const ReadOptions& options, const ReadReport& report) {
  for (std::size_t kind = 0; kind < report.mended.size(); ++kind) {
    const auto& [files, times, first] = report.mended[kind];
    if (files > 0)
      log_info("mended in {} of {} files, {}: {}: {}; the first is {}", files, corpus.files.size(),
               counted(times, "time"), kRepairTexts[kind].found, kRepairTexts[kind].done,
               corpus.files[first].id);
  }
  const std::size_t bad = report.refusals.size();
  if (bad == 0) return;
  if (bad == 1 && !options.skip_bad_files)
    fail(ExitCode::kData,
         "{}; mend or remove it, or leave such files out (reading.skip_bad_files, --skip-bad-files)",
         report.refusals[0].why);
  for (const auto& refusal : report.refusals) log_line_warning(refusal.why);
  if (!options.skip_bad_files)
    fail(ExitCode::kData,
         "{} of {} MIDI files cannot be used (listed above); mend or remove them, or leave them out "
         "(reading.skip_bad_files, --skip-bad-files)",
         bad, corpus.files.size());
}

std::string midi_digest(const std::vector<std::string>& ids, const std::vector<std::string>& midi_sha256) {
  Sha256 hash;
  for (std::size_t i = 0; i < ids.size(); ++i) hash.update(ids[i]).update(midi_sha256[i]);
  return hash.hex();
}

}  // namespace mofi
