#include "storage/artifact_text.h"

#include <fmt/core.h>

namespace mofi {

Facts header_facts(const ArtifactHeader& header) {
  Facts facts = {{"schema", header.schema},
                 {"written by", header.producer},
                 {"contents", header.content_sha256 + " (verified)"},
                 {"config", header.config_sha256}};
  for (const auto& [name, digest] : header.inputs)
    facts.push_back({"made from", fmt::format("{} ({})", digest, name)});
  return facts;
}

}  // namespace mofi
