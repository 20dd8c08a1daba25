#include "midi/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "midi/midi_writer.h"
#include "midi/read_corpus.h"
#include "midi_examples.h"

namespace mofi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string one_note() {
  MidiFile midi;
  midi.notes = {{.start = 0, .end = 480, .pitch = 60}};
  return midi_bytes(midi);
}

/// A folder with a.mid, b.mid, sub/c.mid and a labels.csv.
class FolderTest : public testing::Test {
 protected:
  FolderTest() {
    for (const char* name : {"a.mid", "b.mid", "sub/c.mid"}) folder_.write(name, one_note());
  }
  Corpus open(const std::string& csv, const std::vector<std::string>& classes = {}) {
    folder_.write("labels.csv", csv);
    return open_corpus("folder", folder_.path(), {.class_names = classes});
  }
  std::string refusal(const std::string& csv, const std::vector<std::string>& classes = {}) {
    return refusal_of([&] { open(csv, classes); });
  }

  TemporaryFolder folder_;
};

TEST_F(FolderTest, csv_gives_labels_groups_and_the_split) {
  const Corpus corpus =
      open("file,label,group,split\nsub/c.mid,happy,one,test\n./a.mid,sad,one,train\nb.mid,,,\n");
  ASSERT_EQ(corpus.files.size(), 3u);
  EXPECT_THAT(corpus.class_names, ElementsAre("happy", "sad"));
  EXPECT_THAT(corpus.split_names, ElementsAre("given"));
  EXPECT_EQ(corpus.files[0].id, "a.mid");
  EXPECT_EQ(corpus.files[0].label, 1);
  EXPECT_EQ(corpus.files[0].group, "one");
  EXPECT_THAT(corpus.files[0].split, ElementsAre(SplitPart::kTrain));
  EXPECT_EQ(corpus.files[1].label, -1);
  EXPECT_EQ(corpus.files[1].group, "b.mid");
  EXPECT_THAT(corpus.files[1].split, ElementsAre(SplitPart::kNone));
  EXPECT_EQ(corpus.files[2].id, "sub/c.mid");
}

TEST_F(FolderTest, labels_that_are_quadrants_keep_all_four_classes) {
  EXPECT_THAT(open("file,label\na.mid,Q4\n").class_names, ElementsAre("Q1", "Q2", "Q3", "Q4"));
}

TEST_F(FolderTest, without_a_csv_every_midi_file_is_used_unlabelled) {
  const Corpus corpus = open_corpus("folder", folder_.path());
  ASSERT_EQ(corpus.files.size(), 3u);
  EXPECT_EQ(corpus.files[2].id, "sub/c.mid");
  EXPECT_EQ(corpus.files[2].label, -1);
  EXPECT_TRUE(corpus.class_names.empty());
}

TEST_F(FolderTest, mistakes_in_the_csv_are_refused_with_their_line) {
  EXPECT_THAT(refusal("file,label\na.mid,Q1\nb.mid,Q5\n", {"Q1", "Q2"}),
              HasSubstr("labels.csv:3: label 'Q5' is not known; expected one of Q1, Q2"));
  EXPECT_THAT(refusal("file,emotion\na.mid,Q1\n"),
              HasSubstr("has no column 'label'; its columns, parted by commas, are file, emotion"));
  EXPECT_THAT(refusal("file,label\na.mid,Q1\n./a.mid,Q1\n"),
              HasSubstr("labels.csv:3: a.mid was already listed in line 2"));
  EXPECT_THAT(refusal("file,label\nz.mid,Q1\n"), HasSubstr("labels.csv:2: lists z.mid, but"));
  EXPECT_THAT(refusal("file,label\n../a.mid,Q1\n"), HasSubstr("expected the path of a MIDI file within"));
  EXPECT_THAT(refusal("file,label\n,Q1\n"), HasSubstr("expected the path of a MIDI file within"));
  EXPECT_THAT(refusal("file,label,split\na.mid,Q1,dev\n"),
              HasSubstr("expected train, valid, test or nothing"));
  EXPECT_THAT(refusal("file,label\n"), HasSubstr("lists no file"));
}

TEST(Corpus, missing_folder_is_a_missing_resource_and_an_empty_one_bad_data) {
  const TemporaryFolder empty;
  const auto open = [&](const std::string& dataset, const std::filesystem::path& folder) {
    return [=] { open_corpus(dataset, folder); };
  };
  for (const char* dataset : {"emopia", "vgmidi", "pretrain", "folder"})
    EXPECT_THAT(refusal_of(open(dataset, empty.path() / "nowhere"), ExitCode::kMissing),
                HasSubstr("nowhere: no such folder"));
  EXPECT_THAT(refusal_of(open("emopia", empty.path()), ExitCode::kMissing),
              HasSubstr("midis: no such folder"));
  EXPECT_THAT(refusal_of(open("folder", empty.path())), HasSubstr("holds no MIDI file"));
  EXPECT_THAT(refusal_of(open("emopiaa", empty.path()), ExitCode::kUsage),
              HasSubstr("expected one of emopia, vgmidi, emopia+vgmidi, folder, pretrain"));
}

