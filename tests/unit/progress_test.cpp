#include "core/progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <thread>

#include "core/log.h"
#include "standard_error.h"

namespace mofi {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ProgressState after_half(const std::string& note = "") {
  return {.label = "train", .unit = "steps", .total = 200, .done = 100, .elapsed_s = 50, .note = note};
}

std::size_t letters(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

TEST(Progress, a_line_for_a_log_has_counts_rate_time_left_and_note_and_is_never_cut) {
  EXPECT_EQ(progress_line(after_half("loss 1.25"), 0), "train  100/200 steps, 2/s, 50 s left  loss 1.25");
  EXPECT_THAT(progress_line(after_half(std::string(500, 'x')), 0), EndsWith(std::string(500, 'x')));
  ProgressState state = after_half();
  state.last = true;
  EXPECT_EQ(progress_line(state, 0), "train  100/200 steps, 2/s, 50 s");
}

TEST(Progress, rates_are_read_without_exponents_and_slow_ones_as_the_time_of_each) {
  ProgressState state = after_half();
  state.total = 0;
  state.done = 1'234'567;
  state.elapsed_s = 10;
  EXPECT_EQ(progress_line(state, 0), "train  1234567 steps, 123,457/s") << "nobody knows when it ends";
  state.done = 4;
  state.elapsed_s = 500;
  EXPECT_EQ(progress_line(state, 0), "train  4 steps, 2 min 05 s each");
}

TEST(Progress, what_a_resumed_run_had_done_before_does_not_count_for_its_rate) {
  ProgressState state = after_half();
  state.begun_at = 90;
  EXPECT_EQ(progress_line(state, 0), "train  100/200 steps, 5.0 s each, 8 min 20 s left");
}

TEST(Progress, nothing_is_promised_before_something_is_done) {
  ProgressState state = after_half();
  state.done = 0;
  EXPECT_EQ(progress_line(state, 0), "train  0/200 steps");
  state.elapsed_s = 0;
  EXPECT_EQ(progress_line(state, 0), "train  0/200 steps");
}

TEST(Progress, on_a_terminal_the_line_fits_whatever_its_width_and_the_bar_gives_way_first) {
  const ProgressState state = after_half("loss 1.25 · läuft");
  EXPECT_EQ(progress_line(state, 100),
            "train  [############............] 100/200 steps, 2/s, 50 s left  loss 1.25 · läuft");
  const std::string all = progress_line(state, 0);
  for (int columns = 1; columns <= 120; ++columns) {
    const std::string line = progress_line(state, columns);
    EXPECT_LT(letters(line), static_cast<std::size_t>(columns)) << line;
    const bool has_bar = line.find('[') != std::string::npos;
    if (has_bar) {
      EXPECT_THAT(line, EndsWith("50 s left  loss 1.25 · läuft"));
    } else if (letters(all) < static_cast<std::size_t>(columns)) {
      EXPECT_EQ(line, all);
    } else if (columns > 1) {
      EXPECT_THAT(line, EndsWith("…"));
      EXPECT_THAT(all, StartsWith(line.substr(0, line.size() - std::string("…").size())));
    }
  }
}

TEST(Progress, a_bar_is_empty_at_the_begin_full_at_the_end_and_never_more) {
  ProgressState state = after_half();
  for (const auto& [done, bar] : {std::pair<std::int64_t, std::string>{0, "[........................]"},
                                  {199, "[#######################.]"},
                                  {200, "[########################]"},
                                  {250, "[########################]"}}) {
    state.done = done;
    EXPECT_THAT(progress_line(state, 100), HasSubstr(bar)) << done;
  }
}

TEST(Progress, a_log_gets_a_line_every_ten_seconds_at_first_and_every_five_minutes_after_hours) {
  EXPECT_EQ(log_interval_s(0), 10);
  EXPECT_EQ(log_interval_s(400), 20);
  EXPECT_EQ(log_interval_s(12 * 3600.0), 300);
  int lines = 0;
  double at_s = 10;
  while (at_s < 12 * 3600) {
    at_s += log_interval_s(at_s);
    ++lines;
  }
  EXPECT_LT(lines, 300) << "of twelve hours";
}

TEST(Progress, durations_are_read_as_people_say_them) {
  EXPECT_EQ(readable_duration(0.04), "0.0 s");
  EXPECT_EQ(readable_duration(9.94), "9.9 s");
  EXPECT_EQ(readable_duration(9.96), "10 s");
  EXPECT_EQ(readable_duration(59.6), "1 min 00 s");
  EXPECT_EQ(readable_duration(185), "3 min 05 s");
  EXPECT_EQ(readable_duration(2 * 3600 + 600), "2 h 10 min");
  EXPECT_EQ(readable_duration(76 * 3600), "3 d 04 h");
  EXPECT_EQ(readable_duration(-1), "unknown time");
  EXPECT_EQ(readable_duration(1.0 / 0.0), "unknown time");
}

TEST(Progress, a_log_of_something_short_has_one_line_and_a_silent_bar_none) {
  const auto run = [](bool silent) {
    return standard_error_of([&] {
      ProgressBar bar("tokenize", "files", 3, silent);
      for (int i = 1; i <= 3; ++i) bar.update(i, "note " + std::to_string(i));
    });
  };
  EXPECT_THAT(run(false),
              AllOf(StartsWith("tokenize  3/3 files, "), EndsWith("  note 3\n"), Not(HasSubstr("["))));
  EXPECT_EQ(run(true), "");
  EXPECT_EQ(standard_error_of([] { ProgressBar("tokenize", "files", 3); }), "");
}

/// Standard error as a terminal of a given width, for as long as it lives.
class Terminal {
 public:
  explicit Terminal(unsigned short columns) : near_(posix_openpt(O_RDWR | O_NOCTTY)) {
    if (near_ < 0 || grantpt(near_) != 0 || unlockpt(near_) != 0) return;
    far_ = open(ptsname(near_), O_RDWR | O_NOCTTY);
    resize(columns);
    std::fflush(stderr);
    before_ = dup(STDERR_FILENO);
    dup2(far_, STDERR_FILENO);
  }
  ~Terminal() {
    if (before_ >= 0) {
      std::fflush(stderr);
      dup2(before_, STDERR_FILENO);
      close(before_);
    }
    if (far_ >= 0) close(far_);
    if (near_ >= 0) close(near_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool is_there() const { return before_ >= 0; }
  void resize(unsigned short columns) const {
    winsize size{};
    size.ws_row = 24;
    size.ws_col = columns;
    ioctl(far_, TIOCSWINSZ, &size);
  }
  /// What was written since the last call. A line end comes as two characters. The system passes bytes on in
  /// its own time, but in order: those are read that come before a mark.
  std::string shown() const {
    constexpr char kMark = '\x01';
    if (write(far_, &kMark, 1) != 1) return "the mark was not written";
    std::string text;
    for (char c = 0; read(near_, &c, 1) == 1 && c != kMark;) text += c;
    return text;
  }

 private:
  int near_ = -1, far_ = -1, before_ = -1;
};

/// A variable of the environment, put back as it was.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    if (value == nullptr)
      unsetenv(name);
    else
      setenv(name, value, 1);
  }
  ~Variable() {
    if (old_)
      setenv(name_, old_->c_str(), 1);
    else
      unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

const std::string kAnew = "\r\033[K";  // to the begin of the row, and nothing after it
int times_drawn(const std::string& text) {
  int times = 0;
  for (std::size_t at = 0; (at = text.find(kAnew, at)) != std::string::npos; ++at) ++times;
  return times;
}
void wait_for_the_next_print() { std::this_thread::sleep_for(std::chrono::milliseconds(110)); }

TEST(Progress, on_a_terminal_one_row_is_drawn_anew_follows_the_window_and_ends_with_a_line_end) {
  const Variable kind("TERM", "xterm"), no_columns("COLUMNS", nullptr);
  const Terminal terminal(100);
  if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
  {
    ProgressBar bar("train", "epochs", 8);
    EXPECT_EQ(terminal.shown(), kAnew + "train  [........................] 0/8 epochs");
    bar.update(2, "loss 1.25");
    EXPECT_THAT(terminal.shown(), AllOf(StartsWith(kAnew + "train  [######..................] 2/8 epochs"),
                                        EndsWith("loss 1.25")));
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) bar.update(3);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    EXPECT_LE(times_drawn(terminal.shown()), 1 + taken.count() * 10) << "at most ten times a second";
    terminal.resize(20);
    wait_for_the_next_print();
    bar.update(4, "loss 1.25");
    const std::string narrow = terminal.shown();
    EXPECT_THAT(narrow, AllOf(StartsWith(kAnew + "train  4/8 epochs"), EndsWith("…")));
    EXPECT_LT(letters(narrow) - kAnew.size(), 20U);
    const Variable narrower("COLUMNS", "12");
    wait_for_the_next_print();
    bar.update(5);
    EXPECT_EQ(terminal.shown(), kAnew + "train  5/8…");
    const Variable older("COLUMNS", "200");
    wait_for_the_next_print();
    bar.update(6);
    EXPECT_LT(letters(terminal.shown()) - kAnew.size(), 20U)
        << "COLUMNS is from before the window became narrow";
    terminal.resize(100);
  }
  EXPECT_THAT(terminal.shown(), AllOf(StartsWith(kAnew + "train  [##################......] 6/8 epochs, "),
                                      EndsWith(" s\r\n")));
}

TEST(Progress, a_line_of_the_log_takes_the_row_of_the_bar_which_comes_back_below) {
  const Variable kind("TERM", "xterm"), no_colours("NO_COLOR", "1");
  const Terminal terminal(100);
  if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
  ProgressBar bar("train", "epochs", 8);
  bar.update(2);
  terminal.shown();
  log_debug("not shown, and so the bar stays");
  EXPECT_EQ(terminal.shown(), "");
  log_warning("one");
  log_warning("two");
  EXPECT_THAT(terminal.shown(),
              AllOf(StartsWith(kAnew), HasSubstr("one"), EndsWith("two\r\n"), Not(HasSubstr("\n" + kAnew))));
  wait_for_the_next_print();
  bar.update(3);
  EXPECT_THAT(terminal.shown(), StartsWith(kAnew + "train  ["));
}

TEST(Progress, rows_stand_above_the_bar_cut_to_the_window_and_leave_with_it) {
  const Variable kind("TERM", "xterm"), no_columns("COLUMNS", nullptr), no_colours("NO_COLOR", "1");
  const Terminal terminal(20);
  if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
  {
    ProgressBar bar("sweep", "runs", 8);
    ASSERT_TRUE(bar.has_rows());
    terminal.shown();
    bar.set_rows({"0  one", "1  a name that is longer than the window"});
    wait_for_the_next_print();
    bar.update(1);
    EXPECT_THAT(terminal.shown(), StartsWith(kAnew + "0  one\r\n1  a name that is …\r\nsweep  1/8"));
    bar.set_rows(std::vector<std::string>(100, "row"));
    wait_for_the_next_print();
    bar.update(2);
    const std::string many = terminal.shown();
    EXPECT_THAT(many, StartsWith("\r\033[2A\033[Jrow\r\nrow\r\n")) << "from where the first of three was";
    EXPECT_EQ(std::ranges::count(many, '\n'), 22) << "in a window of 24";
    log_warning("one");
    EXPECT_THAT(terminal.shown(), AllOf(StartsWith("\r\033[22A\033[J"), EndsWith("one\r\n")));
    bar.set_rows({"row"});
    wait_for_the_next_print();
    bar.update(3);
    EXPECT_THAT(terminal.shown(), StartsWith(kAnew + "row\r\nsweep  3/8"));
  }
  EXPECT_THAT(terminal.shown(),
              AllOf(StartsWith("\r\033[1A\033[Jsweep  3/8"), EndsWith("\r\n"), Not(HasSubstr("row"))));
  const Variable dumb("TERM", "dumb");
  EXPECT_FALSE(ProgressBar("sweep", "runs", 8).has_rows());
}

TEST(Progress, of_a_bar_that_did_not_get_on_nothing_stays) {
  const Variable kind("TERM", "xterm");
  const Terminal terminal(100);
  if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
  {
    ProgressBar bar("train", "epochs", 8, false, 5);
    bar.update(5, "loading");
    EXPECT_THAT(terminal.shown(), EndsWith("5/8 epochs  loading"));
  }
  EXPECT_EQ(terminal.shown(), kAnew);
}

TEST(Progress, a_terminal_that_moves_no_cursor_gets_the_lines_of_a_log) {
  const Variable kind("TERM", "dumb");
  const Terminal terminal(100);
  if (!terminal.is_there()) GTEST_SKIP() << "no pseudo-terminals here";
  {
    ProgressBar bar("train", "epochs", 8);
    bar.update(2);
    bar.update(8);
  }
  EXPECT_THAT(terminal.shown(),
              AllOf(StartsWith("train  8/8 epochs, "), EndsWith("\r\n"), Not(HasSubstr("\033"))));
}

}  // namespace
}  // namespace mofi
