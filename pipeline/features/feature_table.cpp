#include "features/feature_table.h"

#include <bit>
#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "core/provenance.h"

namespace mofi {
namespace {

constexpr const char* kSchema = "mofi-features/1";

}  // namespace

std::string content_digest(const FeatureTable& table) {
  Sha256 hash;
  for (const std::string& text : {std::string(kSchema), table.key_profile, table.weighting, table.pairing})
    hash.update(text);
  hash.update(std::uint64_t{table.names.size()});
  for (const std::string& name : table.names) hash.update(name);
  hash.update(std::uint64_t{table.pieces.size()});
  for (const PieceFeatures& piece : table.pieces) {
    hash.update(piece.piece_id).update(piece.midi_sha256);
    for (const float value : piece.values) hash.update(std::uint64_t{std::bit_cast<std::uint32_t>(value)});
  }
  return hash.hex();
}

void write_features(const std::filesystem::path& path, const FeatureTable& table) {
  std::vector<std::string> id, sha256;
  std::vector<float> values;
  for (const PieceFeatures& piece : table.pieces) {
    if (piece.values.size() != table.names.size())
      fail(ExitCode::kInternal, "{}: piece {} has {} values of {} features", path.string(), piece.piece_id,
           piece.values.size(), table.names.size());
    id.push_back(piece.piece_id);
    sha256.push_back(piece.midi_sha256);
    values.insert(values.end(), piece.values.begin(), piece.values.end());
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
  file.write_strings("piece_id", id);
  file.write_strings("midi_sha256", sha256);
  file.write_strings("names", table.names);
  file.write<float>("values", values, {id.size(), table.names.size()});
  file.commit();
}

FeatureTable read_features(const std::filesystem::path& path) {
  const Hdf5Reader file(path);
  FeatureTable table;
  table.header = read_header(file, kSchema);
  table.key_profile = file.text_attribute("", "key_profile");
  table.weighting = file.text_attribute("", "weighting");
  table.pairing = file.text_attribute("", "pairing");

  const auto id = file.read_strings("piece_id");
  const auto sha256 = file.read_strings("midi_sha256", id.size());
  table.names = file.read_strings("names");
  const auto values = file.read_array<float>("values", 2);
  const std::size_t width = table.names.size();
  if (values.shape != std::vector<std::uint64_t>{id.size(), width})
    fail(ExitCode::kData, "{}: /values is {} x {}; expected {} x {}, the pieces and the names", path.string(),
         values.shape[0], values.shape[1], id.size(), width);

  for (std::size_t i = 0; i < id.size(); ++i) {
    const auto first = values.values.begin() + static_cast<std::ptrdiff_t>(i * width);
    PieceFeatures piece{id[i], sha256[i], {first, first + static_cast<std::ptrdiff_t>(width)}};
    for (std::size_t k = 0; k < width; ++k)
      if (!std::isfinite(piece.values[k]))
        fail(ExitCode::kData, "{}: {} of piece {} is {}; expected a finite number", path.string(),
             table.names[k], piece.piece_id, piece.values[k]);
    table.pieces.push_back(std::move(piece));
  }
  require_digest(file, table.header, content_digest(table));
  return table;
}

FeaturesByPiece::FeaturesByPiece(const FeatureTable& table) {
  for (const PieceFeatures& piece : table.pieces) pieces_[piece.piece_id] = &piece;
}

const std::vector<float>& FeaturesByPiece::of(const std::string& piece_id,
                                              const std::string& midi_sha256) const {
  const auto found = pieces_.find(piece_id);
  if (found == pieces_.end())
    fail(ExitCode::kData, "the feature file has no piece {}; make it from the same corpus as the tokens",
         piece_id);
  if (found->second->midi_sha256 != midi_sha256)
    fail(ExitCode::kData, "tokens and features of {} were made from different MIDI files; make both again",
         piece_id);
  return found->second->values;
}

}  // namespace mofi
