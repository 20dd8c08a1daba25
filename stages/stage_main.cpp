#include "stage_main.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>
#include <thread>

#include "core/build_info.h"
#include "core/error.h"
#include "core/log.h"
#include "core/provenance.h"
#include "described_stage.h"
#include "help_text.h"

namespace mofi {

namespace {

/// "mofi tokenize" of /…/bin/mofi-tokenize: how the launcher is told of it.
std::string called_as(const char* program) {
  std::string name = std::filesystem::path(program).filename().string();
  if (name.starts_with("mofi-")) name[4] = ' ';
  return name;
}

/// Defaults in help texts are what the variables behind the options hold, unless an option has told another.
void tell_defaults(CLI::App& app) {
  for (CLI::Option* option : app.get_options([](const CLI::Option* one) { return !one->get_required(); })) {
    if (!option->get_default_str().empty()) continue;
    option->capture_default_str();
    if (option->get_default_str() == "[]" || option->get_default_str() == "{}") option->default_str("");
  }
}

/// " ('--token': did you mean --tokens?)" for arguments that nearly are options.
std::string nearest_option(const CLI::App& app) {
  std::vector<std::string> options;
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  for (const std::string& argument : app.remaining()) {
    const std::string near = nearest_name(argument.substr(0, argument.find('=')), options);
    if (argument.starts_with("--") && !near.empty())
      return fmt::format(" ('{}': did you mean {}?)", argument, near);
  }
  return "";
}

/// Before MPI is started, and so from what its launchers tell.
bool is_first_rank() {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* rank = std::getenv(name)) return std::atoi(rank) == 0;
  return true;
}

/// Whoever reads half a table would take it for a whole one.
void require_printed() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  fail(ExitCode::kMissing, "standard output cannot be written: {}", std::strerror(errno));
}

}  // namespace

void let_first_rank_speak() {
  if (!is_first_rank()) std::this_thread::sleep_for(std::chrono::seconds(1));
}

int run_stage(int argc, char** argv, CLI::App& app, const std::function<void()>& body) {
  remember_command_line(argc, argv);
  app.name(called_as(argv[0]));
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", fmt::format("mofi {} ({})", kVersion, kCommit),
                       "print version and commit and exit");
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "debug, info, warning, error or off")
      ->check(one_of({"debug", "info", "warning", "error", "off"}));
  tell_defaults(app);
  if (argc == 2 && std::string_view(argv[1]) == kDescribe) {
    fmt::print("{}\n", described(app).dump(-1, ' ', false, Json::error_handler_t::replace));
    return static_cast<int>(ExitCode::kDone);
  }
  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
    return fmt::format("error: {}{}; --help lists what there is\n", error.what(), nearest_option(*failed));
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
    require_printed();
    return static_cast<int>(ExitCode::kDone);
  } catch (const Error& error) {
    log_error("{}", error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    log_error("out of memory");
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) != 0) {
      log_error("standard output cannot be written: {}", error.code().message());
      return static_cast<int>(ExitCode::kMissing);
    }
    log_error("{}", internal_error_sentence(error));
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

void add_config_options(CLI::App& app, ConfigOptions& options, bool config_required,
                        const std::string& document) {
  auto* file = app.add_option("--config", options.file, "YAML config; may include others");
  if (config_required) file->required();
  auto* set = app.add_option("--set", options.settings,
                             fmt::format("key=value over the config, such as --set {}; repeatable. mofi "
                                         "config{} lists the keys",
                                         document == "experiment" ? "dataset.input=DIR" : "training.epochs=5",
                                         document == "experiment" ? "" : " --of " + document))
                  ->take_all()
                  ->type_name("KEY=VALUE");
  takes_keys(*set, document);
}

ConfigNode load(const ConfigOptions& options) {
  ConfigNode root;
  root.kind = ConfigNode::Kind::kMapping;
  if (!options.file.empty()) root = load_config(options.file);
  for (const std::string& setting : options.settings) apply_setting(root, setting);
  return root;
}

}  // namespace mofi
