#pragma once
// Names of cells that a reader can tell apart: what differs within the sweep, and no more.

#include <string>
#include <string_view>
#include <vector>

#include "ablation/sweep_axes.h"
#include "training/run_config.h"

namespace mofi {

/// At most so many characters of a name; what tells runs apart is the digest after it.
inline constexpr std::size_t kLongestSlug = 120;

/// The text with '-' for every character that a file name had better not have.
std::string file_name_part(std::string_view text);

/// What a field's value adds to a name: "aarden_essen" of a text, the stem of a path, "epochs5" of a number.
std::string slug_of_value(const std::string& field, const std::string& value, bool is_text);
/// The same of a value written as JSON.
std::string slug_of_json(const std::string& field, const std::string& json);

/// The names of one arm's cells. Music and named axes come first, those of every arm before an arm's own,
/// then condition and site, other fields, fold and seed: "emopia_mode_site1_epochs5_fold0_seed2".
class ArmSlugs {
 public:
  std::string slug(const RunConfig& config, const std::vector<std::size_t>& at) const;

 private:
  friend class SweepSlugs;
  struct Part {
    std::size_t axis;
    std::vector<std::string> texts;  ///< one a value of the axis
  };
  std::vector<Part> first_, middle_;
};

class SweepSlugs {
 public:
  explicit SweepSlugs(const Sweep& sweep);
  ArmSlugs of(const SweepArm& arm) const;

 private:
  bool is_in_every_arm(const SweepAxis& axis) const;
  /// Whether some arm has the axis with another value, or has no such axis.
  bool tells_apart(const SweepAxis& axis) const;

  const Sweep& sweep_;
};

}  // namespace mofi
