#pragma once
// Where the music comes from, as configs and command lines say it.

#include <string>
#include <vector>

#include "midi/corpus.h"
#include "midi/dataset_kinds.h"
#include "midi/synthetic_corpus.h"

namespace mofi {

struct DatasetConfig {
  std::string name = "folder";
  std::string input;
  std::string labels;
  std::vector<std::string> classes;
  SyntheticCorpusConfig synthetic;
};

void describe(auto& field, DatasetConfig& c) {
  field("name", c.name, {.help = dataset_help(), .choices = dataset_names()});
  field("input", c.input, {.help = "the data set's folder, what --data gives", .is_volatile = true});
  field("labels", c.labels,
        {.help = "CSV file,label[,group,split] of a folder; empty: labels.csv in it", .is_volatile = true});
  field("classes", c.classes, {.help = "the allowed labels of a folder, in order; empty: those that occur"});
  field("synthetic", c.synthetic, {.help = "the composed corpus"});
}

/// A real data set, in its folder. Throws kUsage without a folder, and for synthetic music, which has to be
/// written first.
Corpus open_dataset(const DatasetConfig& config);

}  // namespace mofi
