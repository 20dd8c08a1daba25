#include "report/invariance_table.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "core/quadrants.h"
#include "report/cells.h"

namespace mofi {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// Rows of several runs together: each number weighs as much as its rows.
class Change {
 public:
  void add(const Json& of) {
    const double rows = of.at("rows").get<double>();
    rows_ += rows;
    for (const char* name : {"same", "distance", "accuracy", "high_valence_before", "high_valence_after"})
      if (of.contains(name)) sums_[name] += rows * of[name].get<double>();
  }
  void add(const Change& other) {
    rows_ += other.rows_;
    for (const auto& [name, sum] : other.sums_) sums_[name] += sum;
  }
  double rows() const { return rows_; }
  double mean(const std::string& name) const {
    const auto sum = sums_.find(name);
    return sum == sums_.end() || rows_ == 0 ? kNone : sum->second / rows_;
  }
  double rise_of_valence() const { return mean("high_valence_after") - mean("high_valence_before"); }

 private:
  double rows_ = 0;
  std::map<std::string, double> sums_;
};

/// What was changed, how, and of which label ("" of all).
struct Place {
  std::string what, how, label;
  auto operator<=>(const Place&) const = default;
};
using Changes = std::map<Place, Change>;

constexpr const char* kTransposition = "transposition";

/// The object of that name in `of`, or an empty one.
const Json& object_in(const Json& of, const char* name) {
  static const Json kEmpty = Json::object();
  return of.contains(name) ? of[name] : kEmpty;
}

Changes changes_of(const Arm& arm) {
  Changes changes;
  for (const Run* run : arm.runs) {
    if (run->invariance.is_null()) continue;
    for (const auto& [shift, change] : object_in(run->invariance, kTransposition).items())
      changes[{kTransposition, shift, ""}].add(change);
    for (const auto& [way, directions] : object_in(run->invariance, "parallel").items())
      for (const auto& [direction, change] : directions.items()) {
        changes[{way, direction, ""}].add(change);
        for (const auto& [label, of_label] : object_in(change, "by_class").items())
          changes[{way, direction, label}].add(of_label);
      }
  }
  return changes;
}

/// All shifts together.
Change transposed(const Changes& changes) {
  Change all;
  for (const auto& [place, change] : changes)
    if (place.what == kTransposition) all.add(change);
  return all;
}

std::string cell(double value, const char* sign = "") {
  return std::isnan(value) ? kNoValue : percent(value, sign);
}

struct Way {
  const char* name;
  const char* text;
};
constexpr std::array<Way, 3> kWays = {
    {{"music", "the notes"}, {"told", "what is told"}, {"music_and_told", "both"}}};
constexpr std::array<Way, 2> kDirections = {{{"to_minor", "major to minor"}, {"to_major", "minor to major"}}};

}  // namespace

bool has_invariance(const NamedAblation& named) {
  for (const Run* run : named.runs)
    if (!run->invariance.is_null()) return true;
  return false;
}

Table invariance_table(const NamedAblation& named) {
  const ArmSet& set = named.ablation.set;
  Table table;
  table.title = named.name.empty() ? "Invariance" : named.name + ", invariance";
  std::vector<const std::vector<std::string>*> cells;
  for (const Arm& arm : set.arms) cells.push_back(&arm.cells);
  table.columns = field_columns(set.names, cells);
  table.columns.push_back({"changed", Align::kLeft});
  for (const char* name : {"rows", "same answer", "distance", "accuracy", "high valence", "after"})
    table.columns.push_back({name});
  for (const std::string& quadrant : quadrant_names()) table.columns.push_back({quadrant});
  for (const std::size_t i : baseline_first(named.ablation)) {
    const Arm& arm = set.arms[i];
    const Changes changes = changes_of(arm);
    const auto add = [&](const std::string& text, const Change& change, const std::vector<double>& rises) {
      std::vector<std::string> row = arm.cells;
      row.push_back(text);
      row.push_back(with_thousands(std::llround(change.rows())));
      for (const char* name : {"same", "distance", "accuracy", "high_valence_before", "high_valence_after"})
        row.push_back(cell(change.mean(name)));
      for (const double rise : rises) row.push_back(cell(rise, "+"));
      table.rows.push_back(std::move(row));
    };
    if (const Change all = transposed(changes); all.rows() > 0)
      add("transposed", all, std::vector<double>(quadrant_names().size(), kNone));
    for (const Way& way : kWays)
      for (const Way& direction : kDirections) {
        const auto whole = changes.find({way.name, direction.name, ""});
        if (whole == changes.end()) continue;
        std::vector<double> rises;
        for (const std::string& quadrant : quadrant_names()) {
          const auto of = changes.find({way.name, direction.name, quadrant});
          rises.push_back(of == changes.end() ? kNone : of->second.rise_of_valence());
        }
        add(fmt::format("{}, {}", direction.text, way.text), whole->second, rises);
      }
  }
  table.notes = {
      "Rows of all seeds and folds of an arm, in %. Same answer: how many have it after the change. "
      "Distance: "
      "total variation between the probabilities before and after. Transposed: by each of the eleven "
      "intervals "
      "that stay within the vocabulary, -6 to +5 semitones.",
      "Parallel mode, at equal tonic: the notes (the third, sixth and seventh degree are moved), what the "
      "injection is told, or both. High valence: how often Q1 or Q4 is predicted, before and after; Q1 to "
      "Q4: "
      "how much that rises, in points, of the rows of each label. A model that ties valence to mode falls "
      "from "
      "major to minor and rises from minor to major."};
  return table;
}

Table invariance_numbers(const std::vector<NamedAblation>& all, const std::vector<std::string>& columns) {
  const std::vector<std::string> fields = all_fields(all);
  Table table;
  for (const std::string& name : columns) table.columns.push_back({name});
  for (const std::string& field : fields) table.columns.push_back({field});
  for (const char* name : {"changed", "how", "label", "rows", "same", "distance", "accuracy",
                           "high_valence_before", "high_valence_after"})
    table.columns.push_back({name});
  for (const NamedAblation& named : all)
    for (const std::size_t i : baseline_first(named.ablation)) {
      const Arm& arm = named.ablation.set.arms[i];
      for (const auto& [place, change] : changes_of(arm)) {
        std::vector<std::string> row = named.parts;
        for (const std::string& cell : cells_for(fields, named.ablation.set, arm))
          row.push_back(csv_text(cell));
        row.insert(row.end(), {place.what, place.how, place.label, number_cell(change.rows())});
        for (const char* name : {"same", "distance", "accuracy", "high_valence_before", "high_valence_after"})
          row.push_back(fraction_cell(change.mean(name)));
        table.rows.push_back(std::move(row));
      }
    }
  return table;
}

}  // namespace mofi