Corpus corpus_of(const std::string& name, const std::vector<std::string>& files,
                 const std::string& split = "") {
  Corpus corpus;
  corpus.name = name;
  corpus.class_names = {"Q1", "Q2"};
  if (!split.empty()) corpus.split_names = {split};
  for (const std::string& file : files) {
    corpus.files.push_back({name + "/" + file, file, "song of " + file, 1, {}});
    if (!split.empty()) corpus.files.back().split = {SplitPart::kValid};
  }
  return corpus;
}

TEST(Corpus, data_sets_that_are_joined_have_their_splits_and_those_from_one_to_the_other) {
  const Corpus all =
      joined({corpus_of("one", {"b.mid", "d.mid"}, "own"), corpus_of("two", {"a.mid", "c.mid"}, "its")});
  EXPECT_EQ(all.name, "one+two");
  EXPECT_THAT(all.split_names, testing::ElementsAre("own", "its", "one_to_two", "two_to_one"));
  using enum SplitPart;
  const std::vector<SplitPart> of_one = {kValid, kNone, kTrain, kTest},
                               of_two = {kNone, kValid, kTest, kTrain};
  ASSERT_EQ(all.files.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(all.files[i].id, std::string(1, "abcd"[i]) + ".mid");
    EXPECT_EQ(all.files[i].path, (i % 2 == 0 ? "two/" : "one/") + all.files[i].id);
    EXPECT_EQ(all.files[i].split, i % 2 == 0 ? of_two : of_one);
    EXPECT_EQ(all.files[i].group, "song of " + all.files[i].id);
  }
}

TEST(Corpus, data_sets_with_a_file_name_in_common_or_other_classes_are_not_joined) {
  EXPECT_THAT(refusal_of([] {
                joined({corpus_of("one", {"a.mid"}), corpus_of("two", {"a.mid"})});
              }),
              HasSubstr("one/a.mid and two/a.mid have one name"));
  Corpus other = corpus_of("two", {"b.mid"});
  other.class_names = {"happy", "sad"};
  EXPECT_THAT(refusal_of([&] {
                joined({corpus_of("one", {"a.mid"}), other});
              }),
              HasSubstr("one and two do not have the same classes"));
}

TEST(Corpus, emopia_layout_gives_quadrants_songs_and_the_published_splits) {
  const TemporaryFolder folder;
  for (const char* name : {"Q1_so_ng_0.mid", "Q3_so_ng_1.mid", "Q4_x_0.mid"})
    folder.write(std::string("midis/") + name, one_note());
  folder.write("splits/midibert_train.txt", "Q1_so_ng_0.mid\r\n");
  folder.write("splits/midibert_valid.txt", "Q3_so_ng_1.mid\n");
  folder.write("splits/midibert_test.txt", "Q4_x_0.mid");
  folder.write("splits/emopia_cls_train_SL.csv", "songID,n\nso_ng,2\n");
  folder.write("splits/emopia_cls_val_SL.csv", "songID,n\nx,1\n");
  folder.write("splits/emopia_cls_test_SL.csv", "songID,n\nabsent,1\n");
  const Corpus corpus = open_emopia(folder.path());
  EXPECT_THAT(corpus.split_names, ElementsAre("midibert", "song_level"));
  EXPECT_EQ(corpus.files[1].group, "so_ng");
  EXPECT_EQ(corpus.files[1].label, 2);
  EXPECT_THAT(corpus.files[1].split, ElementsAre(SplitPart::kValid, SplitPart::kTrain));

  folder.write("splits/midibert_test.txt", "Q4_x_0.mid\nQ4_y_0.mid\n");
  EXPECT_THAT(refusal_of([&] { open_emopia(folder.path()); }),
              HasSubstr("lists 'Q4_y_0.mid', but there is no such MIDI file"));
  folder.write("splits/midibert_test.txt", "Q3_so_ng_1.mid\n");
  EXPECT_THAT(refusal_of([&] { open_emopia(folder.path()); }),
              HasSubstr("'Q3_so_ng_1.mid' is listed twice in the split midibert"));
  folder.write("midis/Q5_x_0.mid", one_note());
  EXPECT_THAT(refusal_of([&] { open_emopia(folder.path()); }),
              HasSubstr("expected a clip named like Q1_SONG_0.mid"));
}

