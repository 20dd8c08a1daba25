#include "training/auxiliary.h"

#include <fmt/ranges.h>

#include "core/error.h"

namespace mofi {
namespace {

constexpr int kPitchClasses = 12;

std::int64_t label_of(const std::string& task, const PieceMode& key) {
  if (key.mode == kUndefinedMode) return -1;
  if (task == "mode") return key.mode;
  if (key.tonic < 0) return -1;
  return task == "tonic" ? key.tonic : kPitchClasses * key.mode + key.tonic;
}

}  // namespace

AuxiliaryTask auxiliary_task(const std::string& name) {
  if (name == "key") return {name, 2 * kPitchClasses, true};
  if (name == "tonic") return {name, kPitchClasses, true};
  if (name == "mode") return {name, 2, false};
  fail(ExitCode::kInternal, "no rule gives the targets of auxiliary task {}", name);
}

AuxiliaryTargets make_auxiliary_targets(const std::vector<std::string>& names, const TokenTable& tokens,
                                        const ModeUnits& keys) {
  if (!names.empty() && !keys.key.empty() && keys.key.front() == nullptr)
    fail(ExitCode::kUsage,
         "training.auxiliary is {}, which needs a mode file; make one with `mofi mode` and name it "
         "(inputs.mode, --mode)",
         fmt::join(names, ", "));
  AuxiliaryTargets targets;
  for (const std::string& name : names) {
    targets.tasks.push_back(auxiliary_task(name));
    for (std::size_t r = 0; r < tokens.rows(); ++r)
      targets.label.push_back(label_of(name, *keys.key[keys.of_row[r]]));
  }
  return targets;
}

}  // namespace mofi
