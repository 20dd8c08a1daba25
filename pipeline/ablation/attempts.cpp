#include "ablation/attempts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "ablation/jobs.h"
#include "core/error.h"
#include "core/files.h"
#include "core/provenance.h"
#include "storage/artifact.h"

namespace mofi {
namespace {

constexpr std::string_view kPrefix = "attempt_", kSuffix = ".json";

constexpr std::array<std::pair<EndKind, const char*>, 7> kNames = {{{EndKind::kDone, "done"},
                                                                    {EndKind::kError, "error"},
                                                                    {EndKind::kCrash, "crash"},
                                                                    {EndKind::kTimeout, "timeout"},
                                                                    {EndKind::kStopped, "stopped"},
                                                                    {EndKind::kLost, "lost"},
                                                                    {EndKind::kReset, "reset"}}};

EndKind kind_named(const std::string& name) {
  for (const auto& [kind, known] : kNames)
    if (name == known) return kind;
  return EndKind::kError;
}

std::filesystem::path file_of(const std::filesystem::path& run_folder, int number) {
  return run_folder / fmt::format("{}{}{}", kPrefix, number, kSuffix);
}

/// 0 where it is not the name of an attempt.
int number_of(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return 0;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kSuffix.size());
  int number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc{} && end == name.data() + name.size() ? number : 0;
}

std::string json_text(const Attempt& attempt) {
  Json json = {{"schema", kAttemptSchema},
               {"attempt", attempt.number},
               {"process", to_json(attempt.process)},
               {"began", attempt.began},
               {"producer", attempt.producer}};
  for (const ProcessId& other : attempt.others) json["others"].push_back(to_json(other));
  if (attempt.end) {
    const AttemptEnd& end = *attempt.end;
    json["end"] = {{"kind", name_of(end.kind)}, {"seconds", end.seconds}, {"ended", end.ended}};
    if (!end.text.empty()) json["end"]["text"] = end.text;
    if (!end.type.empty()) json["end"]["type"] = end.type;
    if (!end.stack.empty()) json["end"]["stack"] = end.stack;
    if (!end.log.empty()) json["end"]["log"] = end.log;
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

AttemptEnd end_from(const Json& json) {
  AttemptEnd end;
  end.kind = kind_named(json.at("kind").get<std::string>());
  end.seconds = json.at("seconds").get<double>();
  end.ended = json.at("ended").get<std::string>();
  end.text = json.value("text", "");
  end.type = json.value("type", "");
  if (json.contains("stack")) end.stack = json["stack"].get<std::vector<std::string>>();
  if (json.contains("log")) end.log = json["log"].get<std::vector<std::string>>();
  return end;
}

Attempt read_attempt(const std::filesystem::path& file, int number) {
  Attempt attempt;
  attempt.number = number;
  try {
    const Json json = Json::parse(read_text(file));
    const auto schema = json.at("schema").get<std::string>();
    if (is_newer_schema(schema, kAttemptSchema)) {
      attempt.newer_schema = schema;
      return attempt;
    }
    attempt.process = process_from_json(json.at("process"));
    attempt.began = json.at("began").get<std::string>();
    attempt.producer = json.at("producer").get<std::string>();
    if (json.contains("others"))
      for (const Json& other : json["others"]) attempt.others.push_back(process_from_json(other));
    if (json.contains("end")) attempt.end = end_from(json["end"]);
  } catch (const Json::exception&) {
    attempt.end = AttemptEnd{.kind = EndKind::kCrash, .text = "its record was lost with the power"};
  }
  return attempt;
}

Attempt own_attempt(int number) { return {number, this_process(), {}, utc_now(), producer(), {}, {}}; }

}  // namespace

const char* name_of(EndKind kind) {
  for (const auto& [known, name] : kNames)
    if (kind == known) return name;
  return "?";
}

std::vector<Attempt> read_attempts(const std::filesystem::path& run_folder) {
  std::vector<Attempt> attempts;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(run_folder, none))
    if (const int number = number_of(entry.path().filename().string()); number > 0)
      attempts.push_back(read_attempt(entry.path(), number));
  std::ranges::sort(attempts, {}, &Attempt::number);
  return attempts;
}

bool begin_attempt(const std::filesystem::path& run_folder, int number,
                   const std::vector<ProcessId>& others) {
  Attempt attempt = own_attempt(number);
  attempt.others = others;
  return create_file(file_of(run_folder, number), json_text(attempt));
}

void end_attempt(const std::filesystem::path& run_folder, Attempt attempt, AttemptEnd end) {
  if (end.ended.empty()) end.ended = utc_now();
  attempt.end = std::move(end);
  replace_file(file_of(run_folder, attempt.number), json_text(attempt));
}

void end_own_attempt(const std::filesystem::path& run_folder, int number, AttemptEnd end) {
  Attempt attempt = read_attempt(file_of(run_folder, number), number);
  if (attempt.process != this_process()) attempt = own_attempt(number);
  end_attempt(run_folder, std::move(attempt), std::move(end));
}

bool owns_run(const std::filesystem::path& run_folder, int number) {
  if (std::filesystem::exists(file_of(run_folder, number + 1))) return false;
  const Attempt attempt = read_attempt(file_of(run_folder, number), number);
  return !attempt.end && attempt.process == this_process();
}

AttemptEnd verdict_on(const std::filesystem::path& results, const Attempt& attempt) {
  std::vector<ProcessId> ranks = {attempt.process};
  ranks.insert(ranks.end(), attempt.others.begin(), attempt.others.end());
  AttemptEnd end{.kind = EndKind::kStopped, .text = text_of(attempt.process) + " ended without a word"};
  for (const ProcessId& rank : ranks) {
    const auto job = read_job(job_file(results, rank));  // goes where a process ends in order
    if (job && job->told_to_stop == 0) return {.kind = EndKind::kCrash, .text = text_of(rank) + " died"};
    if (job)
      end.text =
          fmt::format("{} was ended after signal {} had asked it to stop", text_of(rank), job->told_to_stop);
  }
  return end;
}

bool reset_attempts(const std::filesystem::path& run_folder, int after) {
  Attempt reset = own_attempt(after + 1);
  reset.end = AttemptEnd{.kind = EndKind::kReset, .ended = utc_now()};
  return create_file(file_of(run_folder, reset.number), json_text(reset));
}

int failures_of(const std::vector<Attempt>& attempts) {
  int failures = 0;
  for (const Attempt& attempt : attempts) {
    if (!attempt.end) continue;
    const EndKind kind = attempt.end->kind;
    if (kind == EndKind::kReset || kind == EndKind::kDone) failures = 0;
    if (kind == EndKind::kError || kind == EndKind::kCrash) ++failures;
  }
  return failures;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace mofi
