#include "training/pretrain.h"

#include <torch/torch.h>

#include <algorithm>
#include <set>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/provenance.h"
#include "core/random.h"
#include "model/weights.h"
#include "training/batches.h"
#include "training/masking.h"
#include "training/model_input.h"

namespace mofi {
namespace {

using torch::Tensor;

constexpr int kShortest = 8;  ///< words of a rest of a row that is worth a row of its own
constexpr std::size_t kRowsAtOnce = 32;

/// Rows of at most data.max_words, training and held-out ones.
Dataset cut_rows(const PretrainConfig& config, const TokenTable& tokens) {
  Dataset dataset;
  dataset.tokens = &tokens;
  dataset.max_words = std::min(config.data.max_words, tokens.row_words);
  const HeldOutRows sides = hold_out(tokens, {config.data.held_out, config.data.reproduce_midibert,
                                              config.data.reproduce_midibert, config.seed});
  const int shortest = config.objective == "next_word" ? 2 : 1;  // a word that something is to be guessed of
  const auto add = [&](const std::vector<std::size_t>& rows, SplitPart part) {
    for (const std::size_t r : rows)
      for (int first = 0; first < tokens.length[r]; first += dataset.max_words) {
        const int words = std::min<int>(tokens.length[r] - first, dataset.max_words);
        if (words >= (first == 0 ? shortest : kShortest))
          dataset.rows.push_back({r, tokens.piece[r], 0, first, words, -1, part});
      }
  };
  add(sides.train, SplitPart::kTrain);
  add(sides.held_out, SplitPart::kValid);
  return dataset;
}

/// The words of some rows, as the model sees them and as they were.
struct MaskedRows {
  ModelInput input;
  MaskedWords masked;
};

/// What a training shares over all its steps.
struct Pretraining {
  const PretrainConfig& config;
  const Dataset& dataset;
  const MaskedLm& model;
  torch::Device device;
  RowTensors tensors = row_tensors(dataset, device);
  Masker masker = make_masker(dataset.tokens->scheme, config.masking, config.data.reproduce_midibert, device);

  bool asks_next() const { return config.objective == "next_word"; }
  /// How many words of a row may be chosen: MIDI-BERT chooses padding, too.
  std::int64_t maskable(std::size_t row) const {
    return config.data.reproduce_midibert ? dataset.max_words : dataset.rows[row].words;
  }
  double chosen(std::span<const std::size_t> rows) const {
    std::int64_t words = 0;
    for (const std::size_t r : rows)
      words += asks_next() ? dataset.rows[r].words - 1 : chosen_words(config.masking, maskable(r));
    return static_cast<double>(words);
  }

  BatchLayout layout() const {
    return batch_layout(config.data.reproduce_midibert ? Padding::kAttended : Padding::kMasked, config.model,
                        device);
  }

  /// `purpose` and `epoch` name the draw.
  ToldBatch told(std::span<const std::size_t> rows, std::span<const int> shifts, const char* purpose,
                 int epoch, const BatchLayout& layout) const {
    std::vector<std::uint64_t> keys;
    for (const std::size_t r : rows)
      keys.push_back(stream_key(config.seed, purpose, static_cast<std::uint64_t>(epoch), r));
    ToldBatch told = tell(dataset, rows, shifts, keys, layout);
    if (layout.recorded_rows == 0)
      told.shape.guesses = static_cast<std::int64_t>(chosen(rows));
    else
      told.shape.guesses = asks_next() ? told.shape.words
                                       : most_chosen_words(config.masking, told.shape.words, told.shape.rows);
    return told;
  }

