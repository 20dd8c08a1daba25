#pragma once
// The figures of a report. What has no data makes no figure.

#include <filesystem>
#include <string>
#include <vector>

#include "plots/figure.h"
#include "report/ablation_table.h"

namespace mofi {

/// Of one table:
///
///   accuracy_by_site     accuracy, valence and arousal by injection site, a series a condition, and the arm
///   without difference_by_site   the same less the baseline, paired site_by_condition    accuracy as a heat
///   map, of two sites and two conditions on probing              accuracy by the state that a probe reads
///   confusion            what was predicted of each label, up to twelve arms
///   learning             what runs recorded after every epoch, up to six arms
///   mode_by_quadrant     how modes go with labels in the clips that were scored
///   differences          a forest of differences, of arms that are not all at a site
///
/// Of more than six series there are several, NAME_2 and so on.
std::vector<Figure> figures_of(const NamedAblation& named, const RunSet& runs,
                               const AblationOptions& options);

/// Of several tables: `differences`, a forest across data sets and splits; `probing`, where more than one has
/// it.
std::vector<Figure> figures_across(const std::vector<NamedAblation>& all, const AblationOptions& options);

/// Of what lies in the results folder beside the runs: trace*.json (training.trace) as a time line of
/// reductions each, scaling.csv (series, ranks, rate, unit) as rates over ranks. Throws kData for files that
/// are something else.
std::vector<Figure> figures_of_ranks(const std::filesystem::path& results_dir);

// The parts, by what they are about.
std::vector<Figure> figures_by_site(const NamedAblation& named, const RunSet& runs,
                                    const AblationOptions& options);
std::vector<Figure> figures_by_state(const std::vector<const NamedAblation*>& tables,
                                     const AblationOptions& options);
std::vector<Figure> figures_of_answers(const NamedAblation& named, const RunSet& runs);
std::vector<Figure> learning_figures(const NamedAblation& named);
/// A forest of all comparisons with the baseline; nothing of none.
std::vector<Figure> forest_figures(const std::vector<const NamedAblation*>& tables,
                                   const AblationOptions& options);

/// "1,078 clips of 387 songs, 5 seeds"
std::string n_of(const ArmResult& result);

/// "accuracy_by_site", "accuracy_by_site_2" …: of the page of so many, counted from 0.
std::string page_name(const std::string& name, std::size_t page);

}  // namespace mofi
