#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "midi/corpus.h"
#include "refusal.h"
#include "temporary_folder.h"
#include "test_data.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A folder with these MIDI files, which nobody reads here.
class PretrainFolder : public testing::Test {
 protected:
  void have(std::initializer_list<const char*> names) {
    for (const char* name : names) folder_.write(name, "");
  }
  Corpus open() const { return open_corpus("pretrain", folder_.path()); }
  std::string refusal(ExitCode code = ExitCode::kData) const {
    return refusal_of([&] { open(); }, code);
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> ids;
    for (const CorpusFile& file : open().files) ids.push_back(file.id);
    return ids;
  }

  TemporaryFolder folder_;
};

TEST_F(PretrainFolder, all_four_corpora_are_one_unlabelled_data_set) {
  have({"pop909/midi/002.mid", "pop1k7/midi_transcribed/src_001/0.midi", "pianist8/Yiruma/Yiruma_27_May.mid",
        "asap/Glinka/The_Lark/midi_score.mid", "asap/Glinka/The_Lark/Kleisen07M.mid", "emopia/Q1_x_0.mid"});
  const Corpus corpus = open();
  EXPECT_EQ(corpus.name, "pretrain");
  EXPECT_TRUE(corpus.class_names.empty());
  EXPECT_TRUE(corpus.split_names.empty());
  EXPECT_THAT(ids(), ElementsAre("asap/Glinka/The_Lark/midi_score.mid", "pianist8/Yiruma/Yiruma_27_May.mid",
                                 "pop1k7/midi_transcribed/src_001/0.midi", "pop909/002.mid"));
  for (const CorpusFile& file : corpus.files) {
    EXPECT_EQ(file.label, -1);
    EXPECT_TRUE(file.split.empty());
    EXPECT_TRUE(std::filesystem::exists(file.path)) << file.path;
  }
  EXPECT_EQ(corpus.files[3].group, "pop909/002.mid");
  EXPECT_EQ(corpus.files[0].group, "asap/Glinka/The_Lark");
}

TEST_F(PretrainFolder, a_corpus_that_is_missing_is_told_in_a_line_and_none_at_all_is_an_error) {
  EXPECT_THAT(refusal(ExitCode::kMissing),
              HasSubstr("holds no corpus; expected the corpora of MIDI-BERT's "
                        "pre-training: any of pop909/, pop1k7/, pianist8/ and asap/"));
  have({"pianist8/Yiruma/a.mid", "pianist8/Yiruma/b.mid"});
  EXPECT_THAT(open().notes,
              ElementsAre("POP909: not there (" + (folder_ / "pop909").string() + ")",
                          "pop1k7: not there (" + (folder_ / "pop1k7").string() + ")", "Pianist8: 2 pieces",
                          "ASAP: not there (" + (folder_ / "asap").string() + ")"));
  folder_.write("asap/README.md", "");
  EXPECT_THAT(refusal(), HasSubstr("asap: holds no MIDI file of ASAP"));
}

TEST_F(PretrainFolder, pop909_and_asap_keep_what_the_lists_name) {
  have({"pop909/midi/001.mid", "pop909/midi/002.mid", "pop909/midi/003.mid",
        "asap/Liszt/Sonata/midi_score.mid", "asap/Schumann/Toccata/midi_score.mid"});
  folder_.write("midibert_lists/qual_pieces.txt", "003\r\n001\r\n");
  folder_.write("midibert_lists/ASAP_song.txt", "Liszt/Sonata/midi_score.mid");
  EXPECT_THAT(ids(), ElementsAre("asap/Liszt/Sonata/midi_score.mid", "pop909/001.mid", "pop909/003.mid"));
  EXPECT_EQ(open().notes[0], "POP909: 2 of 3 songs, those of midibert_lists/qual_pieces.txt");
  EXPECT_EQ(open().notes[3], "ASAP: 1 of 2 scores, those of midibert_lists/ASAP_song.txt");

  folder_.write("midibert_lists/qual_pieces.txt", "001\n004\n");
  EXPECT_THAT(refusal(),
              HasSubstr("qual_pieces.txt: lists '004', but there is no such file among the 3 songs"));
}

