#include "stage_main.h"

#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <new>
#include <thread>

#include "core/error.h"
#include "core/log.h"
#include "core/provenance.h"

namespace mofi {

namespace {

/// Before MPI is started, and so from what its launchers tell.
bool is_first_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* rank = std::getenv(name)) return std::atoi(rank) == 0;
  return true;
}

}  // namespace

void let_first_rank_speak() {
  if (!is_first_rank()) std::this_thread::sleep_for(std::chrono::seconds(1));
}

int run_stage(int argc, char** argv, CLI::App& app, const std::function<void()>& body) {
  remember_command_line(argc, argv);
  app.option_defaults()->always_capture_default();
  app.get_formatter()->column_width(34);
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "debug, info, warning, error or off")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}));
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("error: {}; --help lists what there is\n", error.what());
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted_help) {
    return is_first_rank() ? app.exit(wanted_help) : static_cast<int>(ExitCode::kDone);
  } catch (const CLI::ParseError& error) {
    let_first_rank_speak();
    app.exit(error);
    return static_cast<int>(ExitCode::kUsage);
  }
  start_logging(log_level);
  try {
    body();
    return static_cast<int>(ExitCode::kDone);
  } catch (const Error& error) {
    log_error("{}", error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
  } catch (const std::exception& error) {
    log_error("{}", internal_error_sentence(error));
  }
  return static_cast<int>(ExitCode::kInternal);
}

std::string internal_error_sentence(const std::exception& error) {
  const std::string text = error.what();
  log_debug("{}", text);
  return "internal: " + text.substr(0, text.find('\n'));
}

void add_config_options(CLI::App& app, ConfigOptions& options, bool config_required) {
  auto* file = app.add_option("--config", options.file, "YAML config; may include others");
  if (config_required) file->required();
  app.add_option("--set", options.settings,
                 "key=value over the config, such as --set dataset.input=DIR; repeatable")
      ->take_all();
}

ConfigNode load(const ConfigOptions& options) {
  ConfigNode root;
  root.kind = ConfigNode::Kind::kMapping;
  if (!options.file.empty()) root = load_config(options.file);
  for (const std::string& setting : options.settings) apply_setting(root, setting);
  return root;
}

}  // namespace mofi
