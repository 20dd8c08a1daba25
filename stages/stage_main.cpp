#include "stage_main.h"

#include <new>

#include "core/error.h"
#include "core/log.h"
#include "core/provenance.h"
#include "core/stop.h"

namespace mofi {

int run_stage(int argc, char** argv, CLI::App& app, const std::function<void()>& body) {
  remember_command_line(argc, argv);
  install_stop_signals();
  app.option_defaults()->always_capture_default();
  app.get_formatter()->column_width(34);
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "debug, info, warning, error or off")
      ->check(CLI::IsMember({"debug", "info", "warning", "error", "off"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& wanted_help) {
    return app.exit(wanted_help);
  } catch (const CLI::ParseError& error) {
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
                 "key=value over the config, such as --set training.epochs=5; repeatable")
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
