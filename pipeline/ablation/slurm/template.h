#pragma once
// Texts with places: "#SBATCH --job-name={{job_name}}".

#include <map>
#include <string>

namespace mofi {

/// The text with every place filled. A place that has no value and braces that are not closed are usage
/// errors; `name` stands for the text in them. Values may be left without a place.
std::string fill_template(const std::string& text, const std::map<std::string, std::string>& values,
                          const std::string& name);

/// One word of a shell command, whatever is in it.
std::string shell_quote(const std::string& text);

}  // namespace mofi
