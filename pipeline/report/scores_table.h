#pragma once
// Everything that arms scored, side by side: what the ablation has no room for.

#include "report/ablation_table.h"

namespace mofi {

/// One row an arm, the baseline first: accuracy by clips, by rows (as MIDI-BERT scores) and by songs, F1,
/// valence and arousal, calibration error; means over seeds ± SD, in %.
Table scores_table(const NamedAblation& named);

}  // namespace mofi
