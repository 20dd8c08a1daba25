#pragma once
// What a state_dict of MIDI-BERT holds (Chou et al., "MidiBERT-Piano", arXiv 2107.05223): which model it is
// of, what of it a model needs, and everything that does not fit.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/safetensors.h"

namespace mofi {

/// Sizes as shapes show them.
struct MidibertSizes {
  std::int64_t layers = 0, hidden = 0, heads = 0, intermediate = 0, embedding_width = 0, max_position = 0;
  std::vector<std::int64_t> column_sizes;  ///< ids of each column of a word
};

/// The classifier of sequences (structured self-attention pooling).
struct SequenceHeadSizes {
  std::int64_t attention_width = 0, attention_rows = 0, hidden = 0, classes = 0;
};

struct MidibertLayout {
  /// What was saved: "backbone" (as pre-training saves it), "sequence" or "token" (fine-tuned, with that
  /// head), "masked-LM".
  std::string kind;
  MidibertSizes sizes;
  SequenceHeadSizes head;  ///< of kind "sequence"
  /// What a model loads, under the names of the file without "module.", in its order.
  std::vector<SafeTensor> tensors;
  /// Tensors that the reference has and never uses: tables of words and positions of text, the pooler.
  std::vector<std::string> unused;
  std::vector<std::string> others;  ///< tensors left out as asked for: heads, and what is unknown
  std::vector<std::string>
      problems;  ///< each a line: what is missing, not expected, of a wrong shape or type
};

/// Nothing where the tensors have nothing of a MidiBERT. `backbone_only` leaves out what is not of the
/// backbone.
std::optional<MidibertLayout> midibert_layout(std::span<const SafeTensor> tensors,
                                              bool backbone_only = false);

/// "MidiBERT alone, as pre-training saves it: 12 layers of 768 (12 heads, 3072 between), 4 columns, rows of
/// at most 512 words", or the first of what does not fit.
std::string text_of(const MidibertLayout& layout);

}  // namespace mofi
