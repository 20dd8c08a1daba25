#include "tonality/mode_table.h"

#include <bit>

#include "core/error.h"
#include "core/hash.h"
#include "core/provenance.h"

namespace mofi {
namespace {

constexpr const char* kSchema = "mofi-mode/2";
constexpr std::size_t kKeys = 24, kPitchClasses = 12;

void check_piece(const PieceMode& piece, const std::string& path) {
  const bool is_defined =
      (piece.mode == kMajor || piece.mode == kMinor) && piece.tonic >= 0 && piece.tonic < 12;
  const bool is_undefined = piece.mode == kUndefinedMode && piece.tonic == -1;
  if (!is_defined && !is_undefined)
    fail(ExitCode::kData, "{}: piece {} has mode {} and tonic {}; expected 0 or 1 with 0..11, or 255 with -1",
         path, piece.piece_id, piece.mode, piece.tonic);
}

}  // namespace

std::string content_digest(const ModeTable& table) {
  Sha256 hash;
  const auto number = [&](float value) { hash.update(std::uint64_t{std::bit_cast<std::uint32_t>(value)}); };
  for (const std::string& text : {std::string(kSchema), table.key_profile, table.weighting, table.pairing,
                                  table.unit, table.token_options})
    hash.update(text);
  hash.update(std::uint64_t{table.pieces.size()});
  for (const PieceMode& piece : table.pieces) {
    hash.update(piece.piece_id).update(std::uint64_t{piece.segment}).update(piece.midi_sha256);
    hash.update(static_cast<std::uint64_t>(std::int64_t{piece.tonic})).update(std::uint64_t{piece.mode});
    number(piece.margin);
    for (const float value : piece.correlation) number(value);
    for (const float value : piece.profile) number(value);
  }
  return hash.hex();
}

void write_modes(const std::filesystem::path& path, const ModeTable& table) {
  std::vector<std::string> id, sha256;
  std::vector<std::uint32_t> segment;
  std::vector<std::int8_t> tonic;
  std::vector<std::uint8_t> mode;
  std::vector<float> margin, correlation, profile;
  for (const PieceMode& piece : table.pieces) {
    id.push_back(piece.piece_id);
    segment.push_back(piece.segment);
    sha256.push_back(piece.midi_sha256);
    tonic.push_back(static_cast<std::int8_t>(piece.tonic));
    mode.push_back(piece.mode);
    margin.push_back(piece.margin);
    correlation.insert(correlation.end(), piece.correlation.begin(), piece.correlation.end());
    profile.insert(profile.end(), piece.profile.begin(), piece.profile.end());
  }

  Hdf5Writer file(path);
  ArtifactHeader header = table.header;
  header.schema = kSchema;
  header.content_sha256 = content_digest(table);
  header.producer = producer();
  write_header(file, header);
  file.attribute("", "key_profile", table.key_profile);
  file.attribute("", "weighting", table.weighting);
  file.attribute("", "pairing", table.pairing);
  file.attribute("", "unit", table.unit);
  if (!table.token_options.empty()) file.attribute("", "token_options", table.token_options);
  file.write_strings("piece_id", id);
  file.write("segment", segment);
  file.write_strings("midi_sha256", sha256);
  file.write("tonic", tonic);
  file.write("mode", mode);
  file.write("margin", margin);
  file.write<float>("correlation", correlation, {id.size(), kKeys});
  file.write<float>("profile", profile, {id.size(), kPitchClasses});
  file.commit();
}

ModeTable read_modes(const std::filesystem::path& path) {
  const Hdf5Reader file(path);
  ModeTable table;
  table.header = read_header(file, kSchema);
  table.key_profile = file.text_attribute("", "key_profile");
  table.weighting = file.text_attribute("", "weighting");
  table.pairing = file.text_attribute("", "pairing");
  table.unit = file.text_attribute("", "unit");
  if (table.unit != "piece" && table.unit != "segment")
    fail(ExitCode::kData, "{}: has keys of the unit '{}'; expected piece or segment", path.string(),
         table.unit);
  if (file.has_attribute("", "token_options")) table.token_options = file.text_attribute("", "token_options");

  const auto id = file.read_strings("piece_id");
  const std::size_t count = id.size();
  const auto segment = file.read<std::uint32_t>("segment", count);
  const auto sha256 = file.read_strings("midi_sha256", count);
  const auto tonic = file.read<std::int8_t>("tonic", count);
  const auto mode = file.read<std::uint8_t>("mode", count);
  const auto margin = file.read<float>("margin", count);
  const auto correlation = file.read_array<float>("correlation", 2);
  const auto profile = file.read_array<float>("profile", 2);
  if (correlation.shape != std::vector<std::uint64_t>{count, kKeys} ||
      profile.shape != std::vector<std::uint64_t>{count, kPitchClasses})
    fail(ExitCode::kData,
         "{}: /correlation and /profile are {} x {} and {} x {}; expected {} x 24 and {} x 12", path.string(),
         correlation.shape[0], correlation.shape[1], profile.shape[0], profile.shape[1], count, count);

  for (std::size_t i = 0; i < count; ++i) {
    PieceMode piece;
    piece.piece_id = id[i];
    piece.segment = segment[i];
    piece.midi_sha256 = sha256[i];
    piece.tonic = int{tonic[i]};
    piece.mode = mode[i];
    piece.margin = margin[i];
    for (std::size_t k = 0; k < kKeys; ++k) piece.correlation[k] = correlation.values[i * kKeys + k];
    for (std::size_t k = 0; k < kPitchClasses; ++k) piece.profile[k] = profile.values[i * kPitchClasses + k];
    check_piece(piece, path.string());
    table.pieces.push_back(std::move(piece));
  }
  require_digest(file, table.header, content_digest(table));
  return table;
}

}  // namespace mofi