TEST_F(PretrainFolder, pop909_has_one_file_a_song_however_it_is_laid_out) {
  have({"pop909/POP909/001/001.mid", "pop909/POP909/001/versions/001-v1.mid", "pop909/POP909/002/002.mid"});
  EXPECT_THAT(ids(), ElementsAre("pop909/001.mid", "pop909/002.mid"));
  EXPECT_EQ(open().notes[0], "POP909: all 2 songs, as there is no midibert_lists/qual_pieces.txt");
  have({"pop909/midi/002.mid"});
  EXPECT_THAT(
      refusal(),
      HasSubstr("song 002 is there twice, as POP909/002/002.mid and midi/002.mid; expected one file"));
}

TEST_F(PretrainFolder, one_form_of_pop1k7_is_taken_and_told) {
  have({"pop1k7/midi_synchronized/src_001/0.mid"});
  EXPECT_THAT(ids(), ElementsAre("pop1k7/midi_synchronized/src_001/0.mid"));
  EXPECT_EQ(
      open().notes[1],
      "pop1k7: 1 piece of midi_synchronized/, as midi_transcribed/, which MIDI-BERT reads, is not there");
  have({"pop1k7/midi_transcribed/src_001/0.midi"});
  EXPECT_THAT(ids(), ElementsAre("pop1k7/midi_transcribed/src_001/0.midi"));
  EXPECT_EQ(open().notes[1], "pop1k7: 1 piece of midi_transcribed/, which MIDI-BERT reads");
  std::filesystem::remove_all(folder_ / "pop1k7");
  have({"pop1k7/midi/0.mid"});
  EXPECT_THAT(refusal(), HasSubstr("holds neither midi_transcribed/ nor midi_synchronized/"));
}

TEST_F(PretrainFolder, scores_of_one_work_are_one_group) {
  const auto group_of = [&](const std::string& score) {
    const std::string name = score + "/midi_score.mid";
    const TemporaryFolder folder;
    folder.write("asap/" + name, "");
    return open_pretrain(folder.path()).files.at(0).group;
  };
  EXPECT_EQ(group_of("Beethoven/Piano_Sonatas/17-1_no_repeat"), "asap/Beethoven/Piano_Sonatas/17");
  EXPECT_EQ(group_of("Beethoven/Piano_Sonatas/31-3_4"), "asap/Beethoven/Piano_Sonatas/31");
  EXPECT_EQ(group_of("Bach/Fugue/bwv_846"), "asap/Bach/bwv_846");
  EXPECT_EQ(group_of("Bach/Prelude/bwv_846"), "asap/Bach/bwv_846");
  EXPECT_EQ(group_of("Chopin/Sonata_2/3rd_no_repeat"), "asap/Chopin/Sonata_2");
  EXPECT_EQ(group_of("Chopin/Etudes_op_10/12"), "asap/Chopin/Etudes_op_10");
  EXPECT_EQ(group_of("Liszt/Annees_de_pelerinage_2/1_Gondoliera"), "asap/Liszt/Annees_de_pelerinage_2");
  EXPECT_EQ(group_of("Schumann/Toccata_repeat"), "asap/Schumann/Toccata");
  EXPECT_EQ(group_of("Schumann/Toccata"), "asap/Schumann/Toccata");
}

TEST_F(PretrainFolder, has_no_labels_to_choose) {
  have({"pianist8/a.mid"});
  EXPECT_THAT(
      refusal_of([&] { open_corpus("pretrain", folder_.path(), {.class_names = {"A"}}); }, ExitCode::kUsage),
      HasSubstr("data set pretrain has no labels; other labels and classes are for the data set folder"));
}

TEST(Pretrain, the_collected_corpora_have_as_many_pieces_as_midibert_lists) {
  const auto folder = test_data("pretrain");
  if (!folder) GTEST_SKIP() << "needs the pretrain archive: set MOFI_DATA_UNPACKED to the folder above it";
  const Corpus corpus = open_pretrain(*folder);
  std::map<std::string, int> pieces;
  std::map<std::string, std::set<std::string>> songs;
  for (const CorpusFile& file : corpus.files) {
    const std::string part = file.id.substr(0, file.id.find('/'));
    ++pieces[part];
    songs[part].insert(file.group);
  }
  using testing::Pair;
  EXPECT_THAT(pieces, ElementsAre(Pair("asap", 65), Pair("pianist8", 411), Pair("pop1k7", 1747),
                                  Pair("pop909", 865)));
  EXPECT_EQ(songs["pop909"].size(), 865u);
  EXPECT_EQ(songs["asap"].size(), 48u);
}

}  // namespace
}  // namespace mofi
