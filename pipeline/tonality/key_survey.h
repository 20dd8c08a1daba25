#pragma once
// What several methods find in a corpus, from one reading of it. Of each piece only the key is kept; all else
// that one method can tell is in a ModeTable.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "midi/read_corpus.h"
#include "tonality/key.h"
#include "tonality/mode_table.h"

namespace mofi {

struct KeyMethod {
  std::string profile, weighting;
};

/// Every key profile with every weighting.
std::vector<KeyMethod> all_key_methods();

/// The keys of a corpus by one method.
struct FoundKeys {
  KeyMethod method;
  std::vector<std::optional<Key>> keys;  ///< as Corpus::files; nothing for a bad file that was skipped
};

/// One per method, in their order, of whole pieces. Collective over the team, whose first rank gets the
/// result; neither ranks nor threads change it.
std::vector<FoundKeys> survey_keys(const Corpus& corpus, std::span<const KeyMethod> methods,
                                   const ReadOptions& reading = {}, const Team& team = {});

/// The same of what was found before, which must be of whole pieces (else kUsage). They are matched by id.
FoundKeys found_keys(const ModeTable& table, const Corpus& corpus);

}  // namespace mofi
