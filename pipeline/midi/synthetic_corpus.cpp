#include "midi/synthetic_corpus.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <span>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/random.h"
#include "midi/midi_writer.h"

namespace mofi {
namespace {

constexpr int kBars = 8, kEighths = 8;
constexpr std::uint32_t kEighthTicks = 240;  // 480 ticks a quarter, 4/4
constexpr std::uint32_t kGapTicks = 12;      // notes end a little before the next begins

using Rhythm = std::vector<int>;  // onsets in eighths; each note lasts until the next
const std::array<Rhythm, 4> kSparseRhythms = {{{0, 2, 4, 6}, {0, 3, 4, 6}, {0, 2, 4, 6, 7}, {0, 2, 3, 4, 6}}};
const std::array<Rhythm, 4> kDenseRhythms = {
    {{0, 1, 2, 3, 4, 5, 6, 7}, {0, 1, 2, 3, 4, 5, 6}, {0, 1, 2, 4, 5, 6, 7}, {0, 2, 3, 4, 5, 6, 7}}};

/// Roots of the bars' chords as scale degrees from 0: cadences that leave no doubt about the key.
constexpr std::array<std::array<int, kBars>, 6> kProgressions = {{
    {0, 3, 4, 0, 0, 3, 4, 0},
    {0, 5, 3, 4, 0, 5, 4, 0},
    {0, 4, 0, 3, 0, 3, 4, 0},
    {0, 3, 0, 4, 5, 3, 4, 0},
    {0, 0, 3, 0, 3, 4, 4, 0},
    {0, 1, 4, 0, 0, 1, 4, 0},
}};
constexpr int kDominant = 4;

constexpr std::array<int, 7> kMajorScale = {0, 2, 4, 5, 7, 9, 11};
constexpr std::array<int, 7> kMinorScale = {0, 2, 3, 5, 7, 8, 10};

/// What the two clips of a song share. It says nothing of key, mode or emotion.
struct Song {
  std::array<int, kBars> progression{};
  std::array<int, kBars> rhythm{};        ///< which of the four rhythms
  std::array<int, kBars> density_rank{};  ///< 0..99: bars of a low rank become dense first
  std::array<std::array<int, kEighths>, kBars> chord_tone{}, step{};  ///< on and between the beats
};

/// How arousal shows: means that differ by class, spreads that overlap.
struct Arousal {
  int tempo_bpm, loudness, density_percent, register_centre;
};
constexpr Arousal kCalm = {84, 54, 30, 64}, kExcited = {124, 82, 70, 72};

/// A bell-shaped integer around `mean`: the sum of three dice, at most `spread` away.
int around(int mean, int spread, RandomStream& draws) {
  const int third = spread / 3;
  return mean + draws.between(-third, third) + draws.between(-third, third) + draws.between(-third, third);
}

Song draw_song(RandomStream draws) {
  Song song;
  song.progression = kProgressions[draws.below(kProgressions.size())];
  for (int bar = 0; bar < kBars; ++bar) {
    song.rhythm[bar] = draws.between(0, 3);
    song.density_rank[bar] = draws.between(0, 99);
    for (int eighth = 0; eighth < kEighths; ++eighth) {
      song.chord_tone[bar][eighth] = draws.between(0, 2);
      song.step[bar][eighth] = draws.below(2) == 0 ? -1 : 1;
    }
  }
  return song;
}

/// One choice of the melody in eight is drawn anew in every clip.
void vary(Song& song, RandomStream& draws) {
  for (int bar = 0; bar < kBars; ++bar) {
    for (int eighth = 0; eighth < kEighths; ++eighth) {
      if (draws.below(8) == 0) song.chord_tone[bar][eighth] = draws.between(0, 2);
      if (draws.below(8) == 0) song.step[bar][eighth] *= -1;
    }
  }
}

struct Key {
  int tonic_pitch;  ///< where degree 0 of the melody lies
  bool is_minor;

