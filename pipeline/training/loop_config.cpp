#include "training/loop_config.h"

namespace mofi {

void apply_optimizer(LoopConfig& config) { config.epsilon = config.optimizer == "adamw_hf" ? 1e-6 : 1e-8; }

}  // namespace mofi
