#pragma once
// What every HDF5 artifact says of itself (root attributes): its schema, the digest of its contents, the
// digest of the config that made it, its producer and the digests of what it was made from.

#include <map>
#include <string>

#include "storage/hdf5_file.h"

namespace mofi {

struct ArtifactHeader {
  std::string schema;                         ///< "mofi-tokens/1": name and version
  std::string content_sha256;                 ///< over contents, not file bytes; times and producer excluded
  std::string config_sha256;                  ///< of the semantic config that made it
  std::string producer;                       ///< program, version and commit; provenance only
  std::map<std::string, std::string> inputs;  ///< name of an input → its content digest
};

void write_header(Hdf5Writer& file, const ArtifactHeader& header);

/// Reads the header and refuses another schema than `schema`, naming both.
ArtifactHeader read_header(const Hdf5Reader& file, const std::string& schema);

/// Whether "mofi-result/2" is what a newer program writes where this one knows "mofi-result/1".
bool is_newer_schema(const std::string& found, const std::string& known);

/// Refuses contents whose digest is not the recorded one.
void require_digest(const Hdf5Reader& file, const ArtifactHeader& header, const std::string& computed_sha256);

}  // namespace mofi
