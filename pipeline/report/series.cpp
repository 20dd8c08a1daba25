#include "report/series.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "report/cells.h"
#include "report/systems.h"

namespace mofi {
namespace {

constexpr const char* kConditionField = "injection.condition";

std::optional<double> number_of(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return number;
}

}  // namespace

std::string name_without(const ArmSet& set, const Arm& arm, const std::string& field) {
  std::string name;
  const auto add = [&](const std::string& text) { name += (name.empty() ? "" : " ") + text; };
  if (!is_midibert(arm.system)) add(arm.system);
  for (std::size_t i = 0; i < set.fields.size(); ++i) {
    if (set.fields[i] == field || set.fields[i] == "system" || arm.cells[i] == kNoValue) continue;
    add(set.fields[i] == kConditionField ? arm.cells[i] : set.names[i] + "=" + arm.cells[i]);
  }
  if (!name.empty()) return name;
  return field == kStateField ? "probe" : arm.config.get(kConditionField, kMidiBert);
}

std::string short_label(const ArmSet& set, const Arm& arm) { return name_without(set, arm, ""); }

std::vector<ArmSeries> series_along(const Ablation& ablation, const std::string& field) {
  std::vector<ArmSeries> all;
  std::map<std::pair<std::string, std::optional<std::size_t>>, std::size_t> place;
  for (std::size_t i = 0; i < ablation.set.arms.size(); ++i) {
    const Arm& arm = ablation.set.arms[i];
    std::optional<double> number = number_of(arm.config.get(field));
    if (field == kStateField && number && *number < 0)
      number = number_of(arm.config.get("model.layers"));  // the last
    if (!is_midibert(arm.system) || !number) continue;
    const std::string name = name_without(ablation.set, arm, field);
    std::optional<std::size_t> baseline;
    if (const auto difference = ablation.results[i].difference)
      baseline = ablation.comparisons[*difference].reference;
    const auto [entry, is_new] = place.try_emplace({name, baseline}, all.size());
    if (is_new) all.push_back({name, {}, baseline});
    all[entry->second].points.emplace_back(*number, i);
  }
  for (ArmSeries& series : all) std::sort(series.points.begin(), series.points.end());
  return all;
}

std::string counts_of(const Ablation& ablation, const std::vector<ArmSeries>& series) {
  std::vector<std::int64_t> clips, songs, seeds;
  for (const ArmSeries& one : series)
    for (const auto& [x, arm] : one.points) {
      const ArmResult& result = ablation.results[arm];
      clips.insert(clips.end(), {result.fewest_clips, result.most_clips});
      songs.push_back(static_cast<std::int64_t>(result.songs));
      seeds.push_back(static_cast<std::int64_t>(result.seeds.size()));
    }
  const auto span = [](const std::vector<std::int64_t>& of) {
    return counted(*std::min_element(of.begin(), of.end()), *std::max_element(of.begin(), of.end()));
  };
  return fmt::format("n: {} clips of {} songs, {} seeds", span(clips), span(songs), span(seeds));
}

std::vector<std::size_t> arms_to_show(const Ablation& ablation, std::size_t most) {
  std::vector<std::size_t> chosen;
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::size_t>> by_name;
  for (std::size_t i = 0; i < ablation.set.arms.size(); ++i) {
    if (ablation.results[i].is_baseline) {
      chosen.push_back(i);
      continue;
    }
    const std::string name = name_without(ablation.set, ablation.set.arms[i], kSiteField);
    if (by_name[name].empty()) order.push_back(name);
    by_name[name].push_back(i);
  }
  for (std::size_t turn = 0; chosen.size() < ablation.set.arms.size(); ++turn)
    for (const std::string& name : order)
      if (turn < by_name[name].size()) chosen.push_back(by_name[name][turn]);
  if (chosen.size() > most) chosen.resize(most);
  return chosen;
}

}  // namespace mofi
