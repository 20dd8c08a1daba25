#pragma once
// Arms as points of a curve: those that differ in one number, an injection site or the state that a probe
// reads, and in nothing else.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "report/ablation.h"

namespace mofi {

inline constexpr const char* kSiteField = "injection.site";
inline constexpr const char* kStateField = "head.state";

struct ArmSeries {
  std::string name;  ///< "mode", "mode by=add", or what else its arms share that others do not
  std::vector<std::pair<double, std::size_t>> points;  ///< the number and the arm, ascending
  std::optional<std::size_t> baseline;                 ///< the arm that they are compared with
};

/// Those of the arms that have a number at `field`, in the order of the arms. Arms of one name that are
/// compared with unlike baselines are series of their own.
std::vector<ArmSeries> series_along(const Ablation& ablation, const std::string& field);

/// What tells the arm from others but `field`: the condition by itself, the rest as "name=value".
std::string name_without(const ArmSet& set, const Arm& arm, const std::string& field);
/// All that tells it from others: "mode site=0".
std::string short_label(const ArmSet& set, const Arm& arm);

/// "n: 432–1078 clips of 152–387 songs, 5 seeds", of any of their arms.
std::string counts_of(const Ablation& ablation, const std::vector<ArmSeries>& series);

/// Up to `most` arms, the baselines first, then of every condition one, then of every condition the next …:
/// of many arms the most unlike.
std::vector<std::size_t> arms_to_show(const Ablation& ablation, std::size_t most);

}  // namespace mofi
