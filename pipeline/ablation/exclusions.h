#pragma once
// Which cells a sweep leaves out.

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "ablation/sweep_place.h"
#include "core/config.h"

namespace mofi {

class ExclusionTests {
 public:
  /// `read` gives the fields of the section that a path is in, with the value set there: so values are
  /// compared as they are read, however they are written.
  using Read = std::function<Json(const std::string& path, const ConfigNode& value)>;
  ExclusionTests(const std::vector<Exclusion>& exclusions, const Read& read);

  /// Which conditions on fields these fields fulfil; of conditions on other sections, none.
  using Fulfilled = std::vector<bool>;
  Fulfilled fulfilled_by(const Json& fields) const;

  /// Whether some line leaves out the cell, whose sections fulfil what they do.
  bool leave_out(const SweepPlace& place, const std::vector<const Fulfilled*>& sections);

  /// Throws a usage error for a line that has left out nothing so far.
  void require_all_used() const;

 private:
  struct FieldCondition {
    std::string path;
    std::set<std::string> values;  ///< as JSON
  };
  struct Line {
    std::vector<std::size_t> fields;  ///< into fields_
    std::vector<Exclusion::Condition> named;
    ConfigSource source;
    bool is_used = false;
  };

  std::vector<FieldCondition> fields_;
  std::vector<Line> lines_;
};

}  // namespace mofi
