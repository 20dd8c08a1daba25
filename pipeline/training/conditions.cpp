#include "training/conditions.h"

#include <algorithm>
#include <functional>
#include <span>

#include "core/error.h"
#include "core/random.h"

namespace mofi {
namespace {

constexpr int kPitchClasses = 12;

/// Fills the numbers of one row from its piece and what has its key.
using TellRow = std::function<void(std::size_t row, std::span<float> numbers)>;

void tell_mode(std::uint8_t mode, std::span<float> numbers) {
  numbers[0] = mode == kMajor ? 1.0F : mode == kMinor ? 0.0F : 0.5F;
  numbers[1] = 1 - numbers[0];
}

void one_hot(int place, std::span<float> numbers) {
  if (place < 0)
    std::ranges::fill(numbers, 1.0F / static_cast<float>(numbers.size()));
  else
    numbers[static_cast<std::size_t>(place)] = 1;
}

std::vector<std::uint8_t> modes_of_units(const ModeUnits& keys) {
  std::vector<std::uint8_t> modes;
  for (std::size_t unit = 0; unit < keys.key.size(); ++unit) modes.push_back(keys.mode(unit));
  return modes;
}

std::vector<std::uint8_t> shuffled_modes(const ModeUnits& keys, const TokenTable& tokens,
                                         const std::vector<SplitPart>& part, std::uint64_t seed) {
  std::vector<std::uint8_t> modes = modes_of_units(keys);
  std::vector<SplitPart> part_of_unit(modes.size(), SplitPart::kNone);
  for (std::size_t r = 0; r < tokens.rows(); ++r) part_of_unit[keys.of_row[r]] = part[tokens.piece[r]];
  for (const SplitPart one : {SplitPart::kTrain, SplitPart::kValid, SplitPart::kTest}) {
    std::vector<std::size_t> members;
    std::vector<std::uint8_t> shuffled;
    for (std::size_t unit = 0; unit < modes.size(); ++unit)
      if (part_of_unit[unit] == one) {
        members.push_back(unit);
        shuffled.push_back(modes[unit]);
      }
    RandomStream(seed, "shuffle modes", static_cast<std::uint64_t>(one)).shuffle(std::span(shuffled));
    for (std::size_t k = 0; k < members.size(); ++k) modes[members[k]] = shuffled[k];
  }
  return modes;
}

std::vector<std::uint8_t> random_modes(std::size_t units, std::uint64_t seed) {
  RandomStream coin(seed, "random modes");
  std::vector<std::uint8_t> modes(units);
  for (std::uint8_t& mode : modes) mode = coin.below(2) == 0 ? kMajor : kMinor;
  return modes;
}

TellRow tell_features(const InjectionConfig& injection, const TokenTable& tokens,
                      const FeatureTable& features) {
  if (features.names != feature_names())
    fail(ExitCode::kData, "the features file has other features than this version knows; make it anew");
  return [&tokens, told = told_features(injection), by_piece = FeaturesByPiece(features)](
             std::size_t row, std::span<float> numbers) {
    const TokenPiece& piece = tokens.pieces[tokens.piece[row]];
    const std::vector<float>& values = by_piece.of(piece.id, piece.midi_sha256);
    for (std::size_t i = 0; i < told.size(); ++i) {
      const Feature& feature = feature_list()[told[i]];
      numbers[i] = (values[told[i]] - feature.centre) / feature.spread;
    }
  };
}

/// What moves with the music, of features: the twelve pitch classes lead where they are told.
void move_features(const InjectionConfig& injection, ConditionTable& table) {
  for (const std::size_t place : told_features(injection)) {
    const Feature& feature = feature_list()[place];
    table.turning += feature.under_shift == UnderShift::kTurns ? 1 : 0;
    table.sliding.push_back(feature.under_shift == UnderShift::kSlides ? 1 / feature.spread : 0);
  }
}

TellRow teller(const RunConfig& config, const TokenTable& tokens, const ModeUnits& keys,
               const FeatureTable* features, const std::vector<SplitPart>& part) {
  const std::string& condition = config.injection.condition;
  const auto key_of = [&](std::size_t row) -> const PieceMode& { return *keys.key[keys.of_row[row]]; };
  const auto by_unit = [&](std::vector<std::uint8_t> modes) {
    return [&, modes = std::move(modes)](std::size_t row, std::span<float> numbers) {
      tell_mode(modes[keys.of_row[row]], numbers);
    };
  };
  if (condition == "mode") return by_unit(modes_of_units(keys));
  if (condition == "shuffled") return by_unit(shuffled_modes(keys, tokens, part, config.seed));
  if (condition == "random") return by_unit(random_modes(keys.key.size(), config.seed));
  if (condition == "features") return tell_features(config.injection, tokens, *features);
  if (condition == "constant")
    return [](std::size_t, std::span<float> numbers) { tell_mode(kUndefinedMode, numbers); };
  if (condition == "labels")
    return [&](std::size_t row, std::span<float> numbers) {
      one_hot(tokens.pieces[tokens.piece[row]].label, numbers);
    };
  if (condition == "mode_confidence")
    return [=](std::size_t row, std::span<float> numbers) {
      tell_mode(key_of(row).mode, numbers);
      numbers[2] = key_of(row).margin;
    };
  if (condition == "key")
    return [=](std::size_t row, std::span<float> numbers) {
      const PieceMode& key = key_of(row);
      one_hot(key.mode == kUndefinedMode ? -1 : kPitchClasses * key.mode + key.tonic, numbers);
    };
  if (condition == "correlations")
    return [=](std::size_t row, std::span<float> numbers) {
      std::ranges::copy(key_of(row).correlation, numbers.begin());
    };
  if (condition == "profile")
    return [=](std::size_t row, std::span<float> numbers) {
      std::ranges::transform(key_of(row).profile, numbers.begin(),
                             [](float share) { return kPitchClasses * share; });
    };
  fail(ExitCode::kInternal, "no rule tells condition {}", condition);
}

}  // namespace

bool needs_keys(const InjectionConfig& injection) { return condition_named(injection.condition).needs_keys; }

ConditionTable make_conditions(const RunConfig& config, const TokenTable& tokens, const ModeUnits& keys,
                               const FeatureTable* features, const std::vector<SplitPart>& part) {
  const std::string& condition = config.injection.condition;
  if (condition == "features" && features == nullptr)
    fail(
        ExitCode::kUsage,
        "injection.condition is features, which needs a feature file; make one with `mofi features` and name "
        "it (inputs.features, --features)");
  if (needs_keys(config.injection) && !keys.key.empty() && keys.key.front() == nullptr)
    fail(ExitCode::kUsage,
         "injection.condition is {}, which needs a mode file; make one with `mofi mode` and name it "
         "(inputs.mode, --mode)",
         condition);
  ConditionTable table;
  if (condition == "none") return table;
  table.width = condition_width(config.injection, static_cast<int>(tokens.class_names.size()));
  table.turning = condition_named(condition).turning;
  if (condition == "features") move_features(config.injection, table);
  const auto width = static_cast<std::size_t>(table.width);
  table.values.assign(tokens.rows() * width, 0);
  const TellRow tell = teller(config, tokens, keys, features, part);
  for (std::size_t r = 0; r < tokens.rows(); ++r) tell(r, std::span(table.values).subspan(r * width, width));
  return table;
}

}  // namespace mofi
