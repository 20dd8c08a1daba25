// `mofi sweep submit`, `cancel` and the jobs of `status` for a program of the test's choice in place of this
// one.

#include "core/error.h"
#include "stage_main.h"
#include "sweep_slurm.h"

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{"Submit a program as a sweep."};
  std::string action, results;
  std::size_t runs = 1;
  std::vector<std::string> program;
  ConfigOptions config;
  SlurmOptions options;
  app.add_option("action", action, "submit, cancel or jobs")
      ->required()
      ->check(CLI::IsMember({"submit", "cancel", "jobs"}));
  app.add_option("--results", results, "folder of the results")->required();
  app.add_option("--program", program, "what is called as `PROGRAM run --config …`, and files beside it");
  app.add_option("--runs", runs, "runs of the plan");
  add_config_options(app, config, false);
  app.add_option("--cluster", options.profile, "profile of the site");
  app.add_flag("--again", options.again, "also while earlier jobs wait or run");
  app.add_flag("--dry-run", options.dry_run, "print the job scripts and write nothing");
  return run_stage(argc, argv, app, [&] {
    if (action == "submit") submit(options, load(config), results, runs, {program.begin(), program.end()});
    if (action == "cancel") cancel(results);
    if (action == "jobs") print_jobs(results);
  });
}
