#pragma once
// What every artifact says of itself, in words.

#include <string>
#include <vector>

#include "storage/artifact.h"

namespace mofi {

/// A name and what there is to say of it: one line of a description.
using Facts = std::vector<std::vector<std::string>>;

/// Schema, producer and digests. For an artifact that a reader has returned: reading is what verifies.
Facts header_facts(const ArtifactHeader& header);

}  // namespace mofi
