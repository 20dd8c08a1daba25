#include "report/pooling.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "core/error.h"

namespace mofi {
namespace {

bool contains(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// By number of a split's name: whether it counts.
class ChosenSplits {
 public:
  ChosenSplits(const Run& run, const Names& names, const Scoring& scoring)
      : wanted_(scored_splits(run, scoring)), names_(names) {}
  bool operator()(std::uint32_t split) const { return contains(wanted_, names_.name(split)); }

 private:
  std::vector<std::string> wanted_;
  const Names& names_;
};

void add(SeedPool& pool, const Run& run, const Names& names, const Scoring& scoring) {
  if (run.classes != pool.scores.confusion.classes)
    fail(ExitCode::kData, "{}: has {} classes, another run of its configuration has {}", run.folder,
         run.classes, pool.scores.confusion.classes);
  const ChosenSplits chosen(run, names, scoring);
  for (const PieceOutcome& outcome : run.outcomes) {
    if (!chosen(outcome.split)) continue;
    pool.clips.push_back({outcome.song, outcome.piece, outcome.label, outcome.label == outcome.predicted});
    pool.scores.add(outcome.label, outcome.predicted, static_cast<double>(outcome.confidence), outcome.mode);
  }
  const auto add_units = [&](UnitCount& sum, const std::map<std::uint32_t, UnitCount>& by_split) {
    for (const auto& [split, unit] : by_split) {
      if (!chosen(split)) continue;
      sum.scored += unit.scored;
      sum.right += unit.right;
    }
  };
  add_units(pool.rows, run.rows);
  add_units(pool.songs, run.songs);
}

/// Names of a seed's clips must be unlike: a fold must not score what another has scored.
void refuse_twice(const std::vector<ScoredClip>& clips, std::int64_t seed, const std::vector<SeededRun>& runs,
                  const Names& names) {
  const auto twice =
      std::adjacent_find(clips.begin(), clips.end(), [](const ScoredClip& a, const ScoredClip& b) {
        return std::tie(a.song, a.piece, a.label) == std::tie(b.song, b.piece, b.label);
      });
  if (twice == clips.end()) return;
  const Run* last = nullptr;
  for (const SeededRun& run : runs)
    if (run.seed == seed && std::any_of(run.run->outcomes.begin(), run.run->outcomes.end(),
                                        [&](const PieceOutcome& o) { return o.piece == twice->piece; }))
      last = run.run;
  fail(ExitCode::kData,
       "{}: scores piece {}, which another fold of seed {} has scored already; folds must not overlap",
       last == nullptr ? "runs" : last->folder, names.name(twice->piece), seed);
}

}  // namespace

std::vector<SeededRun> seeded(const std::vector<const Run*>& runs) {
  std::vector<SeededRun> all;
  for (const Run* run : runs) all.push_back({run->repetition, run});
  return all;
}

std::vector<std::string> scored_splits(const Run& run, const Scoring& scoring) {
  if (!scoring.splits.empty()) return scoring.splits;
  if (scoring.cross_validated && contains(run.evaluate, "test")) return {"test"};
  return run.evaluate;
}

Pools pool(const std::vector<SeededRun>& runs, const Names& names, const Scoring& scoring) {
  Pools pools;
  for (const auto& [seed, run] : runs) {
    SeedPool empty{Scores(ConfusionMatrix(run->classes, run->quadrants)), {}, {}, {}};
    add(pools.try_emplace(seed, std::move(empty)).first->second, *run, names, scoring);
  }
  for (auto& [seed, pool] : pools) {
    std::sort(pool.clips.begin(), pool.clips.end(), [](const ScoredClip& a, const ScoredClip& b) {
      return std::tie(a.song, a.piece, a.label) < std::tie(b.song, b.piece, b.label);
    });
    refuse_twice(pool.clips, seed, runs, names);
  }
  return pools;
}

double run_accuracy(const Run& run, const Names& names, const Scoring& scoring) {
  const ChosenSplits chosen(run, names, scoring);
  UnitCount clips;
  for (const PieceOutcome& outcome : run.outcomes) {
    if (!chosen(outcome.split)) continue;
    ++clips.scored;
    clips.right += outcome.label == outcome.predicted ? 1 : 0;
  }
  return clips.scored == 0 ? std::numeric_limits<double>::quiet_NaN()
                           : static_cast<double>(clips.right) / static_cast<double>(clips.scored);
}

bool scored_the_same(const Pools& a, const Pools& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    const auto same = [](const ScoredClip& p, const ScoredClip& q) {
      return p.piece == q.piece && p.song == q.song && p.label == q.label;
    };
    return x.first == y.first && std::equal(x.second.clips.begin(), x.second.clips.end(),
                                            y.second.clips.begin(), y.second.clips.end(), same);
  });
}

ScoreTable score_table(const Pools& pools, const Names& names) {
  std::map<std::int64_t, ScoreBySong> by_seed;
  for (const auto& [seed, pool] : pools) {
    ScoreBySong& by_song = by_seed[seed];
    for (std::size_t at = 0; at < pool.clips.size();) {
      const std::uint32_t song = pool.clips[at].song;
      SongScore score;
      for (; at < pool.clips.size() && pool.clips[at].song == song; ++at) {
        ++score.scored;
        score.correct += pool.clips[at].right ? 1 : 0;
      }
      by_song.emplace_hint(by_song.end(), names.name(song), score);
    }
  }
  return make_score_table(by_seed);
}

}  // namespace mofi
