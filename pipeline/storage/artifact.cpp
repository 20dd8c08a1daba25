#include "storage/artifact.h"

#include <charconv>

#include "core/error.h"

namespace mofi {

void write_header(Hdf5Writer& file, const ArtifactHeader& header) {
  file.attribute("", "schema", header.schema);
  file.attribute("", "content_sha256", header.content_sha256);
  file.attribute("", "config_sha256", header.config_sha256);
  file.attribute("", "producer", header.producer);
  std::vector<std::string> inputs;
  for (const auto& [name, digest] : header.inputs) inputs.push_back(name + "=" + digest);
  if (!inputs.empty()) file.attribute("", "inputs", inputs);
}

ArtifactHeader read_header(const Hdf5Reader& file, const std::string& schema) {
  const std::string path = file.path().string();
  if (!file.has_attribute("", "schema"))
    fail(ExitCode::kData, "{}: says no schema, so it was not written by mofi; expected {}", path, schema);
  ArtifactHeader header;
  header.schema = file.text_attribute("", "schema");
  if (header.schema != schema)
    fail(ExitCode::kData, "{}: has schema {}; expected a file of schema {}", path, header.schema, schema);
  header.content_sha256 = file.text_attribute("", "content_sha256");
  header.config_sha256 = file.text_attribute("", "config_sha256");
  header.producer = file.text_attribute("", "producer");
  if (file.has_attribute("", "inputs")) {
    for (const std::string& input : file.texts_attribute("", "inputs")) {
      const auto equals = input.find('=');
      if (equals != std::string::npos) header.inputs[input.substr(0, equals)] = input.substr(equals + 1);
    }
  }
  return header;
}

bool is_newer_schema(const std::string& found, const std::string& known) {
  const auto slash = known.rfind('/') + 1;
  const auto version = [&](const std::string& schema) {
    int number = 0;
    std::from_chars(schema.data() + slash, schema.data() + schema.size(), number);
    return number;
  };
  return found.starts_with(known.substr(0, slash)) && version(found) > version(known);
}

void require_digest(const Hdf5Reader& file, const ArtifactHeader& header,
                    const std::string& computed_sha256) {
  if (computed_sha256 != header.content_sha256)
    fail(ExitCode::kData,
         "{}: its contents (digest {:.12}…) are not those it was written with ({:.12}…); make it again",
         file.path().string(), computed_sha256, header.content_sha256);
}

}  // namespace mofi
