#include "ablation/attempt_run.h"

#include <cxxabi.h>

#include <cstdlib>
#include <new>

#include "ablation/run_folder.h"
#include "core/error.h"
#include "core/log.h"
#include "core/stop.h"
#include "core/stopwatch.h"
#include "core/throw_stack.h"
#include "training/checkpoint_schema.h"

namespace mofi {
namespace {

constexpr double kAgreement =
    30;  // s for which a rank that failed waits for the others of its group to fail, too

std::string accuracies(const Json& metrics) {
  std::string text;
  if (!metrics.is_object()) return text;
  for (const auto& [part, score] : metrics.items())
    if (score.is_object() && score.contains("accuracy"))
      text += fmt::format("{}{} {:.3f}", text.empty() ? "accuracy " : ", ", part,
                          score["accuracy"].get<double>());
  return text;
}

std::string readable_type(const std::exception& error) {
  int status = 0;
  char* name = abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &status);
  std::string text = status == 0 ? name : typeid(error).name();
  std::free(name);
  return text;
}

/// How an action ended: with kDone where it threw nothing.
AttemptEnd caught(const Stopwatch& watch, double timeout_s, const std::function<void()>& action) {
  const auto failed = [](const std::string& type, const std::string& text) {
    return AttemptEnd{.kind = EndKind::kError,
                      .text = text,
                      .type = type,
                      .stack = stack_of_current_exception(),
                      .log = recent_log_lines()};
  };
  const NoteThrows noting;
  try {
    action();
    return {.kind = EndKind::kDone};
  } catch (const Error& error) {
    if (error.code() != ExitCode::kStopped)
      return failed(fmt::format("{}, exit code {}", readable_type(error), static_cast<int>(error.code())),
                    error.what());
    const bool is_over = requested_stop() == 0 && watch.seconds() >= timeout_s;
    return {.kind = is_over ? EndKind::kTimeout : EndKind::kStopped, .text = error.what()};
  } catch (const std::bad_alloc&) {
    return failed("std::bad_alloc", "out of memory");
  } catch (const std::exception& error) {
    return failed(readable_type(error), error.what());
  } catch (...) {
    return failed("", "an exception that is none of C++'s own");
  }
}

/// The ranks of a group fail together or not at all: when one is alone with its error, the others wait for
/// it inside the training for ever, and the job has to end.
AttemptEnd agree(const Group& group, const PlannedRun& run, int number, AttemptEnd end) {
  if (group.control.size() == 1) return end;
  const bool is_well = end.kind == EndKind::kDone;
  if (!group.control.barrier_within(is_well ? std::numeric_limits<double>::infinity() : kAgreement)) {
    end_own_attempt(run.folder, number, end);
    fail(ExitCode::kInternal, "{} failed on one rank of several: {}", run.id, end.text);
  }
  const Json mine = {
      {"kind", end.kind}, {"text", end.text}, {"type", end.type}, {"stack", end.stack}, {"log", end.log}};
  for (const std::string& text :
       group.control.gather(mine.dump(-1, ' ', false, Json::error_handler_t::replace))) {
    const Json theirs = Json::parse(text);
    if (end.kind == EndKind::kDone && theirs["kind"].get<EndKind>() != EndKind::kDone)
      end = {.kind = theirs["kind"].get<EndKind>(),
             .text = theirs["text"].get<std::string>(),
             .type = theirs["type"].get<std::string>(),
             .stack = theirs["stack"].get<std::vector<std::string>>(),
             .log = theirs["log"].get<std::vector<std::string>>()};
  }
  return end;
}

World group_of(const World& world, int ranks_per_run) {
  return ranks_per_run == 1 ? World::alone() : world.split(world.rank() / ranks_per_run);
}

}  // namespace

Group::Group(const World& world, int ranks_per_run)
    : ranks(group_of(world, ranks_per_run)), control(group_of(world, ranks_per_run)) {
  for (const std::string& text : control.gather(to_json(this_process()).dump()))
    if (const ProcessId process = process_from_json(Json::parse(text)); process != this_process())
      others.push_back(process);
}

Attempted attempt_run(const Group& group, const PlannedRun& run, int number, const DoRun& do_run,
                      double timeout_s) {
  const Stopwatch watch;
  RunResult result;
  AttemptEnd end = caught(watch, timeout_s, [&] { result = do_run(group.ranks, run, timeout_s); });
  end = agree(group, run, number, std::move(end));
  if (!group.is_first()) return {end, ""};
  if (end.kind == EndKind::kDone && !owns_run(run.folder, number))
    end = {.kind = EndKind::kLost, .text = "another process had taken it over"};
  if (end.kind == EndKind::kDone)
    end = caught(watch, timeout_s, [&] {
      write_run_folder(run.folder, run.id, run.cell->config, *run.inputs, result);
      std::error_code ignored;
      std::filesystem::remove_all(run.folder / kCheckpointFolder, ignored);
    });
  end.seconds = watch.seconds();
  try {
    end_own_attempt(run.folder, number, end);
  } catch (const Error& error) {
    log_warning("{}", error.what());
  }
  return {end, end.kind == EndKind::kDone ? accuracies(result.metrics) : ""};
}

}  // namespace mofi
