#pragma once
// What a site's Slurm has to be told: one YAML file a partition, in cluster/profiles/.

#include <filesystem>
#include <string>
#include <vector>

#include "core/config.h"

namespace mofi {

/// Job arrays: every task does a part of the plan's runs.
struct ArrayConfig {
  int runs_per_task = 1;
  int max_array_size = 0;
  int at_once = 0;
};

template <class Field>
void describe(Field& field, ArrayConfig& c) {
  field("runs_per_task", c.runs_per_task,
        {.help = "runs that a task of an array does", .unit = "runs", .minimum = 1});
  field(
      "max_array_size", c.max_array_size,
      {.help = "most tasks of one array; longer sweeps become several; 0: what the site says (MaxArraySize)",
       .unit = "tasks",
       .minimum = 0});
  field("at_once", c.at_once,
        {.help = "most tasks of one array that run at the same time, where a sweep becomes several arrays of "
                 "each; 0: "
                 "any number",
         .unit = "tasks",
         .minimum = 0});
}

/// An Apptainer image to run in.
struct ContainerConfig {
  std::string image;
  std::vector<std::string> options;
  std::vector<std::string> command = {"/opt/mofi/mofi", "sweep"};
};

template <class Field>
void describe(Field& field, ContainerConfig& c) {
  field("image", c.image, {.help = "Apptainer image (.sif); empty: no container"});
  field("options", c.options, {.help = "options of apptainer exec, such as --nv"});
  field("command", c.command, {.help = "what `mofi sweep` is called inside the image"});
}

struct ClusterProfile {
  std::string mode = "job";
  int jobs = 1;
  ArrayConfig array;
  std::string partition, account, qos;
  int nodes = 1;
  int ranks_per_node = 1;
  int cpus_per_rank = 1;
  int gpus_per_node = 0;
  std::string gpu_type, memory;
  int time_limit_minutes = 60;
  int signal_lead_s = 120;
  int most_timeouts = 0;
  std::string launcher = "srun";
  std::string srun_mpi = "pmix";
  std::vector<std::string> modules, setup, sbatch;
  ContainerConfig container;
  std::string job_template;
};

template <class Field>
void describe(Field& field, ClusterProfile& c) {
  field("mode", c.mode,
        {.help = "job: jobs that share the whole sweep; array: tasks of a job array that do a part each",
         .choices = {"job", "array"}});
  field("jobs", c.jobs,
        {.help = "jobs on one results folder (mode job)", .unit = "jobs", .minimum = 1, .maximum = 1000});
  field("array", c.array, {.help = "how the runs are cut into tasks (mode array)"});
  field("partition", c.partition, {.help = "partition; empty: the site's default"});
  field("account", c.account, {.help = "account to charge; empty: yours by default"});
  field("qos", c.qos, {.help = "quality of service; empty: the default one"});
  field("nodes", c.nodes, {.help = "nodes of a job or array task", .unit = "nodes", .minimum = 1});
  field("ranks_per_node", c.ranks_per_node, {.help = "MPI ranks a node", .unit = "ranks", .minimum = 1});
  field("cpus_per_rank", c.cpus_per_rank,
        {.help = "cores, and threads, of a rank", .unit = "cores", .minimum = 1});
  field("gpus_per_node", c.gpus_per_node,
        {.help = "GPUs a node; ranks of a node share them", .unit = "GPUs", .minimum = 0});
  field("gpu_type", c.gpu_type, {.help = "kind of GPU as the site names it, such as a100; empty: any"});
  field("memory", c.memory, {.help = "memory a node, such as 64G; empty: the site's default; 0: all of it"});
  field("time_limit_minutes", c.time_limit_minutes,
        {.help = "time limit of a job; what is unfinished then is queued again",
         .unit = "minutes",
         .minimum = 2});
  field(
      "signal_lead_s", c.signal_lead_s,
      {.help = "seconds before the limit at which ranks are asked to keep a checkpoint and stop; Slurm looks "
               "every 30 s",
       .unit = "seconds",
       .minimum = 1,
       .maximum = 65535});
  field("most_timeouts", c.most_timeouts,
        {.help = "how often a job may come to its time limit and be queued again; 0: as often as it takes; "
                 "pre-emptions do not count",
         .minimum = 0});
  field("launcher", c.launcher, {.help = "what starts the ranks of a job", .choices = {"srun", "mpirun"}});
  field("srun_mpi", c.srun_mpi, {.help = "srun --mpi=…; srun --mpi=list says what the site has"});
  field("modules", c.modules, {.help = "modules to load before the start"});
  field("setup", c.setup, {.help = "lines of shell before the start"});
  field("sbatch", c.sbatch, {.help = "further options of sbatch, such as --exclusive"});
  field("container", c.container, {.help = "Apptainer"});
  field("template", c.job_template,
        {.help = "job script to fill in, relative to the profile; empty: cluster/templates/job.sh"});
}

/// Reads and validates a profile; `template` becomes a path from here.
ClusterProfile read_cluster_profile(const std::filesystem::path& path);

}  // namespace mofi
