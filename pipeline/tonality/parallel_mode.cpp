#include "tonality/parallel_mode.h"

#include <algorithm>

#include "tonality/key_finder.h"

namespace mofi {
namespace {

constexpr int kPitchClasses = 12;
constexpr int kMajorDegrees[] = {4, 9, 11};  // third, sixth, seventh, in semitones above the tonic
constexpr int kMinorDegrees[] = {3, 8, 10};

}  // namespace

int parallel_shift(int pitch_class, const Key& key) {
  if (key.tonic < 0 || key.mode == kUndefinedMode) return 0;
  const int degree = (pitch_class - key.tonic + kPitchClasses) % kPitchClasses;
  const auto& moving = key.mode == kMajor ? kMajorDegrees : kMinorDegrees;
  if (std::ranges::find(moving, degree) == std::end(moving)) return 0;
  return key.mode == kMajor ? -1 : 1;
}

void to_parallel_mode(std::span<std::uint8_t> row, const TokenScheme& scheme, const Key& key) {
  for (auto at = static_cast<std::size_t>(scheme.pitch_column); at < row.size();
       at += scheme.columns.size()) {
    if (row[at] >= scheme.pitch_ids) continue;
    const int moved = row[at] + parallel_shift((scheme.lowest_pitch + row[at]) % kPitchClasses, key);
    if (moved >= 0 && moved < scheme.pitch_ids) row[at] = static_cast<std::uint8_t>(moved);
  }
}

PieceMode parallel_of(const PieceMode& piece, const KeyProfile& profile) {
  const Key key{piece.tonic, piece.mode};
  if (key.mode == kUndefinedMode) return piece;
  PieceMode parallel = piece;
  parallel.mode = key.mode == kMajor ? kMinor : kMajor;
  parallel.profile.fill(0);
  PitchClassWeights weights{};
  for (int from = 0; from < kPitchClasses; ++from) {
    const auto to =
        static_cast<std::size_t>((from + parallel_shift(from, key) + kPitchClasses) % kPitchClasses);
    parallel.profile[to] += piece.profile[static_cast<std::size_t>(from)];
  }
  std::ranges::copy(parallel.profile, weights.begin());
  const KeyEstimate found = find_key(weights, profile);
  std::ranges::transform(found.correlation, parallel.correlation.begin(),
                         [](double r) { return static_cast<float>(r); });
  const auto best = [&](std::size_t first) {
    return *std::max_element(
        parallel.correlation.begin() + static_cast<std::ptrdiff_t>(first),
        parallel.correlation.begin() + static_cast<std::ptrdiff_t>(first) + kPitchClasses);
  };
  parallel.margin = (best(0) - best(kPitchClasses)) * (parallel.mode == kMajor ? 1.0F : -1.0F);
  return parallel;
}

}  // namespace mofi
