// mofi config: what may stand in a config.

#include <fmt/ranges.h>

#include <CLI/CLI.hpp>

#include "config_reference.h"
#include "result_schema.h"
#include "stage_main.h"

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Says what may stand in a config: every key with its default, type, range, unit and meaning, all of "
      "them\n"
      "or those that are named."};
  app.footer(
      "Examples:\n"
      "  mofi config training.epochs injection\n"
      "  mofi config --of cluster\n"
      "  mofi config --yaml > mine.yaml");
  std::vector<std::string> keys, names;
  for (const ConfigDocument& document : config_documents()) names.push_back(document.name);
  std::string of = names.front();
  bool yaml = false, page = false, only_keys = false, schema = false;
  app.add_option("KEY", keys, "fields or sections, such as training.epochs or injection; all unless given");
  app.add_option("--of", of, "kind of file")->check(one_of(names));
  auto* as_yaml = app.add_flag("--yaml", yaml, "a file with every key at its default, and comments");
  auto* as_page = app.add_flag("--page", page, "docs/configuration.md, of all kinds of files");
  auto* as_keys = app.add_flag("--keys", only_keys, "the keys alone, a line each");
  app.add_flag("--result-schema", schema, "docs/result.schema.json: what stands in the result.json of a run")
      ->excludes(as_yaml)
      ->excludes(as_page)
      ->excludes(as_keys)
      ->excludes("KEY");
  as_yaml->excludes(as_page)->excludes(as_keys)->excludes("KEY");
  as_page->excludes(as_keys)->excludes("KEY");

  return run_stage(argc, argv, app, [&] {
    const auto document = std::find(names.begin(), names.end(), of) - names.begin();
    const ConfigDocument& chosen = config_documents()[static_cast<std::size_t>(document)];
    if (schema) {
      fmt::print("{}", result_schema());
    } else if (page) {
      fmt::print("{}", reference_page());
    } else if (yaml) {
      fmt::print("{}", reference_yaml(chosen));
    } else if (only_keys) {
      for (const FieldLine& field : chosen.fields) fmt::print("{}\n", field.path);
    } else {
      fmt::print("{}", reference_text(chosen, keys));
    }
  });
}