  MaskedRows masked_rows(const BatchShape& shape, const Tensor& numbers) const {
    const bool as_midibert = config.data.reproduce_midibert;
    MaskedRows made{make_input(tensors, shape, numbers), {}};
    const auto of_rows = numbers_of_rows(shape, numbers).unbind(0);
    Tensor lengths_S = of_rows[2];
    if (asks_next()) {
      made.masked = next_words(made.input.words_NC, made.input.sequences, lengths_S, shape.guesses);
      return made;
    }
    if (as_midibert) lengths_S = (lengths_S > 0) * dataset.max_words;
    made.masked =
        mask_words(masker, made.input.words_NC, made.input.sequences, lengths_S, of_rows[4], shape.guesses);
    // MIDI-BERT attends to what does not look like padding once it is corrupted.
    if (as_midibert)
      made.input.mask_N =
          (made.masked.words_NC.select(1, 0) != tensors.pad_C.select(0, 0)).to(torch::kFloat32);
    return made;
  }
  MaskedRows masked_rows(const ToldBatch& told) const {
    return masked_rows(told.shape, torch::tensor(told.numbers).to(device));
  }

  LossSum loss(const MaskedRows& rows, bool training) const {
    const Tensor hidden =
        encode(model.backbone, rows.masked.words_NC, rows.input.sequences, rows.input.mask_N, training)
            .back();
    const MaskedLmScores scores =
        score_masked_words(model.head, hidden, rows.masked.positions_M, rows.masked.targets_MC);
    const auto exact = [](const Tensor& x) { return x.detach().to(torch::kFloat64).flatten(); };
    return {scores.loss_sum,
            torch::cat({exact(scores.loss_sum), exact(scores.column_loss_C), exact(scores.correct_C)})};
  }

  int meters() const { return 1 + 2 * static_cast<int>(dataset.tokens->columns()); }
  Json describe(std::span<const double> totals, double weight) const {
    Json found = {{"loss", totals[0] / weight}, {"loss_by_column", {}}, {"accuracy", {}}};
    const auto& columns = dataset.tokens->scheme.columns;
    for (std::size_t c = 0; c < columns.size(); ++c) {
      found["loss_by_column"][columns[c].name] = totals[1 + c] / weight;
      found["accuracy"][columns[c].name] = totals[1 + columns.size() + c] / weight;
    }
    return found;
  }
  /// Columns weigh as they do in the loss: by their ids.
  double score(const Json& metrics) const {
    double sum = 0, ids = 0;
    for (const TokenColumn& column : dataset.tokens->scheme.columns) {
      sum += column.size * metrics["accuracy"][column.name].get<double>();
      ids += column.size;
    }
    return sum / ids;
  }

  /// Held-out rows that are scored, the same ones every time.
  std::vector<std::size_t> scored_rows() const {
    std::vector<std::size_t> rows = dataset.rows_in({"valid"});
    RandomStream(config.seed, "held-out rows").shuffle(std::span(rows));
    rows.resize(std::min(rows.size(), static_cast<std::size_t>(config.data.held_out_rows)));
    std::stable_sort(rows.begin(), rows.end(),
                     [&](auto a, auto b) { return dataset.rows[a].words < dataset.rows[b].words; });
    return rows;
  }
  /// With the same masks every time, unless MIDI-BERT's are wanted.
  MaskedRows held_out(std::span<const std::size_t> rows, int epoch) const {
    return masked_rows(
        told(rows, {}, "held-out masks", config.data.reproduce_midibert ? epoch : 0, layout()));
  }

