#include "ablation/cells.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_set>

#include "ablation/cell_sections.h"
#include "ablation/cell_slugs.h"
#include "ablation/exclusions.h"
#include "ablation/sweep_axes.h"
#include "core/error.h"
#include "core/hash.h"
#include "training/weights_file.h"

namespace mofi {
namespace {

/// Every field that an axis may set.
struct CellFields {
  MusicConfig music;
  RunConfig run;
};

template <class Field>
void describe(Field& field, CellFields& c) {
  describe(field, c.music);
  describe(field, c.run);
}

std::string section_of(const std::string& path) { return path.substr(0, path.find('.')); }

const ConfigNode* node_at(const ConfigNode& root, const std::string& path) {
  const ConfigNode* node = &root;
  for (std::size_t at = 0; at <= path.size() && node != nullptr;) {
    const std::size_t dot = std::min(path.find('.', at), path.size());
    node = node->find(path.substr(at, dot - at));
    at = dot + 1;
  }
  return node;
}

class CellReader {
 public:
  CellReader(const ConfigNode& root, const ConfigNode* sweep) : root_(root) {
    if (sweep != nullptr)
      sweep_ = read_sweep(*sweep, AxisFields{list_fields<CellFields>()});
    else
      sweep_.arms.emplace_back();
    for (const std::string& name : run_sections()) sections_.push_back({name, {}, nullptr});
    sections_.push_back({"", {}, nullptr});  // all sections of the music together
    for (Section& section : sections_) section.tree.kind = ConfigNode::Kind::kMapping;
    for (const ConfigEntry& entry : root.entries)
      sections_[section_index(entry.key)].tree.entries.push_back(entry);
    exclusions_ = ExclusionTests(sweep_.exclusions, [this](const std::string& path, const ConfigNode& value) {
      const std::size_t section = section_index(section_of(path));
      ConfigNode tree = sections_[section].tree;
      set_config(tree, path, value);
      return asked_of(section, tree);
    });
  }

  CellSet read() {
    std::size_t asked = 0;
    for (const SweepArm& arm : sweep_.arms) asked += combinations(arm);
    if (asked > kMostCells)
      fail(ExitCode::kUsage, "{}: the sweep crosses its axes to {} cells; at most {} are read",
           sweep_.arms.front().source.text(), asked, kMostCells);
    made_.cells.reserve(asked);
    seen_.reserve(asked);
    refuse_settings_without_effect(root_, "");
    const SweepSlugs slugs(sweep_);
    for (const SweepArm& arm : sweep_.arms) add_arm(arm, slugs);
    exclusions_.require_all_used();
    if (made_.cells.empty())
      fail(ExitCode::kUsage, "{}: every cell of the sweep is excluded", sweep_.arms.front().source.text());
    drop_music_without_cells();
    return std::move(made_);
  }

 private:
  /// What one combination of axes makes of one section.
  struct State {
    SectionState run;       ///< of a section of the run
    std::size_t music = 0;  ///< of the music
    ExclusionTests::Fulfilled fulfilled;
  };
  using SharedState = std::shared_ptr<const State>;

  struct Section {
    std::string name;
    ConfigNode tree;   ///< what the file says of it outside the sweep
    SharedState base;  ///< the same, read
  };

  /// A section in one arm: the axes that set it, and what their combinations have made of it so far.
  struct ArmSection {
    std::vector<std::size_t> axes;
    std::vector<SharedState> states;
  };

  static std::size_t combinations(const SweepArm& arm) {
    constexpr std::size_t kEnough = 1'000'000'000'000;  // no need to count on
    std::size_t count = 1;
    for (const auto& axis : arm.axes) count = std::min(count * axis->values.size(), kEnough);
    return count;
  }

  /// `--set seed=5` of a sweep over seeds would change nothing, and nobody would be told.
  void refuse_settings_without_effect(const ConfigNode& node, const std::string& path) const {
    for (const auto& [key, value] : node.entries)
      refuse_settings_without_effect(value, path.empty() ? key : fmt::format("{}.{}", path, key));
    if (!node.entries.empty() || !node.source.text().starts_with("--set ")) return;
    const ConfigSource* setter = nullptr;
    for (const SweepArm& arm : sweep_.arms) {
      const auto axis =
          std::ranges::find_if(arm.axes, [&](const auto& one) { return always_sets(*one, path); });
      if (axis == arm.axes.end()) return;
      setter = &(*axis)->source;
    }
    fail(ExitCode::kUsage,
         "{}: has no effect, as the sweep sets {} in every cell, at {}; set that axis (--set sweep.…)",
         node.source.text(), path, setter->text());
  }

  static bool always_sets(const SweepAxis& axis, const std::string& path) {
    return std::ranges::all_of(axis.values, [&](const AxisValue& value) {
      return std::ranges::find(value.settings, path, &Settings::value_type::first) != value.settings.end();
    });
  }