  /// The pitch of a scale degree. Over the dominant, minor has its leading tone (harmonic minor).
  int pitch(int degree, bool over_dominant) const {
    const int octave = degree >= 0 ? degree / 7 : -((6 - degree) / 7);
    const int step = degree - 7 * octave;
    const int leading_tone = is_minor && over_dominant && step == 6 ? 1 : 0;
    return tonic_pitch + 12 * octave + (is_minor ? kMinorScale : kMajorScale)[step] + leading_tone;
  }
};

/// The pitch of that pitch class nearest to `centre`.
int nearest_pitch(int pitch_class, int centre) {
  const int above = ((pitch_class - centre) % 12 + 12) % 12;
  return above <= 6 ? centre + above : centre + above - 12;
}

/// The chord tone of degree `degree` (in any octave) nearest to `before`, within the melody's range.
int nearest_degree(int degree, int before) {
  constexpr int kLowest = -4, kHighest = 8;
  int best = degree;
  for (int candidate = degree - 14; candidate <= degree + 14; candidate += 7) {
    if (candidate < kLowest || candidate > kHighest) continue;
    if (best < kLowest || best > kHighest || std::abs(candidate - before) < std::abs(best - before))
      best = candidate;
  }
  return best;
}

class Arranger {
 public:
  Arranger(const Song& song, Key key, const Arousal& arousal, RandomStream& draws)
      : song_(song), key_(key), arousal_(arousal), draws_(draws) {}

  std::vector<Note> notes() {
    for (int bar = 0; bar < kBars; ++bar)
      add_melody(bar, (is_dense(bar) ? kDenseRhythms : kSparseRhythms)[song_.rhythm[bar]]);
    for (int bar = 0; bar < kBars; ++bar) add_chords(bar, is_dense(bar) && bar + 1 < kBars ? 2 : 1);
    return std::move(notes_);
  }

 private:
  bool is_dense(int bar) const { return song_.density_rank[bar] < arousal_.density_percent; }

  void add_chords(int bar, int attacks) {
    const int root = song_.progression[bar], length = kEighths / attacks;
    for (int attack = 0; attack < attacks; ++attack) {
      add(Voice::kChord, bar, attack * length, length, key_.pitch(root, root == kDominant) - 24);
      for (const int third : {0, 2, 4})
        add(Voice::kChord, bar, attack * length, length, key_.pitch(root + third, root == kDominant) - 12);
    }
  }

  void add_melody(int bar, const Rhythm& onsets) {
    const int root = song_.progression[bar];
    for (std::size_t i = 0; i < onsets.size(); ++i) {
      const int eighth = onsets[i], next = i + 1 < onsets.size() ? onsets[i + 1] : kEighths;
      const bool is_last = bar + 1 == kBars && next == kEighths;
      if (is_last)
        degree_ = nearest_degree(0, degree_);
      else if (eighth % 4 == 0)
        degree_ = nearest_degree(root + 2 * song_.chord_tone[bar][eighth], degree_);
      else
        degree_ = std::clamp(degree_ + song_.step[bar][eighth], -4, 8);
      add(Voice::kMelody, bar, eighth, next - eighth, key_.pitch(degree_, root == kDominant));
    }
  }

  enum class Voice { kMelody, kChord };

  void add(Voice voice, int bar, int eighth, int eighths, int pitch) {
    Note note;
    note.start = static_cast<std::uint32_t>(bar * kEighths + eighth) * kEighthTicks;
    note.end = note.start + static_cast<std::uint32_t>(eighths) * kEighthTicks - kGapTicks;
    note.pitch = static_cast<std::uint8_t>(pitch);
    const int loudness = arousal_.loudness - (voice == Voice::kMelody ? 0 : 8);
    note.velocity = static_cast<std::uint8_t>(std::clamp(around(loudness, 9, draws_), 1, 127));
    note.channel = voice == Voice::kMelody ? 0 : 1;  // one channel could not hold a pitch for both at once
    note.track = 1;
    notes_.push_back(note);
  }

