#pragma once
// Everything that decides the result of one run.

#include <optional>
#include <string>
#include <vector>

#include "core/config.h"
#include "model/model_config.h"
#include "training/classifier_config.h"
#include "training/loop_config.h"

namespace mofi {

inline constexpr const char* kMidiBert = "midibert";  ///< the system that all others are compared with
inline constexpr const char* kLstmAttn = "lstm_attn";
inline constexpr const char* kBilma = "bilma";
inline bool is_recurrent(const std::string& system) { return system == kLstmAttn || system == kBilma; }

/// Which rows train and which are scored.
struct DataConfig {
  std::string target = "label";
  std::string split = "song_level";
  int folds = 5;
  int fold = 0;
  std::uint64_t fold_seed = 1;
  std::string rows = "first";
  int max_words = 512;
  std::vector<std::string> evaluate = {"test"};
  bool invariance = false;
};

template <class Field>
void describe(Field& field, DataConfig& c) {
  field("target", c.target,
        {.help = "what is recognised: label (of the data set); of Russell's quadrants valence or arousal "
                 "alone; or, to ask what a model knows, mode or tonic of the key that the mode file has",
         .choices = {"label", "valence", "arousal", "mode", "tonic"},
         .before = "label"});
  field("split", c.split,
        {.help =
             "a split that the tokens file names (EMOPIA: song_level, emopia_cls, midibert; folder: given), "
             "or folds: k folds that never part a song"});
  field("folds", c.folds,
        {.help = "number of folds (split: folds)", .unit = "folds", .minimum = 2, .maximum = 1000});
  field("fold", c.fold,
        {.help = "the fold that is the test part, from 0 (split: folds)", .minimum = 0, .maximum = 999});
  field("fold_seed", c.fold_seed, {.help = "seed of the assignment of songs to folds (split: folds)"});
  field("rows", c.rows,
        {.help = "first: the first row of every piece; all: every row", .choices = {"first", "all"}});
  field("max_words", c.max_words,
        {.help = "words of a row that are used, from its start",
         .unit = "words",
         .minimum = 1,
         .maximum = 8192});
  field("evaluate", c.evaluate,
        {.help = "parts that are scored at the end", .choices = {"train", "valid", "test"}});
  field("invariance", c.invariance,
        {.help = "also tell in result.json how predictions change when the scored music is transposed, and "
                 "when it is put into the parallel mode",
         .before = false});
}

/// How the model is fine-tuned.
struct TrainingConfig : LoopConfig {
  int transpose_down = 6;
  int transpose_up = 5;
  std::vector<int> shifts;
  bool expand = false;
  std::string padding = "masked";
  std::string trains = "all";
  std::vector<std::string> auxiliary;
  double auxiliary_weight = 0.2;
  std::string weights;
};

template <class Field>
void describe(Field& field, TrainingConfig& c) {
  describe(field, static_cast<LoopConfig&>(c));
  field("transpose_down", c.transpose_down,
        {.help = "augmentation: every piece is shifted anew each epoch, by at most so many semitones down …",
         .unit = "semitones",
         .minimum = 0,
         .maximum = 48});
  field("transpose_up", c.transpose_up,
        {.help = "… and up; shifts that leave the vocabulary are not drawn",
         .unit = "semitones",
         .minimum = 0,
         .maximum = 48});
  field("shifts", c.shifts,
        {.help = "augmentation by these semitones instead (0 is a shift, too)",
         .unit = "semitones",
         .minimum = -48,
         .maximum = 48,
         .before = Json::array()});
  field("expand", c.expand,
        {.help = "every piece in all its legal shifts in every epoch, instead of one drawn for it",
         .before = false});
  field("padding", c.padding,
        {.help = "masked; pooled (masked in attention only); attended (as MIDI-BERT fine-tunes)",
         .choices = {"masked", "pooled", "attended"}});
  field("trains", c.trains,
        {.help =
             "all parameters, or head: the backbone stays as it is, without dropout, and only what is put on "
             "and into it learns (probing)",
         .choices = {"all", "head"}});
  field("auxiliary", c.auxiliary,
        {.help = "what is learnt beside the labels, by heads of their own that are not scored: any of key, "
                 "tonic and mode, as the mode file has them (what has a tonic moves with transpositions)",
         .choices = {"key", "tonic", "mode"},
         .before = Json::array()});
  field("auxiliary_weight", c.auxiliary_weight,
        {.help = "weight of each of their cross entropies in the loss, beside 1 of the labels'",
         .minimum = 0,
         .maximum = 1000,
         .before = 0.2});
  field("weights", c.weights,
        {.help = "safetensors file to start from; empty: from scratch (its digest is part of the identity)",
         .is_volatile = true});
}

struct RunConfig {
  std::string system = kMidiBert;
  DataConfig data;
  BackboneConfig model;
  RecurrentConfig recurrent;
  InjectionConfig injection;
  HeadConfig head;
  TrainingConfig training;
  FeatureClassifierConfig classifier;
  std::uint64_t seed = 1;
};

inline std::vector<std::string> system_names() {
  std::vector<std::string> names = {kMidiBert, kLstmAttn, kBilma};
  names.insert(names.end(), classical_systems().begin(), classical_systems().end());
  return names;
}

template <class Field>
void describe(Field& field, RunConfig& c) {
  field(
      "system", c.system,
      {.help = "what recognises the emotion: midibert (the backbone, the injection and the head below); "
               "lstm_attn (LSTM-Attn of EMOPIA or MIDI-BERT: `recurrent` and the head); bilma (the same "
               "with multi-head attention, after BiLMA, of which nothing more is known); or a `classifier`: "
               "majority (sees nothing), mode_only (logistic regression on the mode), logistic, linear_svm, "
               "rbf_svm or random_forest (on symbolic features)",
       .choices = system_names(),
       .before = kMidiBert});
  field("data", c.data, {.help = "which rows train and which are scored"});
  field("model", c.model, {.help = "the backbone"});
  field("recurrent", c.recurrent, {.help = "systems lstm_attn and bilma: what stands in its place"});
  field("injection", c.injection, {.help = "what is told to the model, and where"});
  field("head", c.head, {.help = "the classification head"});
  field("training", c.training, {.help = "how the model is fine-tuned"});
  field("classifier", c.classifier, {.help = "of systems that see symbolic features instead of words"});
  field("seed", c.seed,
        {.help = "of initial weights, order, transpositions, dropout and shuffled conditions"});
}

/// Reset what has no effect, so that equal runs have equal configs: the fold of a published split, the site
/// of condition none, the order of the parts that are scored and of auxiliary tasks.
void normalise(DataConfig& data);
void normalise(InjectionConfig& injection);
void normalise(TrainingConfig& training);

/// Whether the system has that section of the config.
bool has_section(const std::string& system, const std::string& section);

/// Whether a feature file is needed.
bool needs_features(const RunConfig& config);
/// The features, or sets of them, that a classical system is told.
std::vector<std::string> features_of_system(const RunConfig& config);
/// Its weight of the errors against the regularisation.
double regularisation_of(const RunConfig& config);

/// Resets the sections that the system does not have. Whether anything was other than by default.
bool reset_unused(RunConfig& config);

/// What no single field shows, as one sentence, and the field that is to blame.
struct ConfigProblem {
  std::string field;
  std::string sentence;
};
/// The first problem of a config that has been normalised, if there is one: of the start weights it looks at
/// nothing (training/weights_file.h does).
std::optional<ConfigProblem> find_problem(const RunConfig& config);

/// Normalises the sections and throws a usage error for the first problem.
void complete(RunConfig& config);

}  // namespace mofi