  /// Of a top-level key; that of the music is the last.
  std::size_t section_index(const std::string& key) const {
    const auto found = std::ranges::find(run_sections(), key);
    return static_cast<std::size_t>(found - run_sections().begin());
  }
  bool is_music(std::size_t section) const { return section + 1 == sections_.size(); }

  Json asked_of(std::size_t section, const ConfigNode& tree) const {
    if (is_music(section)) return config_to_json(read_music(tree));
    return read_section(tree, sections_[section].name).asked;
  }

  /// The tree may have fields of the experiment that are none of the music's.
  static MusicConfig read_music(const ConfigNode& tree) {
    static const std::vector<FieldLine> fields = list_fields<MusicConfig>();
    ConfigNode music = tree;
    std::erase_if(music.entries, [](const ConfigEntry& entry) {
      return std::ranges::none_of(
          fields, [&](const FieldLine& field) { return section_of(field.path) == entry.key; });
    });
    return read_config<MusicConfig>(music);
  }

  SharedState make_state(std::size_t section, const ConfigNode& tree) {
    State state;
    Json asked;
    if (is_music(section)) {
      MusicConfig music = read_music(tree);
      asked = config_to_json(music);
      normalise(music);
      state.music = music_index(music);
    } else {
      state.run = read_section(tree, sections_[section].name);
      asked = state.run.asked;
    }
    state.fulfilled = exclusions_.fulfilled_by(asked);
    return std::make_shared<State>(std::move(state));
  }

  std::size_t music_index(const MusicConfig& music) {
    const auto [known, is_new] = music_seen_.emplace(config_to_json(music).dump(), made_.music.size());
    if (is_new) made_.music.push_back(music);
    return known->second;
  }

  std::vector<ArmSection> sections_of(const SweepArm& arm) const {
    std::vector<ArmSection> sections(sections_.size());
    for (std::size_t axis = 0; axis < arm.axes.size(); ++axis) {
      std::set<std::size_t> touched;
      for (const AxisValue& value : arm.axes[axis]->values)
        for (const auto& [path, node] : value.settings) touched.insert(section_index(section_of(path)));
      for (const std::size_t section : touched) sections[section].axes.push_back(axis);
    }
    return sections;
  }

  const State& state_at(std::size_t index, ArmSection& section, const SweepPlace& place) {
    if (section.axes.empty()) {
      SharedState& base = sections_[index].base;
      if (base == nullptr) base = make_state(index, sections_[index].tree);
      return *base;
    }
    std::size_t combination = 0, count = 1;
    for (const std::size_t axis : section.axes) {
      combination = combination * place.arm.axes[axis]->values.size() + place.at[axis];
      count *= place.arm.axes[axis]->values.size();
    }
    section.states.resize(count);
    SharedState& state = section.states[combination];
    if (state == nullptr) {
      ConfigNode tree = sections_[index].tree;
      for (const std::size_t axis : section.axes)
        for (const auto& [path, node] : place.value(axis).settings)
          if (section_index(section_of(path)) == index) set_config(tree, path, node);
      state = make_state(index, tree);
    }
    return *state;
  }

  void add_arm(const SweepArm& arm, const SweepSlugs& slugs) {
    std::vector<ArmSection> sections = sections_of(arm);
    const std::string source = arm.source.text();
    const bool every_site = std::ranges::any_of(arm.axes, [](const auto& axis) { return axis->every_site; });
    const ArmSlugs arm_slugs = slugs.of(arm);
    std::vector<const ExclusionTests::Fulfilled*> fulfilled(sections.size());
    std::string semantic;
    SweepPlace place(arm);
    do {
      Cell cell;
      semantic.clear();
      for (std::size_t i = 0; i < sections.size(); ++i) {
        const State& state = state_at(i, sections[i], place);
        fulfilled[i] = &state.fulfilled;
        if (is_music(i)) {
          cell.music = state.music;
        } else {
          state.run.put(cell.config);
          append_member(semantic, state.run.text);
        }
      }
      semantic += '}';
      if (exclusions_.leave_out(place, fulfilled)) continue;
      if (every_site &&
          std::max(cell.config.injection.site, cell.config.head.state) > cell.config.model.layers)
        continue;
      cell.source = source;
      cell.group = arm.group;
      cell.digest = reset_unused(cell.config) ? config_digest(config_to_json(cell.config, true))
                                              : Sha256().update(semantic).hex();
      cell.slug = arm_slugs.slug(cell.config, place.at);
      check(cell, place);
      made_.cells.push_back(std::move(cell));
      refuse_second(place, sections);
    } while (place.advance());
  }

  /// That of cells that were left out is not to be made.
  void drop_music_without_cells() {
    std::map<std::size_t, std::size_t> kept;  // old place → new place, in order
    for (const Cell& cell : made_.cells) kept.emplace(cell.music, 0);
    std::vector<MusicConfig> music;
    for (auto& [before, after] : kept) {
      after = music.size();
      music.push_back(std::move(made_.music[before]));
    }
    made_.music = std::move(music);
    for (Cell& cell : made_.cells) cell.music = kept.at(cell.music);
  }

