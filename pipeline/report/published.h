#pragma once
// Values that others have published, to be printed beside ours.

#include <filesystem>
#include <string>
#include <vector>

#include "core/config.h"
#include "report/arms.h"

namespace mofi {

struct PublishedValue {
  std::string table, dataset, name, source;
  std::vector<std::string> arm;
  double accuracy = 0, f1 = 0;
};

template <class Field>
void describe(Field& field, PublishedValue& c) {
  field("table", c.table, {.help = "which table it stands in"});
  field("dataset", c.dataset, {.help = "data set, as token files call it: emopia, vgmidi"});
  field("name", c.name, {.help = "what it is called there"});
  field("arm", c.arm,
        {.help = "settings of the arm of ours that does the same (injection.condition=mode; also !=, and "
                 "injection.site=last or middle); empty: none does"});
  field("accuracy", c.accuracy, {.help = "0 to 1", .minimum = 0, .maximum = 1});
  field("f1", c.f1, {.help = "0 to 1; 0: not said", .minimum = 0, .maximum = 1});
  field("source", c.source, {.help = "where it is published"});
}

/// The list `values` of a YAML file.
std::vector<PublishedValue> read_published(const std::filesystem::path& file);

/// "75.2 (75.1)": accuracy and F1 in %.
std::string published_cell(const PublishedValue& value);

/// Whether ours does what was published: same data set, and all settings.
bool is_of(const PublishedValue& value, const Arm& arm);

}  // namespace mofi
