#pragma once
// What `mofi sweep` does with Slurm: submit, cancel, and the jobs in `status`.

#include <filesystem>
#include <string>

#include "core/config_tree.h"

namespace mofi {

struct SlurmOptions {
  std::string profile;
  bool again = false;
  bool dry_run = false;  ///< print the job scripts and write nothing
};

/// This very executable, and what lies beside it that it loads.
std::vector<std::filesystem::path> own_program();

/// Submits jobs that do `mofi-sweep run` with this config, and prints them; with --dry-run, prints their
/// scripts. `runs`: how many the plan has.
void submit(const SlurmOptions& options, const ConfigNode& config, const std::filesystem::path& results,
            std::size_t runs, const std::vector<std::filesystem::path>& program = own_program());

/// Cancels every job of the results folder, and prints which.
void cancel(const std::filesystem::path& results);

/// Prints a line a job of the results folder; nothing where none was ever submitted.
void print_jobs(const std::filesystem::path& results);

}  // namespace mofi
