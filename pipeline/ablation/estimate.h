#pragma once
// How long runs take: from runs of the same shape that were measured here, and from nothing else.

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "training/run_config.h"

namespace mofi {

class Ledger;

/// What decides how long a run takes: the data, the sizes of the model, words, epochs, batch, what is
/// trained. The same text of a config and of its record.
std::string shape_of(const RunConfig& config, const std::map<std::string, std::string>& inputs);
std::string shape_of(const Json& semantic_config, const std::map<std::string, std::string>& inputs);

/// Of two runs the one with more takes longer, by how much nobody knows: the words that pass through the
/// layers, and their weights.
double work_of(const RunConfig& config);

/// Median seconds of a run by shape.
using MeasuredTimes = std::map<std::string, double>;
MeasuredTimes measured_times(const Ledger& ledger);

/// How long runs of these lengths take if each of `ranks` takes the longest that is left, again and again.
double time_on(std::vector<double> seconds, int ranks);

}  // namespace mofi
