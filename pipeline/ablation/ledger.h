#pragma once
// Which runs of a results folder are done: read from the run folders themselves, which are all there is to
// know.
//
// To read and verify 50,000 results takes minutes, so what was verified is remembered in RESULTS/ledger, with
// what tells that neither file has been touched since: inode, size and time of change, as the file system
// gives them. That file may be deleted at any time, and is never trusted for anything else.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "core/config.h"

namespace mofi {

/// Two files of one name with the same stamp have the same contents, short of malice.
struct FileStamp {
  std::uint64_t inode = 0, size = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileStamp&) const = default;
};

/// What is remembered of a verified run, all of it short enough for 100,000 of them.
struct DoneRun {
  FileStamp result, predictions;
  double seconds = 0;    ///< that it took, over all attempts that led to it
  std::string config;    ///< first digits of the semantic config's digest
  std::string inputs;    ///< short_inputs of its inputs
  std::string shape;     ///< shape_of its config (estimate.h)
  std::string producer;  ///< program and commit
};

/// "mode=0123456789ab tokens=ba9876543210".
std::string short_inputs(const std::map<std::string, std::string>& digests);
/// As much of a semantic config's digest as a DoneRun has.
std::string short_digest(const std::string& digest);

/// Writes what is remembered. Throws kMissing where it cannot.
void write_ledger(const std::filesystem::path& results, const std::map<std::string, DoneRun>& done);

class Ledger {
 public:
  /// At the first question, RESULTS/runs is listed, once, and what was remembered is read. `verify` remembers
  /// nothing.
  explicit Ledger(std::filesystem::path results, bool verify = false);
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  const std::filesystem::path& results() const { return results_; }
  bool has_folder(const std::string& id) const { return folders().contains(id); }
  const std::unordered_set<std::string>& folders() const {
    list();
    return folders_;
  }

  /// The run as it is on disk now, verified; null where it has no result. Throws kData where the result is
  /// damaged, another run's, or of a schema that this program does not know.
  const DoneRun* find(const std::string& id);

  /// All that was remembered or found, changed since or not.
  const std::unordered_map<std::string, DoneRun>& known() const {
    list();
    return done_;
  }

  /// Remembers what was found. Where the folder cannot be written it does without.
  void save();

 private:
  void list() const;
  void remember() const;
  bool is_unchanged(const std::string& id, const DoneRun& run) const;

  std::filesystem::path results_;
  bool verify_;
  mutable bool is_listed_ = false;
  mutable int runs_ = -1;  ///< descriptor of RESULTS/runs
  mutable std::unordered_set<std::string> folders_;
  mutable std::unordered_map<std::string, DoneRun> done_;
  bool is_changed_ = false;
};

}  // namespace mofi
