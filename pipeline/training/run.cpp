#include "training/run.h"

#include "core/files.h"
#include "core/hash.h"

namespace mofi {

std::map<std::string, std::string> input_digests(const RunConfig& config, const RunInputs& inputs) {
  std::map<std::string, std::string> digests = {{"tokens", inputs.tokens->header.content_sha256}};
  // Modes are recorded whatever the condition: predictions carry them, and tables compare with them.
  if (inputs.modes != nullptr) digests["mode"] = inputs.modes->header.content_sha256;
  if (inputs.features != nullptr) digests["features"] = inputs.features->header.content_sha256;
  if (!config.training.weights.empty())
    digests["weights"] = sha256_of_bytes(read_bytes(config.training.weights));
  return digests;
}

}  // namespace mofi
