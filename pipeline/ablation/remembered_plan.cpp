#include "ablation/remembered_plan.h"

#include "core/error.h"
#include "core/files.h"
#include "core/log.h"

namespace mofi {

void remember_plan(const std::filesystem::path& results, const std::vector<PlannedRun>& plan) try {
  std::map<std::pair<std::string, int>, Json> kinds;  // few shapes, many runs
  for (const PlannedRun& run : plan) {
    const std::string shape = run.cell != nullptr ? shape_of(run.cell->config, *run.inputs) : run.shape;
    kinds[{shape, run.epochs}].push_back(run.id);
  }
  Json json = {{"schema", kPlanSchema}, {"kinds", Json::array()}};
  for (auto& [kind, runs] : kinds)
    json["kinds"].push_back({{"shape", kind.first}, {"epochs", kind.second}, {"runs", std::move(runs)}});
  replace_file(results / kPlanFile, json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
} catch (const Error& error) {
  log_debug("the plan is not remembered: {}", error.what());
}

std::optional<std::vector<PlannedRun>> remembered_plan(const std::filesystem::path& results) try {
  const Json json = Json::parse(read_text(results / kPlanFile, std::size_t{1} << 30));
  if (json.at("schema") != kPlanSchema) return std::nullopt;
  std::vector<PlannedRun> plan;
  for (const Json& kind : json.at("kinds"))
    for (const Json& id : kind.at("runs")) {
      PlannedRun run;
      run.id = id.get<std::string>();
      if (run.id.empty() || run.id.front() == '.' || run.id.find('/') != std::string::npos)
        return std::nullopt;
      run.folder = results / "runs" / run.id;
      run.epochs = kind.at("epochs").get<int>();
      run.shape = kind.at("shape").get<std::string>();
      plan.push_back(std::move(run));
    }
  return plan;
} catch (const Error&) {
  return std::nullopt;
} catch (const Json::exception&) {
  return std::nullopt;
}

}  // namespace mofi
