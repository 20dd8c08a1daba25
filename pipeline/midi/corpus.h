#pragma once
// Which files a data set has, with which labels, groups and published splits. Nothing is read of the MIDI
// itself.

#include <filesystem>
#include <string>
#include <vector>

#include "midi/split_part.h"

namespace mofi {

struct CorpusFile {
  std::filesystem::path path;
  std::string id;                ///< file name within the data set
  std::string group;             ///< song: the unit that folds keep together
  int label = -1;                ///< index into Corpus::class_names, or -1
  std::vector<SplitPart> split;  ///< one per name in Corpus::split_names
};

struct Corpus {
  std::string name;
  std::vector<CorpusFile> files;  ///< by id, in ascending order of bytes
  std::vector<std::string> class_names;
  std::vector<std::string> split_names;
  std::vector<std::string> notes;  ///< what was found and what was not, a line each, for the user
};

/// What the data set `folder` can be told.
struct FolderOptions {
  std::filesystem::path labels;  ///< CSV `file,label[,group,split]`; empty: labels.csv in the folder, if any
  std::vector<std::string> class_names;  ///< the allowed labels; empty: those that occur
};

/// Opens one of dataset_kinds(). A missing folder is kMissing, contents that do not fit are kData.
///   emopia  midis/Q1_SONG_0.mid …, and splits/ if there: "midibert", "emopia_cls" and "song_level"
///   (EMOPIA_cls's
///           songs applied to all their clips)
///   vgmidi  vgmidi_labelled.csv and the phrases/ that its labels refer to; the group is the piece
///   pretrain  MIDI-BERT's pre-training corpora (pretrain_corpus.cpp), unlabelled
///   emopia+vgmidi  both, in emopia/ and vgmidi/ of the folder, joined
///   folder  any MIDI files and a CSV; without one every MIDI file below the folder is used, unlabelled
Corpus open_corpus(const std::string& dataset, const std::filesystem::path& folder,
                   const FolderOptions& options = {});

Corpus open_emopia(const std::filesystem::path& folder);
Corpus open_vgmidi(const std::filesystem::path& folder);
/// POP909, pop1k7, Pianist8 and the scores of ASAP, as many of them as there are, without labels and splits.
/// How the folder is laid out, and why EMOPIA and the published splits are no part of it:
/// pretrain_corpus.cpp.
Corpus open_pretrain(const std::filesystem::path& folder);
Corpus open_folder(const std::filesystem::path& folder, const FolderOptions& options = {});
Corpus open_emopia_and_vgmidi(const std::filesystem::path& folder);

/// Several data sets of the same classes as one. It has the splits of all, and for any two of them such as
/// "emopia_to_vgmidi", which trains on the one and tests on the other. File names must differ, songs of one
/// name are one song.
Corpus joined(const std::vector<Corpus>& corpora);

/// Tells the user the notes of a corpus. On one rank: all of them open it.
void tell_of(const Corpus& corpus);

/// "Q1 250, Q2 265, Q3 253, Q4 310": how many of `labels` are of each class, unlabelled ones last if there
/// are any.
std::string label_counts(const std::vector<int>& labels, const std::vector<std::string>& class_names);

}  // namespace mofi
