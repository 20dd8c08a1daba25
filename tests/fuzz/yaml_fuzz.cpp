// The config reader: YAML as a tree, a struct with every kind of field read from it, and its resolved copy,
// which must read back as the same config.

#include "core/config.h"
#include "hostile_input.h"

namespace mofi {
namespace {

// yaml-cpp and the tree hold 300 bytes for two bytes of text ("a,"), more while vectors grow.
// kMostAliasedNodes nodes may come from aliases: 152 bytes an entry, three times that while a vector grows,
// and two trees here.
constexpr MemoryBound kBound{.fixed_bytes = std::size_t{16} << 20, .bytes_per_input_byte = 512};

struct Part {
  int epochs = 10;
  double rate = 0.5;
  std::vector<std::string> names = {"test"};
};
void describe(auto& field, Part& part) {
  field("epochs", part.epochs, {.help = "an int", .minimum = 1, .maximum = 100});
  field("rate", part.rate, {.help = "a number"});
  field("names", part.names, {.help = "texts", .choices = {"valid", "test", "\xC3\xA9"}});
}

struct Whole {
  Part part;
  std::string text = "auto";
  bool flag = false;
  std::uint64_t seed = 1;
  std::int64_t offset = 0;
  std::vector<double> numbers;
  std::vector<std::vector<int>> table;
};
void describe(auto& field, Whole& whole) {
  field("part", whole.part, {.help = "a mapping"});
  field("text", whole.text, {.help = "any text"});
  field("flag", whole.flag, {.help = "a truth", .is_volatile = true});
  field("seed", whole.seed, {.help = "an unsigned integer"});
  field("offset", whole.offset, {.help = "an integer"});
  field("numbers", whole.numbers, {.help = "numbers"});
  field("table", whole.table, {.help = "lists of lists"});
}

std::size_t nodes_of(const ConfigNode& node) {
  std::size_t count = 1;
  for (const ConfigNode& item : node.items) count += nodes_of(item);
  for (const ConfigEntry& entry : node.entries) count += nodes_of(entry.value);
  return count;
}

/// The file may end in a line "--set KEY=VALUE", which is then set as the command line would.
void read_whole(const std::string& text, bool& was_read, Whole& whole) {
  constexpr std::string_view kSetting = "\n--set ";
  const std::size_t at = text.find(kSetting);
  ConfigNode root = parse_config(text.substr(0, at), "input.yaml");
  require(nodes_of(root) <= text.size() + kMostAliasedNodes, "a tree is bounded by its text");
  ConfigNode merged = root;
  merge_config(merged, root);
  require(nodes_of(merged) == nodes_of(root), "a config laid over itself is itself");
  if (at != std::string::npos) apply_setting(root, text.substr(at + kSetting.size()));
  whole = read_config<Whole>(root);
  was_read = true;
}

}  // namespace
}  // namespace mofi

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mofi;
  const std::string text(reinterpret_cast<const char*>(data), size);
  bool was_read = false;
  Whole whole;
  accepts(std::as_bytes(std::span(data, size)), ExitCode::kUsage, kBound,
          [&] { read_whole(text, was_read, whole); });
  if (!was_read) return 0;

  const Json resolved = config_to_json(whole);
  require(!config_to_json(whole, true).dump().empty(), "identity can be computed of what was read");
  const Json again = config_to_json(read_config<Whole>(parse_config(to_yaml(resolved), "resolved.yaml")));
  require(again == resolved, "the resolved copy reads back as the same config");
  return 0;
}