  void check(const Cell& cell, const SweepPlace& place) {
    if (const auto problem = find_problem(cell.config))
      refuse(place, problem->field, ExitCode::kUsage, problem->sentence);
    if (cell.config.training.weights.empty()) return;
    const char* field = "training.weights";
    std::string misfit;
    try {
      const MusicConfig& music = made_.music[cell.music];
      misfit = weights_.misfit(cell.config, music.inputs.tokens.empty() ? music.tokens.scheme : "");
    } catch (const Error& error) {
      refuse(place, field, error.code(), error.what());
    }
    if (!misfit.empty()) refuse(place, field, ExitCode::kUsage, misfit);
  }

  /// Where the field is set that is to blame, which cell it is, and what is wrong with it.
  [[noreturn]] void refuse(const SweepPlace& place, const std::string& field, ExitCode code,
                           const std::string& sentence) const {
    const std::string source = source_of(place, field).text();
    const std::string cell = place.at.empty() ? "" : fmt::format("cell {}: ", place.text());
    throw Error(code, (source.empty() ? "" : source + ": ") + cell + sentence);
  }

  const ConfigSource& source_of(const SweepPlace& place, const std::string& field) const {
    for (std::size_t axis = 0; axis < place.at.size(); ++axis)
      for (const auto& [path, node] : place.value(axis).settings)
        if (path == field) return node.source;
    const ConfigNode* node = node_at(root_, field);
    return node != nullptr ? node->source : place.arm.source;
  }

  void refuse_second(const SweepPlace& place, std::vector<ArmSection>& sections) {
    const auto [first, is_new] = seen_.insert(made_.cells.size() - 1);
    if (is_new) return;
    const Cell &cell = made_.cells.back(), &other = made_.cells[*first];
    const std::vector<std::string> unused = fields_without_effect(place, sections, cell.config);
    fail(ExitCode::kUsage,
         "{}: cell {}: the sweep asks for {} a second time; it is already asked for at {}{}", cell.source,
         place.text(), cell.slug, other.source,
         unused.empty() ? "" : fmt::format("; without effect here: {}", fmt::join(unused, ", ")));
  }

  /// Fields that axes set and the run does not use: what was asked for is not what it has.
  std::vector<std::string> fields_without_effect(const SweepPlace& place, std::vector<ArmSection>& sections,
                                                 const RunConfig& config) {
    const Json has = config_to_json(config, true);
    std::vector<std::string> unused;
    for (std::size_t axis = 0; axis < place.at.size(); ++axis)
      for (const auto& [path, node] : place.value(axis).settings) {
        const std::size_t section = section_index(section_of(path));
        if (is_music(section)) continue;
        const Json& asked = state_at(section, sections[section], place).run.asked;
        std::string pointer = "/" + path;
        std::ranges::replace(pointer, '.', '/');
        const Json::json_pointer field(pointer);
        if (asked.contains(field) && (!has.contains(field) || has[field] != asked[field]))
          unused.push_back(path);
      }
    return unused;
  }

  /// Cells, by their places in the list, are told apart by what makes them runs of their own.
  struct RunHash {
    const std::vector<Cell>& cells;
    std::size_t operator()(std::size_t i) const {
      return std::hash<std::string_view>()(std::string_view(cells[i].digest).substr(0, 16));
    }
  };
  struct SameRun {
    const std::vector<Cell>& cells;
    bool operator()(std::size_t i, std::size_t k) const {
      const Cell &a = cells[i], &b = cells[k];
      return a.digest == b.digest && a.music == b.music &&
             a.config.training.weights == b.config.training.weights;
    }
  };

  const ConfigNode& root_;
  Sweep sweep_;
  std::vector<Section> sections_;  ///< of the run, then the music
  ExclusionTests exclusions_{{}, nullptr};
  std::map<std::string, std::size_t> music_seen_;
  WeightsHeaders weights_;
  CellSet made_;
  std::unordered_set<std::size_t, RunHash, SameRun> seen_{0, RunHash{made_.cells}, SameRun{made_.cells}};
};

}  // namespace

CellSet read_cells(const ConfigNode& root, const ConfigNode* sweep) { return CellReader(root, sweep).read(); }

std::string config_digest(const Json& semantic_config) {
  return Sha256().update(semantic_config.dump()).hex();
}

std::string digest_of(const Cell& cell) {
  return cell.digest.empty() ? config_digest(config_to_json(cell.config, true)) : cell.digest;
}

std::string run_id(const Cell& cell, const std::map<std::string, std::string>& input_digests) {
  Sha256 identity;
  identity.update(digest_of(cell));
  for (const auto& [name, digest] : input_digests) identity.update(name).update(digest);
  return cell.slug + "-" + identity.hex().substr(0, 12);
}

std::string identity_of(const std::string& run_id) { return run_id.substr(run_id.rfind('-') + 1); }

}  // namespace mofi
