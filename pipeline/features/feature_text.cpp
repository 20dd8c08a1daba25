#include "features/feature_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/aligned.h"
#include "features/feature_list.h"
#include "storage/artifact_text.h"

namespace mofi {
namespace {

std::string number(double value) { return fmt::format("{:.3f}", value == 0 ? 0.0 : value); }

}  // namespace

std::string summary_of(const FeatureTable& table) {
  std::vector<std::vector<std::string>> lines = {
      {"feature", "mean", "SD", "least", "most", "unit", "what it is"}};
  const auto pieces = static_cast<double>(table.pieces.size());
  for (std::size_t k = 0; k < table.names.size() && !table.pieces.empty(); ++k) {
    double sum = 0, squares = 0;
    float least = table.pieces.front().values[k], most = least;
    for (const PieceFeatures& piece : table.pieces) {
      sum += static_cast<double>(piece.values[k]);
      least = std::min(least, piece.values[k]);
      most = std::max(most, piece.values[k]);
    }
    for (const PieceFeatures& piece : table.pieces)
      squares += std::pow(static_cast<double>(piece.values[k]) - sum / pieces, 2);
    const auto known = std::ranges::find(feature_list(), table.names[k], &Feature::name);
    const bool is_known = known != feature_list().end();
    lines.push_back({table.names[k], number(sum / pieces), number(std::sqrt(squares / pieces)), number(least),
                     number(most), is_known ? known->unit : "?",
                     is_known ? known->formula : "not known here"});
  }
  return aligned(lines, "lrrrrll");
}

std::string text_of(const FeatureTable& table, std::size_t rows) {
  const std::size_t all = table.pieces.size();
  Facts facts = header_facts(table.header);
  facts.push_back({"size", counted(all, "piece") + ", " + counted(table.names.size(), "feature")});
  std::string text =
      fmt::format("Symbolic features of pieces, keys by the profile {}, pitch classes weighted by {}\n",
                  table.key_profile, table.weighting);
  text += aligned(facts) + "\n" + summary_of(table);
  if (rows == 0 || all == 0) return text;

  std::vector<std::vector<std::string>> lines = {{"piece"}};
  for (std::size_t i = 0; i < std::min(rows, all); ++i) lines.front().push_back(table.pieces[i].piece_id);
  for (std::size_t k = 0; k < table.names.size(); ++k) {
    lines.push_back({table.names[k]});
    for (std::size_t i = 0; i < std::min(rows, all); ++i)
      lines.back().push_back(number(static_cast<double>(table.pieces[i].values[k])));
  }
  text += "\n" + aligned(lines, "l" + std::string(std::min(rows, all), 'r'));
  if (rows < all) text += fmt::format("  … and {} more pieces\n", thousands(all - rows));
  return text;
}

}  // namespace mofi
