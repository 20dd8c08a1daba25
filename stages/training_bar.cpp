#include "training_bar.h"

#include <fmt/core.h>

namespace mofi {

void TrainingBar::operator()(const LoopReport& report) {
  if (!bar_) bar_ = std::make_shared<ProgressBar>(label_, "steps", report.steps, silent_, report.step - 1);
  std::string note = fmt::format("epoch {}/{}", report.epoch, report.epochs);
  if (report.meters.contains("loss"))
    note += fmt::format(", loss {:.4f}", report.meters["loss"].get<double>());
  note += fmt::format(", {:.0f} rows/s, {:.0f} words/s, rate {:.2e}", report.items_per_s, report.words_per_s,
                      report.learning_rate);
  bar_->update(report.step, note);
}

}  // namespace mofi
