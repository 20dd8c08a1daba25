#include "report/figures.h"

#include <fmt/core.h>

#include <algorithm>

#include "report/cells.h"
#include "report/series.h"

namespace mofi {
namespace {

void append(std::vector<Figure>& figures, std::vector<Figure> more) {
  for (Figure& figure : more) figures.push_back(std::move(figure));
}

bool has_states(const NamedAblation& named) {
  const auto& fields = named.ablation.set.fields;
  return std::find(fields.begin(), fields.end(), kStateField) != fields.end();
}

/// Whether some arm that is compared with the baseline is at no site, so that no curve by site shows it.
bool has_arms_off_curves(const NamedAblation& named) {
  const Ablation& ablation = named.ablation;
  for (std::size_t i = 0; i < ablation.results.size(); ++i)
    if (ablation.results[i].difference && ablation.set.arms[i].config.get(kSiteField).empty()) return true;
  return false;
}

}  // namespace

std::string n_of(const ArmResult& result) {
  return fmt::format("{} clips of {}, {}", counted(result.fewest_clips, result.most_clips),
                     plural(result.songs, "song"), plural(result.seeds.size(), "seed"));
}

std::string page_name(const std::string& name, std::size_t page) {
  return page == 0 ? name : fmt::format("{}_{}", name, page + 1);
}

std::vector<Figure> figures_of(const NamedAblation& named, const RunSet& runs,
                               const AblationOptions& options) {
  std::vector<Figure> figures = figures_by_site(named, runs, options);
  if (has_states(named)) append(figures, figures_by_state({&named}, options));
  if (has_arms_off_curves(named) && !has_states(named)) append(figures, forest_figures({&named}, options));
  append(figures, figures_of_answers(named, runs));
  append(figures, learning_figures(named));
  return figures;
}

std::vector<Figure> figures_across(const std::vector<NamedAblation>& all, const AblationOptions& options) {
  std::vector<const NamedAblation*> tables, probed;
  for (const NamedAblation& named : all) {
    if (has_states(named))
      probed.push_back(&named);
    else
      tables.push_back(&named);
  }
  std::vector<Figure> figures;
  if (tables.size() > 1) append(figures, forest_figures(tables, options));
  if (probed.size() > 1) append(figures, figures_by_state(probed, options));
  return figures;
}

}  // namespace mofi
