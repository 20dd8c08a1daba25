#include "tokens/token_scheme.h"

#include <fmt/ranges.h>

#include "core/error.h"

namespace mofi {
namespace {

const TokenColumn kBar = {"Bar", 4, 2, 3}, kPosition = {"Position", 18, 16, 17},
                  kPitch = {"Pitch", 88, 86, 87}, kDuration = {"Duration", 66, 64, 65},
                  kVelocity = {"Velocity", 67, 65, 66}, kTempo = {"Tempo", 67, 65, 66};

}  // namespace

std::vector<std::string> token_scheme_names() { return {"cp4", "cp6"}; }

TokenScheme token_scheme(const std::string& name) {
  if (name == "cp4") return {.name = name, .columns = {kBar, kPosition, kPitch, kDuration}};
  if (name == "cp6")
    return {.name = name, .columns = {kBar, kPosition, kPitch, kVelocity, kDuration, kTempo}};
  fail(ExitCode::kUsage, "token scheme '{}' is not known; expected {}", name,
       fmt::join(token_scheme_names(), " or "));
}

}  // namespace mofi
