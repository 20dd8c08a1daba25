#pragma once
// The tokens, modes and features of a sweep's runs: which files they are in, and the tables in memory.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "ablation/cells.h"
#include "training/run.h"

namespace mofi {

/// The files of one MusicConfig.
struct InputFiles {
  std::string name;              ///< "emopia", "vgmidi_aarden_essen"; empty where there is no other music
  std::filesystem::path folder;  ///< of what is made; empty for ready-made tokens
  std::filesystem::path tokens;
  std::filesystem::path mode;      ///< may be empty, of ready-made tokens
  std::filesystem::path features;  ///< made and read where a run needs them; the same
};

/// One entry a music, in order. What is ready-made is where inputs says. What is made is in
/// RESULTS/tokens.h5, RESULTS/mode.h5 and RESULTS/features.h5; tokens of several kinds have folders,
/// RESULTS/inputs/emopia/, and keys of several kinds for the same tokens stand beside each other,
/// mode_aarden_essen.h5; so do features, in which keys are, too.
std::vector<InputFiles> input_files(const std::vector<MusicConfig>& music,
                                    const std::filesystem::path& results);

/// What a run reads, by its cell.
using InputsOf = std::function<RunInputs(const Cell&)>;

/// The tables of a sweep, each read when a run first asks for it and kept until the end of the process. Not
/// for several threads.
class SweepInputs {
 public:
  SweepInputs(const std::vector<MusicConfig>& music, const std::filesystem::path& results);

  /// Throws kMissing or kData where there are no such files. Without a mode file there are no modes, unless
  /// one is asked for.
  RunInputs of(const Cell& cell);
  operator InputsOf() {
    return [this](const Cell& cell) { return of(cell); };
  }

 private:
  const TokenTable& tokens(const std::filesystem::path& path);
  const ModeTable* modes(const std::filesystem::path& path, bool is_required);
  const FeatureTable& features(const std::filesystem::path& path, const std::string& who);

  struct Files : InputFiles {
    bool mode_is_required = false;
  };
  std::vector<Files> files_;
  std::map<std::filesystem::path, std::unique_ptr<const TokenTable>> tokens_;
  std::map<std::filesystem::path, std::unique_ptr<const ModeTable>> modes_;
  std::map<std::filesystem::path, std::unique_ptr<const FeatureTable>> features_;
};

}  // namespace mofi