  const Song& song_;
  const Key key_;
  const Arousal arousal_;
  RandomStream& draws_;
  std::vector<Note> notes_;
  int degree_ = 0;
};

bool has_low_valence(int quadrant) { return quadrant == 1 || quadrant == 2; }
bool is_excited(int quadrant) { return quadrant < 2; }

void compose(SyntheticPiece& piece, Song song, RandomStream draws) {
  vary(song, draws);
  const Arousal& kind = is_excited(piece.quadrant) ? kExcited : kCalm;
  const Arousal arousal = {around(kind.tempo_bpm, 24, draws), around(kind.loudness, 18, draws),
                           around(kind.density_percent, 30, draws), around(kind.register_centre, 6, draws)};
  const Key key = {nearest_pitch(piece.tonic, arousal.register_centre), piece.is_minor};
  piece.tempo_bpm = arousal.tempo_bpm;
  piece.midi.tempos = {{0, static_cast<std::uint32_t>(60'000'000 / arousal.tempo_bpm)}};
  piece.midi.notes = Arranger(song, key, arousal, draws).notes();
}

SplitPart part_of_song(int rank, int songs) {
  const int train = static_cast<int>(std::lround(0.7 * songs)),
            valid = static_cast<int>(std::lround(0.15 * songs));
  return rank < train ? SplitPart::kTrain : rank < train + valid ? SplitPart::kValid : SplitPart::kTest;
}

/// Quadrants in turn over songs in random order; in each quadrant the first songs are for training.
void assign_emotion_and_split(std::vector<SyntheticPiece>& pieces, std::uint64_t seed) {
  const int songs = static_cast<int>((pieces.size() + 1) / 2);
  const std::vector<std::int64_t> order = random_permutation(songs, RandomStream(seed, "synthetic songs"));
  for (int i = 0; i < songs; ++i) {
    const int quadrant = i % 4, songs_of_quadrant = (songs + 3 - quadrant) / 4;
    for (std::size_t clip : {2 * order[i], 2 * order[i] + 1}) {
      if (clip >= pieces.size()) continue;
      pieces[clip].quadrant = quadrant;
      pieces[clip].split = part_of_song(i / 4, songs_of_quadrant);
    }
  }
}

void assign_modes(std::vector<SyntheticPiece>& pieces, const SyntheticCorpusConfig& config) {
  for (int quadrant = 0; quadrant < 4; ++quadrant) {
    for (const SplitPart part : {SplitPart::kTrain, SplitPart::kValid, SplitPart::kTest}) {
      std::vector<SyntheticPiece*> clips;
      for (SyntheticPiece& piece : pieces)
        if (piece.quadrant == quadrant && piece.split == part) clips.push_back(&piece);
      RandomStream draws(config.seed, "synthetic modes", static_cast<std::uint64_t>(quadrant),
                         static_cast<std::uint64_t>(part));
      draws.shuffle(std::span(clips));
      const auto agreeing = static_cast<std::size_t>(
          std::lround(config.mode_valence_agreement * static_cast<double>(clips.size())));
      for (std::size_t i = 0; i < clips.size(); ++i)
        clips[i]->is_minor = has_low_valence(quadrant) == (i < agreeing);
    }
  }
}

/// The tonics that `may_be` allows, in random order, again and again.
void deal_tonics(std::span<SyntheticPiece* const> pieces, const std::function<bool(std::int64_t)>& may_be,
                 const std::function<RandomStream(std::uint64_t)>& draws_of_deck) {
  std::vector<std::int64_t> deck;
  std::uint64_t decks = 0;
  for (SyntheticPiece* piece : pieces) {
    if (deck.empty()) {
      deck = random_permutation(12, draws_of_deck(decks++));
      std::erase_if(deck, [&](std::int64_t tonic) { return !may_be(tonic); });
      std::ranges::reverse(deck);
    }
    piece->tonic = static_cast<int>(deck.back());
    deck.pop_back();
  }
}

void assign_tonics(std::vector<SyntheticPiece>& pieces, const SyntheticCorpusConfig& config) {
  const auto held_out = [](std::int64_t tonic) { return tonic % 3 == 1; };
  for (const bool is_minor : {false, true}) {
    std::vector<SyntheticPiece*> seen, unseen;
    for (SyntheticPiece& piece : pieces)
      if (piece.is_minor == is_minor)
        (config.unseen_keys && piece.split == SplitPart::kTest ? unseen : seen).push_back(&piece);
    const auto draws_for = [&](const char* what) {
      return [&, what](std::uint64_t deck) { return RandomStream(config.seed, what, is_minor, deck); };
    };
    deal_tonics(
        seen, [&](std::int64_t tonic) { return !config.unseen_keys || !held_out(tonic); },
        draws_for("synthetic tonics"));
    deal_tonics(unseen, held_out, draws_for("synthetic unseen tonics"));
  }
}

bool is_already(const std::filesystem::path& path, const std::string& contents) {
  return std::filesystem::is_regular_file(path) && std::filesystem::file_size(path) == contents.size() &&
         read_text(path) == contents;
}

}  // namespace

std::vector<SyntheticPiece> compose_corpus(const SyntheticCorpusConfig& config) {
  if (config.pieces < 8)
    fail(ExitCode::kUsage, "{} pieces cannot be synthesised; expected 8 or more", config.pieces);
  std::vector<SyntheticPiece> pieces(static_cast<std::size_t>(config.pieces));
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i].group = fmt::format("song_{:05}", i / 2 + 1);
    pieces[i].file = fmt::format("{}_{}.mid", pieces[i].group, i % 2 + 1);
  }
  assign_emotion_and_split(pieces, config.seed);
  assign_modes(pieces, config);
  assign_tonics(pieces, config);
  for (std::size_t i = 0; i < pieces.size(); ++i)
    compose(pieces[i], draw_song(RandomStream(config.seed, "synthetic song", i / 2)),
            RandomStream(config.seed, "synthetic clip", i));
  return pieces;
}

