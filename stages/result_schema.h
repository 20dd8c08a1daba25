#pragma once
// result.json (storage/run_record.h) as a JSON schema, for who reads it with other tools.

#include <string>

namespace mofi {

/// docs/result.schema.json, draft 2020-12. The run's config in it is made from the descriptions of its
/// fields.
std::string result_schema();

}  // namespace mofi
