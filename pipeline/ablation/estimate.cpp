#include "ablation/estimate.h"

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <queue>

#include "ablation/ledger.h"

namespace mofi {
namespace {

std::string tokens_of(const std::map<std::string, std::string>& inputs) {
  const auto tokens = inputs.find("tokens");
  return tokens == inputs.end() ? "" : tokens->second.substr(0, 8);
}

}  // namespace

std::string shape_of(const RunConfig& config, const std::map<std::string, std::string>& inputs) {
  const std::string system = config.system == kMidiBert ? "" : " " + config.system;
  return fmt::format("{}{} {} {} {} {} {} {} {} {} {} {}", tokens_of(inputs), system, config.data.split,
                     config.data.rows, config.data.max_words, config.model.layers, config.model.hidden,
                     config.model.intermediate, config.training.epochs, config.training.batch,
                     config.training.trains, config.training.select);
}

std::string shape_of(const Json& config, const std::map<std::string, std::string>& inputs) {
  std::string shape = tokens_of(inputs);
  if (config.contains("system")) shape += " " + config.at("system").get<std::string>();
  for (const char* field : {"/data/split", "/data/rows", "/data/max_words", "/model/layers", "/model/hidden",
                            "/model/intermediate", "/training/epochs", "/training/batch", "/training/trains",
                            "/training/select"}) {
    const Json::json_pointer place(field);
    const Json value = config.contains(place) ? config.at(place) : Json("?");
    shape += " " + (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return shape;
}

double work_of(const RunConfig& config) {
  if (is_classical(config.system)) return 0;
  const auto hidden = static_cast<double>(config.model.hidden),
             intermediate = static_cast<double>(config.model.intermediate),
             words = static_cast<double>(config.data.max_words);
  const double weights = config.model.layers * hidden * (4 * hidden + 2 * intermediate + 2 * words);
  return weights * words * config.training.epochs * (config.data.rows == "all" ? 2 : 1) *
         (config.training.trains == "head" ? 1.0 / 3 : 1);  // no backward pass through the layers
}

MeasuredTimes measured_times(const Ledger& ledger) {
  std::map<std::string, std::vector<double>> all;
  for (const auto& [id, run] : ledger.known())
    if (run.seconds > 0) all[run.shape].push_back(run.seconds);
  MeasuredTimes medians;
  for (auto& [shape, seconds] : all) {
    const auto middle = seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2);
    std::nth_element(seconds.begin(), middle, seconds.end());
    medians[shape] = *middle;
  }
  return medians;
}

double time_on(std::vector<double> seconds, int ranks) {
  std::ranges::sort(seconds, std::greater<>());
  std::priority_queue<double, std::vector<double>, std::greater<>> free_at;
  for (int rank = 0; rank < ranks; ++rank) free_at.push(0);
  double end = 0;
  for (const double length : seconds) {
    const double done_at = free_at.top() + length;
    free_at.pop();
    free_at.push(done_at);
    end = std::max(end, done_at);
  }
  return end;
}

}  // namespace mofi