std::string synthetic_labels(const std::vector<SyntheticPiece>& pieces) {
  std::string text = "file,label,group,split,tonic_pc,mode,tempo_bpm\n";
  for (const SyntheticPiece& piece : pieces)
    text += fmt::format("{},Q{},{},{},{},{},{}\n", piece.file, piece.quadrant + 1, piece.group,
                        split_part_name(piece.split), piece.tonic, piece.is_minor ? "minor" : "major",
                        piece.tempo_bpm);
  return text;
}

std::string summary(const std::vector<SyntheticPiece>& pieces) {
  std::size_t notes = 0, minor = 0, agreeing = 0;
  std::array<int, 4> parts{}, quadrants{};
  for (const SyntheticPiece& piece : pieces) {
    notes += piece.midi.notes.size();
    minor += piece.is_minor ? 1 : 0;
    agreeing += piece.is_minor == has_low_valence(piece.quadrant) ? 1 : 0;
    ++parts[static_cast<std::size_t>(piece.split)];
    ++quadrants[static_cast<std::size_t>(piece.quadrant)];
  }
  return fmt::format(
      "{} pieces of {} songs, {} notes: {} major, {} minor\n"
      "labels: Q1 {}, Q2 {}, Q3 {}, Q4 {}; the mode is that of the valence in {} pieces ({:.1f} %)\n"
      "split given: train {}, valid {}, test {}\n",
      pieces.size(), (pieces.size() + 1) / 2, notes, pieces.size() - minor, minor, quadrants[0], quadrants[1],
      quadrants[2], quadrants[3], agreeing,
      100.0 * static_cast<double>(agreeing) / static_cast<double>(pieces.size()), parts[1], parts[2],
      parts[3]);
}

std::string write_synthetic_corpus(const std::filesystem::path& folder,
                                   const std::vector<SyntheticPiece>& pieces) {
  Sha256 hash;
  const auto write = [&](const std::string& name, const std::string& contents) {
    hash.update(name).update(contents);
    if (!is_already(folder / name, contents)) write_atomically(folder / name, contents);
  };
  for (const SyntheticPiece& piece : pieces) write(piece.file, midi_bytes(piece.midi));
  write("labels.csv", synthetic_labels(pieces));
  return hash.hex();
}

}  // namespace mofi
