#pragma once
// How anything is trained, whatever it is: passes, batches, optimiser, schedule, what is kept of it.

#include <string>

#include "core/config.h"

namespace mofi {

struct LoopConfig {
  int epochs = 10;
  int batch = 16;
  int accumulate = 1;
  std::string optimizer = "adamw";
  double learning_rate = 3e-4;
  double weight_decay = 0.01;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double warmup = 0.1;
  std::string schedule = "linear";
  double clip_norm = 1.0;
  std::string select = "last";
  int patience = 0;
  std::string device = "auto";
  int threads = 1;
  double checkpoint_minutes = 5;
  int checkpoints = 2;
  double time_limit_minutes = 0;
  int log_every = 0;
  double bucket_mib = 25;
  bool overlap = true;
  std::string graphs = "auto";
  std::string trace;

  /// Whether held-out scores are needed after every epoch.
  bool validates() const { return select == "best" || patience > 0; }
};

/// Sets epsilon to what `config.optimizer` has by default: 1e-8 in torch, 1e-6 in HuggingFace's transformers.
void apply_optimizer(LoopConfig& config);

template <class Field>
void describe(Field& field, LoopConfig& c) {
  field("epochs", c.epochs,
        {.help = "passes over the training part", .unit = "epochs", .minimum = 1, .maximum = 100000});
  field("batch", c.batch,
        {.help = "rows of a step, over all ranks", .unit = "rows", .minimum = 1, .maximum = 65536});
  field("accumulate", c.accumulate,
        {.help = "parts in which a step's rows are computed, one after the other, to save memory",
         .unit = "parts",
         .minimum = 1,
         .maximum = 4096,
         .is_volatile = true});
  field(
      "optimizer", c.optimizer,
      {.help = "adamw (torch's) or adamw_hf (HuggingFace's, which MIDI-BERT trains with: epsilon beside the "
               "uncorrected root, decay after the step)",
       .choices = {"adamw", "adamw_hf"}});
  if constexpr (Field::kReads) apply_optimizer(c);
  field("learning_rate", c.learning_rate, {.help = "peak learning rate", .minimum = 0, .maximum = 10});
  field("weight_decay", c.weight_decay,
        {.help = "decoupled weight decay, on all parameters", .minimum = 0, .maximum = 10});
  field("beta1", c.beta1, {.help = "decay of the gradient's mean", .minimum = 0, .maximum = 0.999999});
  field("beta2", c.beta2, {.help = "decay of its mean square", .minimum = 0, .maximum = 0.999999});
  field("epsilon", c.epsilon,
        {.help = "added to the root of the mean square; by default 1e-8, and 1e-6 of adamw_hf",
         .minimum = 1e-30,  // with 0 a gradient of 0 has no step
         .maximum = 1});
  field("warmup", c.warmup,
        {.help = "share of all steps in which the rate rises from 0", .minimum = 0, .maximum = 1});
  field("schedule", c.schedule,
        {.help = "after warm-up: linear to 0, cosine to 0, or constant",
         .choices = {"linear", "cosine", "constant"}});
  field("clip_norm", c.clip_norm,
        {.help = "largest gradient norm; 0 does not clip", .minimum = 0, .maximum = 1e6});
  field(
      "select", c.select,
      {.help = "the weights that are kept: those after the last epoch, or after the one that scores best on "
               "the held-out part (of equals the latest, as MIDI-BERT does)",
       .choices = {"last", "best"}});
  field(
      "patience", c.patience,
      {.help = "stop when the held-out score has not risen for more than so many epochs; 0 never stops early",
       .unit = "epochs",
       .minimum = 0,
       .maximum = 100000});
  field("device", c.device,
        {.help = "auto, cpu or cuda", .choices = {"auto", "cpu", "cuda"}, .is_volatile = true});
  field("threads", c.threads,
        {.help = "CPU threads of a run",
         .unit = "threads",
         .minimum = 1,
         .maximum = 1024,
         .is_volatile = true});
  field("checkpoint_minutes", c.checkpoint_minutes,
        {.help = "at most so long is lost when the program is killed; 0 keeps a checkpoint after "
                 "every step",
         .unit = "minutes",
         .minimum = 0,
         .maximum = 1e6,
         .is_volatile = true});
  field("checkpoints", c.checkpoints,
        {.help = "checkpoints that are kept, the newest",
         .unit = "checkpoints",
         .minimum = 1,
         .maximum = 1000,
         .is_volatile = true});
  field("time_limit_minutes", c.time_limit_minutes,
        {.help = "after so many minutes: keep a checkpoint and end with exit code 75; 0 has no limit",
         .unit = "minutes",
         .minimum = 0,
         .maximum = 1e6,
         .is_volatile = true});
  field("log_every", c.log_every,
        {.help = "steps between two lines of events.jsonl and points of TensorBoard; 0 has one an epoch",
         .unit = "steps",
         .minimum = 0,
         .maximum = 1e9,
         .is_volatile = true});
  field("bucket_mib", c.bucket_mib,
        {.help = "of several ranks: MiB of gradients that are reduced together",
         .unit = "MiB",
         .minimum = 0.001,
         .maximum = 1e6,
         .is_volatile = true});
  field("overlap", c.overlap,
        {.help = "of several ranks: reduce gradients while the backward pass goes on; false reduces all at "
                 "its end, "
                 "to compare",
         .is_volatile = true});
  field(
      "graphs", c.graphs,
      {.help =
           "CUDA graphs: a step is recorded once a size and done again with other rows; auto: of one rank on "
           "a device; on: on a CPU, too, where done again means called again, to test with",
       .choices = {"auto", "on", "off"},
       .is_volatile = true});
  field("trace", c.trace,
        {.help = "a file for the time line of the first 50 steps of all ranks (Chrome's trace format, for "
                 "Perfetto)",
         .is_volatile = true});
}

}  // namespace mofi
