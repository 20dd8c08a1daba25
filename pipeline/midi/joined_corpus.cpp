#include <algorithm>
#include <iterator>

#include "core/error.h"
#include "midi/corpus.h"

namespace mofi {
namespace {

/// Adds a split to the files that have it; the others are in no part of it.
void add_splits_of(Corpus& all, const Corpus& one, std::size_t first_file) {
  for (std::size_t s = 0; s < one.split_names.size(); ++s) {
    const auto found = std::ranges::find(all.split_names, one.split_names[s]);
    const auto column = static_cast<std::size_t>(found - all.split_names.begin());
    if (found == all.split_names.end()) all.split_names.push_back(one.split_names[s]);
    for (std::size_t i = 0; i < all.files.size(); ++i) {
      auto& parts = all.files[i].split;
      parts.resize(all.split_names.size(), SplitPart::kNone);
      if (i >= first_file) parts[column] = one.files[i - first_file].split[s];
    }
  }
}

/// "emopia_to_vgmidi": trains on the one and tests on the other.
void add_split_across(Corpus& all, const std::vector<Corpus>& corpora, std::size_t from, std::size_t to) {
  all.split_names.push_back(corpora[from].name + "_to_" + corpora[to].name);
  auto file = all.files.begin();
  for (std::size_t c = 0; c < corpora.size(); ++c)
    for (std::size_t i = 0; i < corpora[c].files.size(); ++i)
      (file++)->split.push_back(c == from ? SplitPart::kTrain
                                : c == to ? SplitPart::kTest
                                          : SplitPart::kNone);
}

}  // namespace

Corpus joined(const std::vector<Corpus>& corpora) {
  Corpus all;
  all.class_names = corpora.front().class_names;
  for (const Corpus& one : corpora) {
    if (one.class_names != all.class_names)
      fail(ExitCode::kData, "{} and {} do not have the same classes; expected them to join the two",
           corpora.front().name, one.name);
    all.name += (all.name.empty() ? "" : "+") + one.name;
    const std::size_t first_file = all.files.size();
    for (CorpusFile file : one.files) {
      file.split.assign(all.split_names.size(), SplitPart::kNone);
      all.files.push_back(std::move(file));
    }
    add_splits_of(all, one, first_file);
    all.notes.insert(all.notes.end(), one.notes.begin(), one.notes.end());
  }
  for (std::size_t from = 0; from < corpora.size(); ++from)
    for (std::size_t to = 0; to < corpora.size(); ++to)
      if (from != to) add_split_across(all, corpora, from, to);

  std::ranges::sort(all.files, {}, &CorpusFile::id);
  const auto twice = std::ranges::adjacent_find(all.files, {}, &CorpusFile::id);
  if (twice != all.files.end())
    fail(ExitCode::kData, "{} and {} have one name; expected every file of {} to have its own",
         twice->path.string(), std::next(twice)->path.string(), all.name);
  return all;
}

Corpus open_emopia_and_vgmidi(const std::filesystem::path& folder) {
  return joined({open_emopia(folder / "emopia"), open_vgmidi(folder / "vgmidi")});
}

}  // namespace mofi
