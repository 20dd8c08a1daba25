#include "ablation/explain.h"

#include <algorithm>

#include "ablation/run_folder.h"
#include "core/aligned.h"
#include "core/error.h"
#include "core/files.h"
#include "core/progress.h"
#include "storage/artifact_text.h"
#include "storage/run_record.h"

namespace mofi {
namespace {

constexpr std::size_t kLooked = 2000;  // done runs that are read for the one most like it
constexpr std::size_t kNamed = 5;      // that an ambiguous name is answered with

/// "training.epochs" → "10", of every value inside.
std::map<std::string, std::string> flat(const Json& config) {
  std::map<std::string, std::string> fields;
  const Json pairs = config.flatten();  // items() does not keep what it lists
  for (const auto& [pointer, value] : pairs.items()) {
    std::string path = pointer.substr(1);
    std::ranges::replace(path, '/', '.');
    fields[path] = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return fields;
}

/// A line a field: what it is there, and here.
std::vector<std::vector<std::string>> differences(const Json& there, const Json& here) {
  const auto old = flat(there), now = flat(here);
  std::vector<std::vector<std::string>> lines;
  for (const auto& [field, value] : now) {
    const auto found = old.find(field);
    if (found == old.end() || found->second != value)
      lines.push_back({field, found == old.end() ? "–" : found->second, value});
  }
  for (const auto& [field, value] : old)
    if (!now.contains(field)) lines.push_back({field, value, "–"});
  return lines;
}

std::string text_of(const Attempt& attempt, const std::filesystem::path& results) {
  std::string text = fmt::format("attempt {}: ", attempt.number);
  if (!attempt.newer_schema.empty())
    return text + "made by a newer version, schema " + attempt.newer_schema + "\n";
  if (attempt.end && attempt.end->kind == EndKind::kReset)
    return text + fmt::format("asked for again, {}\n", attempt.began);
  text +=
      fmt::format("{}, begun {}, by {}\n", mofi::text_of(attempt.process), attempt.began, attempt.producer);
  AttemptEnd end;
  if (attempt.end) {
    end = *attempt.end;
  } else if (life_of(attempt.process) == Life::kDead) {
    end = verdict_on(results, attempt);
  } else {
    return text + "  is at work on it\n";
  }
  text += fmt::format("  {}{}{}\n", name_of(end.kind),
                      end.seconds > 0 ? " after " + readable_duration(end.seconds) : "",
                      end.type.empty() ? "" : " (" + end.type + ")");
  const auto indented = [&](const std::string& lines) {
    for (std::size_t at = 0; at < lines.size();) {
      const auto line_end = std::min(lines.find('\n', at), lines.size());
      text += "  | " + lines.substr(at, line_end - at) + "\n";
      at = line_end + 1;
    }
  };
  indented(end.text);
  if (!end.stack.empty()) text += "  thrown in, called from:\n";
  for (const std::string& frame : end.stack) indented(frame);
  if (!end.log.empty()) text += "  what it had said before:\n";
  for (const std::string& line : end.log) indented(line);
  return text;
}

std::string nearest_text(const PlannedRun& run, const Ledger& ledger) {
  const Json here = config_to_json(run.cell->config, true);
  std::string nearest;
  std::vector<std::vector<std::string>> least;
  std::size_t looked = 0;
  for (const auto& [id, done] : ledger.known()) {
    if (id == run.id || ++looked > kLooked) continue;
    const Json record = Json::parse(read_text(ledger.results() / "runs" / id / kResultFile), nullptr, false);
    if (!record.is_object() || !record.contains("config")) continue;
    auto lines = differences(record["config"], here);
    for (const auto& [name, digest] : *run.inputs) {
      const std::string old = record.contains("inputs") ? record["inputs"].value(name, "–") : "–";
      if (old != digest) lines.push_back({"digest of " + name, old.substr(0, 12), digest.substr(0, 12)});
    }
    if (!nearest.empty() && std::pair(lines.size(), id) >= std::pair(least.size(), nearest)) continue;
    nearest = id;
    least = std::move(lines);
  }
  if (nearest.empty()) return "";
  least.insert(least.begin(), {"", "there", "here"});
  return fmt::format("\nof the done runs {} is most like it; it differs in\n{}", nearest,
                     aligned(least, "lll"));
}

}  // namespace

const PlannedRun& run_named(const std::vector<PlannedRun>& plan, const std::string& id) {
  std::vector<const PlannedRun*> found;
  for (const PlannedRun& run : plan) {
    if (run.id == id) return run;
    if (run.id.starts_with(id)) found.push_back(&run);
  }
  if (found.size() == 1) return *found[0];
  if (found.empty())
    fail(ExitCode::kUsage, "{}: the sweep has no run of that name; `mofi sweep plan` lists them", id);
  std::string names;
  for (std::size_t i = 0; i < std::min(kNamed, found.size()); ++i)
    names += (i > 0 ? ", " : "") + found[i]->id;
  fail(ExitCode::kUsage, "{}: {} runs are called so: {}{}", id, found.size(), names,
       found.size() > kNamed ? ", …" : "");
}

std::string explain(const PlannedRun& run, const Ledger& ledger) {
  Facts facts = {{"run", run.id}, {"state", state_name(run.state)}, {"why", run.reason}};
  if (!run.cell->source.empty()) facts.push_back({"asked for at", run.cell->source});
  facts.push_back({"folder", run.folder.string()});
  for (const auto& [name, digest] : *run.inputs) facts.push_back({"digest of " + name, digest});
  if (const auto checkpoint = kept_checkpoint(run.folder))
    facts.push_back({"checkpoint", checkpoint->newer_schema.empty()
                                       ? fmt::format("after epoch {} of {}", checkpoint->epoch,
                                                     run.cell->config.training.epochs)
                                       : "of a newer version, " + checkpoint->newer_schema});
  std::string text = aligned(facts);
  const auto attempts = read_attempts(run.folder);
  if (!attempts.empty()) text += "\n";
  for (const Attempt& attempt : attempts) text += text_of(attempt, ledger.results());
  if (run.state != PlannedRun::State::kDone) text += nearest_text(run, ledger);
  return text;
}

}  // namespace mofi
