#include "features/piece_features.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "core/error.h"
#include "midi/tempo_map.h"
#include "tonality/key_finder.h"

namespace mofi {
namespace {

constexpr double kShortestDuration_s = 1e-3;  // of logarithms; a note may last 0 s with reading.pairing: fifo

double mean_of(const std::vector<double>& values) {
  if (values.empty()) return 0;
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double sd_of(const std::vector<double>& values) {
  if (values.empty()) return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

double ratio(double of, double by) { return by > 0 ? of / by : 0; }

/// The time in which any note sounds, seconds.
double sounding_time(const std::vector<Note>& notes, const TempoMap& tempo) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> spans;
  for (const Note& note : notes) spans.emplace_back(note.start, note.end);
  std::ranges::sort(spans);
  double sum = 0;
  std::uint32_t sounded_until = 0;
  for (const auto& [start, end] : spans) {
    const std::uint32_t from = std::max(start, sounded_until);
    if (end <= from) continue;
    sum += tempo.seconds(end) - tempo.seconds(from);
    sounded_until = end;
  }
  return sum;
}

/// What is put in one after the other, as feature_list() has it.
class Values {
 public:
  void add(double value) {
    if (count_ == values_.size()) fail(ExitCode::kInternal, "a piece has more than {} features", kFeatures);
    values_[count_++] = static_cast<float>(value);
  }
  FeatureValues take() const {
    if (count_ != values_.size())
      fail(ExitCode::kInternal, "a piece has {} of {} features", count_, kFeatures);
    return values_;
  }

 private:
  FeatureValues values_{};
  std::size_t count_ = 0;
};

void add_tonality(Values& values, const PitchClassWeights& weights, const KeyProfile& profile) {
  double total = 0;
  for (const double weight : weights) total += weight;
  for (const double weight : weights) values.add(ratio(weight, total));
  const KeyEstimate key = find_key(weights, profile);
  for (int above = 0; above < 12; ++above)
    values.add(key.tonic < 0 ? 0 : ratio(weights[static_cast<std::size_t>((key.tonic + above) % 12)], total));
  values.add(key.mode == kMajor ? 0 : key.mode == kMinor ? 1 : 0.5);
  values.add(key.margin);
}

}  // namespace

FeatureValues features_of(const MidiFile& midi, const KeyProfile& profile, Weighting weighting) {
  const TempoMap tempo(midi);
  std::vector<double> pitches, velocities, durations, log_durations, intervals;
  std::set<std::uint32_t> onsets;
  std::uint32_t last_end = 0;
  for (const Note& note : midi.notes) {
    pitches.push_back(note.pitch);
    velocities.push_back(note.velocity);
    durations.push_back(tempo.seconds(note.end) - tempo.seconds(note.start));
    log_durations.push_back(std::log(std::max(durations.back(), kShortestDuration_s)));
    onsets.insert(note.start);
    last_end = std::max(last_end, note.end);
  }
  for (auto onset = onsets.begin(); onset != onsets.end(); ++onset)
    if (onset != onsets.begin())
      intervals.push_back(tempo.seconds(*onset) - tempo.seconds(*std::prev(onset)));
  const double length = onsets.empty() ? 0 : tempo.seconds(last_end) - tempo.seconds(*onsets.begin());
  const double sounding = sounding_time(midi.notes, tempo);
  const auto [lowest, highest] = std::ranges::minmax_element(pitches);

  const auto notes = static_cast<double>(midi.notes.size());
  Values values;
  add_tonality(values, pitch_class_weights(midi.notes, weighting, tempo), profile);
  values.add(length);
  values.add(ratio(notes, length));
  values.add(ratio(static_cast<double>(onsets.size()), length));
  values.add(mean_of(pitches));
  values.add(sd_of(pitches));
  values.add(pitches.empty() ? 0 : *highest - *lowest);
  values.add(mean_of(velocities));
  values.add(sd_of(velocities));
  values.add(mean_of(durations));
  values.add(sd_of(durations));
  values.add(mean_of(log_durations));
  values.add(sd_of(intervals));
  values.add(ratio(notes, static_cast<double>(onsets.size())));
  values.add(ratio(sounding, length));
  return values.take();
}

}  // namespace mofi
