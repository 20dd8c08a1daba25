#include "inspect_file.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "core/files.h"
#include "core/utf8.h"
#include "features/feature_text.h"
#include "midi/midi_check.h"
#include "midi/midi_text.h"
#include "storage/hdf5_file.h"
#include "storage/npy_text.h"
#include "storage/run_text.h"
#include "storage/safetensors_text.h"
#include "storage/tensorboard_text.h"
#include "storage/torch_checkpoint_text.h"
#include "tokens/token_text.h"
#include "tonality/mode_text.h"

namespace mofi {
namespace {

constexpr const char* kKnown =
    "tokens.h5, mode.h5, features.h5, predictions.h5, a run's folder or its result.json, .safetensors, "
    "PyTorch "
    "checkpoints, TensorBoard events, .npy and MIDI files, and folders of MIDI files";

/// The first bytes of a file, from which its kind is told.
std::string beginning_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail(ExitCode::kMissing, "{}: cannot be opened: {}", path.string(), std::strerror(errno));
  std::string bytes(64, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

std::string inspect_hdf5(const std::filesystem::path& path, std::size_t rows) {
  std::string schema;
  {
    const Hdf5Reader file(path);
    if (!file.has_attribute("", "schema"))
      fail(ExitCode::kData, "{}: is an HDF5 file that says no schema, so it was not written by mofi",
           path.string());
    schema = file.text_attribute("", "schema");
  }
  const std::string kind = schema.substr(0, schema.find('/'));  // of another version, the reader says more
  if (kind == "mofi-tokens") return text_of(read_tokens(path), rows);
  if (kind == "mofi-mode") return text_of(read_modes(path), rows);
  if (kind == "mofi-features") return text_of(read_features(path), rows);
  if (kind == "mofi-predictions") return text_of(read_predictions(path), rows);
  fail(ExitCode::kData, "{}: is an HDF5 file of the schema {}, which this program does not know; it knows {}",
       path.string(), schema, kKnown);
}

std::string inspect_run(const std::filesystem::path& folder, std::size_t rows) {
  const FinishedRun run = read_finished_run(folder);
  return text_of(run.record) + "\n" + text_of(run.predictions, rows);
}

std::string inspect_json(const std::filesystem::path& path) {
  const Json json = Json::parse(read_text(path), nullptr, false);
  const bool has_schema = json.is_object() && json.contains("schema") && json["schema"].is_string();
  const std::string schema = has_schema ? json["schema"].get<std::string>() : "";
  if (!schema.starts_with("mofi-result/"))
    fail(ExitCode::kData, "{}: is {}; of JSON files, this program knows a run's result.json", path.string(),
         has_schema         ? "a JSON file of the schema " + schema
         : json.is_object() ? "a JSON file without a schema"
                            : "no JSON file, although it begins as one");
  if (path.filename() != kResultFile)
    fail(ExitCode::kData, "{}: is a run's {} under another name; expected it in the run's folder, beside {}",
         path.string(), kResultFile, kPredictionsFile);
  return text_of(read_run_record(path.has_parent_path() ? path.parent_path() : "."));
}

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& beginning) {
  if (beginning.empty()) fail(ExitCode::kData, "{}: is empty", path.string());
  fail(ExitCode::kData, "{}: begins with '{}', as none of the files does that this program knows: {}",
       path.string(), printable(beginning.substr(0, 8)), kKnown);
}

std::string inspect_any(const std::filesystem::path& path, std::size_t rows) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    if (std::filesystem::exists(path / kResultFile, failure)) return inspect_run(path, rows);
    const MidiCheck check = check_midi_files(path);
    if (check.ids.empty())
      fail(ExitCode::kData, "{}: is a folder without {} and without MIDI files; expected {}", path.string(),
           kResultFile, kKnown);
    return text_of(check);
  }
  const std::string beginning = beginning_of(path);
  const std::uintmax_t size = std::filesystem::file_size(path, failure);
  if (beginning.starts_with("\x89HDF\r\n\x1a\n")) return inspect_hdf5(path, rows);
  if (beginning.starts_with("\x93NUMPY")) return text_of(read_npy(path).array, rows);
  if (beginning.starts_with("MThd") || beginning.starts_with("RIFF"))
    return text_of(read_midi(read_bytes(path), path.string()), rows);
  // By a checksum, so that no other format is taken for it.
  if (begins_as_tensorboard(beginning)) return text_of(read_tensorboard_file(path));
  // A header of 640 bytes begins as a pickle does, so its format is looked for first.
  if (begins_as_safetensors(beginning, size)) return text_of(read_safetensors(path));
  if (begins_as_torch_checkpoint(beginning)) return text_of(read_torch_checkpoint(path));
  const std::size_t first = beginning.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && beginning[first] == '{') return inspect_json(path);
  refuse(path, beginning);
}

}  // namespace

std::string inspect_file(const std::filesystem::path& path, std::size_t rows) {
  std::string text = inspect_any(path, rows);
  // Names come from files: they must not steer the terminal.
  std::ranges::replace_if(
      text, [](char c) { return (c >= 0 && c < ' ' && c != '\n') || c == '\x7f'; }, '?');
  return path.string() + ": " + text;
}

}  // namespace mofi