TEST(Corpus, vgmidi_layout_gives_the_quadrant_of_valence_and_arousal_and_the_piece) {
  const TemporaryFolder folder;
  for (const char* name : {"a b_0.mid", "a b_1.mid", "c_0.mid", "d_0.mid"})
    folder.write(std::string("phrases/") + name, one_note());
  folder.write("vgmidi_labelled.csv",
               "midi,valence,arousal\nl/a b_0.mid,1,1\nl/a b_1.mid,-1,1\nl/c_0.mid,-1,-1\nl/d_0.mid,1,-1\n");
  const Corpus corpus = open_vgmidi(folder.path());
  std::vector<int> labels;
  for (const CorpusFile& file : corpus.files) labels.push_back(file.label);
  EXPECT_THAT(labels, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(corpus.files[0].group, "a b");
  EXPECT_EQ(corpus.files[1].group, "a b");
  folder.write("vgmidi_labelled.csv", "midi,valence,arousal\nl/a b_0.mid,0,1\n");
  EXPECT_THAT(refusal_of([&] { open_vgmidi(folder.path()); }),
              HasSubstr("vgmidi_labelled.csv:2: valence is '0'; expected 1 or -1"));
}

class ReadCorpusTest : public testing::Test {
 protected:
  ReadCorpusTest() {
    for (int i = 0; i < 20; ++i) folder_.write(fmt::format("{:02}.mid", i), one_note());
  }
  /// "N read, N bad", as the ranks of a team of `ranks` see it together.
  std::string read(const ReadOptions& options, int ranks = 1) {
    const Corpus corpus = open_folder(folder_.path());
    std::atomic<int> visited{0};
    ReadReport report;
    for (int rank = 0; rank < ranks; ++rank) {
      Team team;
      team.rank = rank;
      team.size = ranks;
      report.merge(read_corpus(corpus, options, team, "test", [&](const CorpusPiece&) { ++visited; }));
    }
    Packer packer;
    packer << report;
    const std::string bytes = packer.take();
    ReadReport again;
    Unpacker unpacker(bytes);
    unpacker >> again;
    EXPECT_TRUE(unpacker.at_end());
    require_readable(corpus, options, again);
    return fmt::format("{} read, {} bad, {} mended", visited.load(), again.refusals.size(),
                       again.mended[static_cast<std::size_t>(Repair::kNoEndOfTrack)].files);
  }
  std::string refusal(const ReadOptions& options) {
    return refusal_of([&] { read(options); });
  }

  TemporaryFolder folder_;
};

TEST_F(ReadCorpusTest, bad_files_are_an_error_after_all_were_looked_at_unless_they_are_skipped) {
  folder_.write("05.mid", "garbage");
  EXPECT_THAT(refusal({}), HasSubstr("05.mid: byte 0: expected the mark 'MThd'"));
  folder_.write("11.mid", "");
  EXPECT_THAT(refusal({.threads = 3}), HasSubstr("2 of 20 MIDI files cannot be used"));
  EXPECT_EQ(read({.skip_bad_files = true, .threads = 3}), "18 read, 2 bad, 0 mended");
}

TEST_F(ReadCorpusTest, ranks_share_the_files_and_nothing_is_told_twice) {
  folder_.write("05.mid", "garbage");
  folder_.write("06.mid", file_of({""}));
  for (const int ranks : {1, 2, 3, 40})
    EXPECT_EQ(read({.skip_bad_files = true, .threads = 2}, ranks), "19 read, 1 bad, 1 mended");
}

TEST_F(ReadCorpusTest, a_folder_that_changes_while_ranks_list_it_is_refused) {
  const Corpus corpus = open_folder(folder_.path());
  Corpus longer = corpus;
  longer.files.insert(longer.files.begin(), corpus.files.front());
  longer.files.front().id = "00 new.mid";
  const auto size_of = [](const CorpusPiece& piece) { return piece.midi.notes.size(); };
  for (const Corpus& other_listing : {corpus, longer}) {
    std::string sent;
    Team other{.rank = 1, .size = 2}, root{.size = 2};
    other.collect = [&](std::string own, const Team::AtRoot&) { sent = std::move(own); };
    root.collect = [&](const std::string&, const Team::AtRoot& at_root) { at_root(1, sent); };
    EXPECT_TRUE(read_files<std::size_t>(other_listing, {}, other, "test", size_of).empty());
    const auto read = [&] {
      EXPECT_EQ(read_files<std::size_t>(corpus, {}, root, "test", size_of).size(), 20u);
    };
    if (other_listing.files.size() == corpus.files.size())
      EXPECT_EQ(refusal_of(read), "");
    else
      EXPECT_THAT(refusal_of(read), HasSubstr("changed while ranks were reading them"));
  }
}

TEST_F(ReadCorpusTest, fail_fast_stops_at_the_first_bad_file) {
  folder_.write("00.mid", "garbage");
  folder_.write("01.mid", "garbage");
  EXPECT_THAT(refusal({.fail_fast = true, .threads = 1}), HasSubstr("00.mid: byte 0: expected the mark"));
}

TEST_F(ReadCorpusTest, strict_reading_refuses_what_a_tolerant_one_mends) {
  folder_.write("06.mid", file_of({""}));
  EXPECT_EQ(read({}), "20 read, 0 bad, 1 mended");
  EXPECT_THAT(refusal({.strict = true}),
              HasSubstr("06.mid: byte 22: a track without an end-of-track event is against"));
}

}  // namespace
}  // namespace mofi