  /// Collective.
  HeldOutScore validate(const World& world, std::span<const std::size_t> rows, int epoch) const {
    const torch::NoGradGuard no_grad;
    Tensor totals = torch::zeros({meters()}, torch::TensorOptions(torch::kFloat64).device(device));
    const std::size_t batches = (rows.size() + kRowsAtOnce - 1) / kRowsAtOnce;
    for (auto b = static_cast<std::size_t>(world.rank()); b < batches;
         b += static_cast<std::size_t>(world.size())) {
      world.alive();
      const std::size_t first = b * kRowsAtOnce;
      totals += loss(held_out(rows.subspan(first, std::min(kRowsAtOnce, rows.size() - first)), epoch), false)
                    .totals_M;
    }
    totals = totals.cpu();
    const std::span sums(totals.data_ptr<double>(), static_cast<std::size_t>(meters()));
    world.sum(sums);
    const Json metrics = describe(sums, chosen(rows));
    return {score(metrics), metrics};
  }
};

Objective guess_words(const World& world, const Pretraining& p) {
  Objective objective;
  objective.batches = [&p, rows = p.dataset.rows_in({"train"})](int epoch) {
    return epoch_batches(p.dataset, rows, static_cast<std::size_t>(p.config.training.batch), p.config.seed,
                         epoch);
  };
  objective.weight = [&p](std::span<const std::size_t> rows) { return p.chosen(rows); };
  objective.words = [&p](std::span<const std::size_t> rows) { return count_words(p.dataset, rows); };
  BatchLayout layout = p.layout();
  if (replays_steps(p.config.training, world, p.device))
    layout.recorded_rows = most_items_at_once(p.config.training, world);
  objective.tell = [&p, layout](std::span<const std::size_t> rows, int epoch) {
    const ShiftRange wanted = {-p.config.data.transpose_down, p.config.data.transpose_up};
    const ToldBatch told =
        p.told(rows, draw_shifts(p.dataset, rows, wanted, p.config.seed, epoch), "masks", epoch, layout);
    return ToldItems{told.shape.numbers(), told.numbers};
  };
  objective.sum = [&p](const std::vector<std::int64_t>& shape, const Tensor& numbers) {
    return p.loss(p.masked_rows(BatchShape::of(shape), numbers), true);
  };
  objective.meters = p.meters();
  objective.describe = [&p](std::span<const double> totals, double weight) {
    return p.describe(totals, weight);
  };
  objective.validate = [&p, &world, rows = p.scored_rows()](int epoch) {
    return p.validate(world, rows, epoch);
  };
  return objective;
}

/// Guesses of the same words from counts.
Json baselines(const Pretraining& p) {
  const TokenTable& tokens = *p.dataset.tokens;
  std::set<std::size_t> fitted;
  for (const std::size_t r : p.dataset.rows_in({"train"})) fitted.insert(p.dataset.rows[r].row);
  std::map<std::size_t, std::vector<int>> places;
  for (const std::size_t r : p.scored_rows()) {
    const std::vector<std::size_t> alone = {r};
    const Tensor positions = p.held_out(alone, 0).masked.positions_M.cpu();
    const DatasetRow& row = p.dataset.rows[r];
    for (std::int64_t i = 0; i < positions.size(0); ++i) {
      const auto place = static_cast<int>(positions[i].item<std::int64_t>()) + (p.asks_next() ? 1 : 0);
      if (place < row.words)
        places[row.row].push_back(row.first_word + place);  // MIDI-BERT masks padding, too
    }
  }
  std::vector<std::size_t> scored;
  std::vector<std::vector<int>> positions;
  for (auto& [row, of_row] : places) {
    std::sort(of_row.begin(), of_row.end());
    scored.push_back(row);
    positions.push_back(std::move(of_row));
  }
  const std::vector<std::size_t> rows(fitted.begin(), fitted.end());
  Json found = Json::object();
  for (const ColumnBaselines& column : word_baselines(tokens, rows, scored, tokens.row_words, positions))
    found[column.column] = {{"unigram", column.unigram},
                            {"copy", column.copy},
                            {"bigram", column.bigram},
                            {"neighbours", column.neighbours}};
  return found;
}

Json describe_corpus(const Dataset& dataset) {
  Json found = Json::object();
  for (const char* part : {"train", "valid"}) {
    const auto rows = dataset.rows_in({part});
    std::set<std::string> songs;
    for (const std::size_t r : rows) songs.insert(dataset.tokens->pieces[dataset.rows[r].piece].group);
    found[std::string(part) == "train" ? "train" : "held_out"] = {
        {"rows", rows.size()}, {"words", count_words(dataset, rows)}, {"songs", songs.size()}};
  }
  return found;
}

}  // namespace

void complete(PretrainConfig& config) {
  validate(config.model);
  if (config.data.max_words > config.model.max_position)
    fail(ExitCode::kUsage, "data.max_words is {}, but model.max_position allows {}", config.data.max_words,
         config.model.max_position);
  if (config.objective == "next_word") {
    config.masking = {};
    if (config.model.attention != "causal")
      fail(ExitCode::kUsage,
           "objective is next_word, but model.attention: {} shows every word the next one; set "
           "model.attention: causal",
           config.model.attention);
    if (config.data.reproduce_midibert)
      fail(ExitCode::kUsage, "data.reproduce_midibert masks words as MIDI-BERT does; objective is next_word");
  }
  if (config.masking.masked + config.masking.random > 1)
    fail(ExitCode::kUsage, "masking.masked and masking.random are {} and {}; their sum is at most 1",
         config.masking.masked, config.masking.random);
}

std::string pretraining_identity(const PretrainConfig& config, const TokenTable& tokens) {
  return Sha256().update(config_to_json(config, true).dump()).update(tokens.header.content_sha256).hex();
}

PretrainOutcome pretrain(const World& world, const PretrainConfig& config, const TokenTable& tokens,
                         torch::Device device, const Keeping& keeping,
                         const std::function<void(const LoopReport&)>& report) {
  const Dataset dataset = cut_rows(config, tokens);
  PretrainOutcome outcome{make_masked_lm(config.model, column_sizes(tokens.scheme), config.seed,
                                         torch::TensorOptions(torch::kFloat32).device(device)),
                          {},
                          {},
                          describe_corpus(dataset),
                          {}};
  const Pretraining pretraining{config, dataset, outcome.model, device};
  outcome.trained = run_loop(world, config.training, config.seed, outcome.model.parameters.all(),
                             guess_words(world, pretraining), device, keeping, report);
  outcome.metrics = pretraining.validate(world, pretraining.scored_rows(), 0).metrics;
  if (world.is_root()) outcome.baselines = baselines(pretraining);
  return outcome;
}

void write_pretraining(const Keeping& keeping, const PretrainConfig& config, const TokenTable& tokens,
                       const PretrainOutcome& outcome) {
  const auto& folder = keeping.folder;
  write_atomically(folder / "config.yaml", to_yaml(config_to_json(config)));
  save_weights(folder / "weights.safetensors", outcome.model.parameters, keeping.metadata);
  const Json record = {
      {"schema", kPretrainingSchema},
      {"identity", keeping.identity},
      {"config", config_to_json(config, true)},
      {"inputs", {{"tokens", tokens.header.content_sha256}}},
      {"weights_sha256", sha256_of_bytes(read_bytes(folder / "weights.safetensors", std::size_t{1} << 40))},
      {"corpus", outcome.corpus},
      {"metrics", outcome.metrics},
      {"baselines", outcome.baselines},
      {"kept_epoch", outcome.trained.kept_epoch},
      {"history", outcome.trained.history},
      {"timing", {{"train_s", outcome.trained.train_s}, {"rows", outcome.trained.items}}},
      {"provenance", provenance()}};
  write_atomically(folder / kPretrainingFile, record.dump(1) + "\n");
  remove_checkpoints(keeping);
}

bool is_pretrained(const Keeping& keeping) {
  std::error_code none;
  const auto weights = keeping.folder / "weights.safetensors";
  if (!std::filesystem::exists(keeping.folder / kPretrainingFile, none) ||
      !std::filesystem::exists(weights, none))
    return false;
  const Json record = Json::parse(read_text(keeping.folder / kPretrainingFile), nullptr, false);
  return record.is_object() && record.value("identity", "") == keeping.identity &&
         record.value("weights_sha256", "") == sha256_of_bytes(read_bytes(weights, std::size_t{1} << 40));
}

}  // namespace mofi
