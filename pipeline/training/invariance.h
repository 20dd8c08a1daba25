#pragma once
// Does a trained model use the mode, and only what matters? Its predictions for the same music transposed,
// which should stay, and for the same music in the parallel mode, which change where it listens to the mode
// (MoGE's question, arXiv 2512.17946, asked of the model and not of its training data).

#include "distributed/world.h"
#include "model/classifier.h"
#include "training/dataset.h"
#include "training/run.h"

namespace mofi {

/// {"transposition": {"-6": {"rows", "same", "distance", "accuracy"}, … "5": …, by semitones over the rows
///    that stay in the vocabulary},
///  "parallel": {"music": …, "told": …}}
/// with, of the music changed ("music"; the injection is told what it was) and, where it is told of keys, of
/// the telling changed as well ("music_and_told") or alone ("told"), {"to_minor": …, "to_major": …}, each
/// {"rows", "same", "distance", "high_valence_before", "high_valence_after", "by_class": {"Q1": {…}, …}}.
/// same: share of rows whose predicted class stays; distance: mean total variation between the class
/// probabilities; high valence: share of rows predicted Q1 or Q4, of quadrants only.
/// Rows: those of the parts that are scored. Collective.
Json probe_invariance(const World& world, const RunConfig& config, const RunInputs& inputs,
                      const Dataset& dataset, const Classifier& model, torch::Device device);

}  // namespace mofi
