#include "storage/run_record.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/provenance.h"
#include "core/quadrants.h"

namespace mofi {
namespace {

constexpr const char* kPredictionsSchema = "mofi-predictions/1";

static_assert(std::endian::native == std::endian::little, "digests are over little-endian values");

template <class T>
void add(Sha256& hash, const std::vector<T>& values) {
  hash.update(std::as_bytes(std::span(values)));
}

void add(Sha256& hash, const std::vector<std::string>& values) {
  hash.update(values.size());
  for (const std::string& value : values) hash.update(value);
}

/// What is wrong with the predictions, as the end of a sentence; empty when nothing is.
std::string defect(const Predictions& p) {
  const std::size_t rows = p.rows(), pieces = p.pieces();
  if (p.classes < 2) return fmt::format("has {} classes; at least 2 are needed", p.classes);
  if (!p.class_names.empty() && p.class_names.size() != static_cast<std::size_t>(p.classes))
    return fmt::format("names {} of {} classes", p.class_names.size(), p.classes);
  if (p.logits.size() != rows * static_cast<std::size_t>(p.classes) || p.piece.size() != rows ||
      p.segment_index.size() != rows)
    return fmt::format(
        "has {} labels, {} logits of {} classes, {} piece and {} segment indices: one row each", rows,
        p.logits.size(), p.classes, p.piece.size(), p.segment_index.size());
  if (p.hidden_states.size() != rows * p.states() * 2)
    return fmt::format("has {} numbers of hidden states for {} rows; expected two a state and row",
                       p.hidden_states.size(), rows);
  if (p.group.size() != pieces || p.mode.size() != pieces || p.split.size() != pieces)
    return fmt::format("has {} piece ids, {} groups, {} modes and {} splits: one a piece each", pieces,
                       p.group.size(), p.mode.size(), p.split.size());

  std::set<std::string> ids;
  for (const std::string& id : p.piece_id)
    if (!ids.insert(id).second) return fmt::format("lists piece {} twice", id);
  for (std::size_t i = 0; i < pieces; ++i)
    if (p.mode[i] > 1 && p.mode[i] != 255)
      return fmt::format("gives piece {} mode {}; expected 0, 1 or 255", p.piece_id[i], p.mode[i]);

  constexpr std::int32_t kUnseen = -2;
  std::vector<std::int32_t> label_of(pieces, kUnseen);
  std::set<std::pair<std::uint32_t, std::uint32_t>> segments;
  for (std::size_t r = 0; r < rows; ++r) {
    if (p.piece[r] >= pieces) return fmt::format("says row {} is of piece {} of {}", r, p.piece[r], pieces);
    const std::string& id = p.piece_id[p.piece[r]];
    if (p.label[r] < -1 || p.label[r] >= p.classes)
      return fmt::format("gives piece {} label {} of {} classes", id, p.label[r], p.classes);
    std::int32_t& label = label_of[p.piece[r]];
    if (label != kUnseen && label != p.label[r])
      return fmt::format("gives piece {} both label {} and label {}", id, label, p.label[r]);
    label = p.label[r];
    // A batch filled up with copies would count pieces more than once (design, rule 7).
    if (!segments.emplace(p.piece[r], p.segment_index[r]).second)
      return fmt::format("holds segment {} of piece {} twice", p.segment_index[r], id);
  }
  const auto finite = [](double number) { return std::isfinite(number); };
  if (!std::ranges::all_of(p.logits, finite)) return "holds logits that are not finite";
  if (!std::ranges::all_of(p.hidden_states, finite)) return "holds hidden states that are not finite";
  return "";
}

/// One text for one value. Bytes that are no UTF-8 (of a command line, say) are replaced: they are no reason
/// to lose a result.
std::string text_of(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json read_json(const std::filesystem::path& path) {
  const Json json = Json::parse(read_text(path), nullptr, false);
  if (!json.is_object()) fail(ExitCode::kData, "{}: is not a JSON object; make the run again", path.string());
  return json;
}

}  // namespace

bool Predictions::quadrants() const {
  return classes == static_cast<int>(quadrant_names().size()) &&
         (class_names.empty() || class_names == quadrant_names());
}

std::string content_digest(const Predictions& p) {
  Sha256 hash;
  hash.update(kPredictionsSchema).update(static_cast<std::uint64_t>(p.classes)).update(p.dataset);
  add(hash, p.class_names);
  add(hash, p.logits);
  add(hash, p.label);
  add(hash, p.piece);
  add(hash, p.segment_index);
  add(hash, p.piece_id);
  add(hash, p.group);
  add(hash, p.mode);
  add(hash, p.split);
  if (!p.hidden_states.empty()) add(hash.update("hidden_states"), p.hidden_states);
  return hash.hex();
}

void write_predictions(const std::filesystem::path& path, const Predictions& predictions, FolderSync folder) {
  const std::string problem = defect(predictions);
  if (!problem.empty()) fail(ExitCode::kInternal, "{}: what should be written {}", path.string(), problem);

  ArtifactHeader header = predictions.header;
  header.schema = kPredictionsSchema;
  header.content_sha256 = content_digest(predictions);
  if (header.producer.empty()) header.producer = producer();

  Hdf5Writer file(path);
  write_header(file, header);
  file.write<float>("logits", predictions.logits,
                    {predictions.rows(), static_cast<std::uint64_t>(predictions.classes)});
  if (!predictions.dataset.empty()) file.attribute("", "dataset", predictions.dataset);
  if (!predictions.class_names.empty()) file.attribute("", "class_names", predictions.class_names);
  if (!predictions.hidden_states.empty())
    file.write<double>("hidden_states", predictions.hidden_states,
                       {predictions.rows(), predictions.states(), 2});
  file.write("label", predictions.label);
  file.write("piece", predictions.piece);
  file.write("segment_index", predictions.segment_index);
  file.write_strings("pieces/id", predictions.piece_id);
  file.write_strings("pieces/group", predictions.group);
  file.write("pieces/mode", predictions.mode);
  file.write_strings("pieces/split", predictions.split);
  file.commit(folder);
}

Predictions read_predictions(const std::filesystem::path& path) {
  const Hdf5Reader file(path);
  Predictions p;
  p.header = read_header(file, kPredictionsSchema);
  Array<float> logits = file.read_array<float>("logits", 2);
  if (logits.shape[1] < 2 || logits.shape[1] > 1'000'000)
    fail(ExitCode::kData, "{}: dataset logits has {} classes; at least 2 are needed", path.string(),
         logits.shape[1]);
  p.classes = static_cast<int>(logits.shape[1]);
  p.logits = std::move(logits.values);
  if (file.has_attribute("", "dataset")) p.dataset = file.text_attribute("", "dataset");
  if (file.has_attribute("", "class_names")) p.class_names = file.texts_attribute("", "class_names");
  if (file.has("hidden_states")) {
    Array<double> states = file.read_array<double>("hidden_states", 3);
    if (states.shape[0] != logits.shape[0] || states.shape[1] < 1 || states.shape[2] != 2)
      fail(ExitCode::kData, "{}: dataset hidden_states is {} x {} x {}; expected {} rows x states x 2",
           path.string(), states.shape[0], states.shape[1], states.shape[2], logits.shape[0]);
    p.hidden_states = std::move(states.values);
  }
  p.label = file.read<std::int32_t>("label", logits.shape[0]);
  p.piece = file.read<std::uint32_t>("piece", logits.shape[0]);
  p.segment_index = file.read<std::uint32_t>("segment_index", logits.shape[0]);
  p.piece_id = file.read_strings("pieces/id");
  p.group = file.read_strings("pieces/group", p.pieces());
  p.mode = file.read<std::uint8_t>("pieces/mode", p.pieces());
  p.split = file.read_strings("pieces/split", p.pieces());
  require_digest(file, p.header, content_digest(p));
  const std::string problem = defect(p);
  if (!problem.empty()) fail(ExitCode::kData, "{}: {}", path.string(), problem);
  return p;
}

std::string content_digest(const RunRecord& record) {
  Sha256 hash;
  hash.update(kResultSchema).update(record.run_id).update(text_of(record.config));
  hash.update(record.inputs.size());
  for (const auto& [name, digest] : record.inputs) hash.update(name).update(digest);
  hash.update(record.predictions_sha256).update(text_of(record.metrics)).update(text_of(record.history));
  return hash.hex();
}

void write_run_record(const std::filesystem::path& run_folder, const RunRecord& record) {
  const auto predictions = run_folder / kPredictionsFile;
  const std::string found = read_predictions(predictions).header.content_sha256;
  if (found != record.predictions_sha256)
    fail(ExitCode::kInternal, "{}: has digest {:.12}…, but the result to be written says '{:.12}'",
         predictions.string(), found, record.predictions_sha256);
  const Json json = {{"schema", kResultSchema},
                     {"run_id", record.run_id},
                     {"content_sha256", content_digest(record)},
                     {"inputs", record.inputs},
                     {"predictions_sha256", record.predictions_sha256},
                     {"config", record.config},
                     {"metrics", record.metrics},
                     {"history", record.history},
                     {"timing", record.timing},
                     {"provenance", record.provenance}};
  write_atomically(run_folder / kResultFile, text_of(json, 2) + "\n");
}

FinishedRun read_finished_run(const std::filesystem::path& run_folder) {
  const auto path = run_folder / kResultFile;
  if (!std::filesystem::exists(path))
    fail(ExitCode::kMissing, "{}: has no {}, so the run is not finished", run_folder.string(), kResultFile);
  const Json json = read_json(path);
  FinishedRun run;
  RunRecord& record = run.record;
  std::string content_sha256;
  try {
    const auto schema = json.at("schema").get<std::string>();
    if (schema != kResultSchema)
      fail(ExitCode::kData, "{}: has schema {}; this program reads {}", path.string(), schema, kResultSchema);
    content_sha256 = json.at("content_sha256").get<std::string>();
    record.run_id = json.at("run_id").get<std::string>();
    record.inputs = json.at("inputs").get<std::map<std::string, std::string>>();
    record.predictions_sha256 = json.at("predictions_sha256").get<std::string>();
    record.config = json.at("config");
    record.metrics = json.at("metrics");
    record.history = json.at("history");
    record.timing = json.at("timing");
    record.provenance = json.at("provenance");
  } catch (const nlohmann::json::exception& error) {
    fail(ExitCode::kData, "{}: is not a result as {} describes it: {}", path.string(), kResultSchema,
         error.what());
  }
  if (content_digest(record) != content_sha256)
    fail(ExitCode::kData, "{}: its contents are not those it was written with; make the run again",
         path.string());

  const auto predictions_path = run_folder / kPredictionsFile;
  if (!std::filesystem::exists(predictions_path))
    fail(ExitCode::kData, "{}: is not there, though {} says the run is done; make the run again",
         predictions_path.string(), kResultFile);
  run.predictions = read_predictions(predictions_path);
  if (run.predictions.header.content_sha256 != record.predictions_sha256)
    fail(ExitCode::kData, "{}: has digest {:.12}…, but {} was written for {:.12}…; make the run again",
         predictions_path.string(), run.predictions.header.content_sha256, kResultFile,
         record.predictions_sha256);
  return run;
}

RunRecord read_run_record(const std::filesystem::path& run_folder) {
  return read_finished_run(run_folder).record;
}

}  // namespace mofi
