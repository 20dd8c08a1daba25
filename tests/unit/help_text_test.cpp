// What stages say of themselves with --help, and of options that they do not have.

#include <gmock/gmock.h>

#include "config_flags.h"
#include "stage_main.h"
#include "tokens/token_options.h"

namespace mofi {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Told {
  int code = 0;
  std::string out, err;
};

Told told_by(const std::vector<std::string>& arguments) {
  CLI::App app{"A stage of this test."};
  ConfigFlags flags(app);
  flags.section<TokenOptions>("tokens", "Tokens");
  int pieces = 7;
  double share = 0.5;
  std::string output, kind = "small";
  std::vector<std::string> arms;
  app.add_option("--pieces", pieces, "clips")->check(integer(1, 9));
  app.add_option("--share", share, "a share")->check(number(0));
  app.add_option("--output", output, "the file to write")->required();
  app.add_option("--kind", kind, "its kind")->check(one_of({"small", "large"}));
  app.add_option("--arms", arms, "names of arms");
  std::vector<std::string> all = {"/somewhere/bin/mofi-stage"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Told told;
  told.code = run_stage(static_cast<int>(argv.size()), argv.data(), app, [&] { flags.tree(); });
  told.out = testing::internal::GetCapturedStdout();
  told.err = testing::internal::GetCapturedStderr();
  return told;
}

TEST(HelpText, tells_every_option_with_its_kind_range_unit_and_default) {
  const Told help = told_by({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* line :
       {"Usage: mofi stage [OPTIONS]", "  --pieces INTEGER                clips [1 to 9; default 7]\n",
        "  --share NUMBER                  a share [at least 0; default 0.5]\n",
        "  --output TEXT                   the file to write [required]\n",
        "  --kind {small,large}            its kind [default small]\n",
        "  --arms TEXT ...                 names of arms\n",
        "  --segment-words INTEGER         words of a row (1 to 65535 words) [default 512]\n"})
    EXPECT_THAT(help.out, HasSubstr(line));
}

TEST(HelpText, has_no_line_of_more_than_100_letters_but_what_cannot_be_parted) {
  std::istringstream lines(told_by({"--help"}).out);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100U) << line;
}

TEST(HelpText, an_option_that_is_none_is_refused_with_the_nearest) {
  const Told told = told_by({"--output", "x", "--piece=3"});
  EXPECT_EQ(told.code, 64);
  EXPECT_THAT(told.err,
              HasSubstr("--piece=3 ('--piece=3': did you mean --pieces?); --help lists what there is"));
  EXPECT_THAT(told_by({"--output", "x", "--whatever"}).err, Not(HasSubstr("did you mean")));
}

TEST(HelpText, a_value_that_is_none_of_the_choices_is_refused_with_the_nearest_and_all) {
  const Told told = told_by({"--output", "x", "--kind", "smal"});
  EXPECT_EQ(told.code, 64);
  EXPECT_THAT(told.err,
              HasSubstr("--kind: expected one of small, large (did you mean 'small'?), found 'smal'"));
}

TEST(HelpText, a_field_that_is_an_option_is_refused_as_the_config_reader_does_it) {
  EXPECT_EQ(told_by({"--output", "x", "--set", "tokenz.scheme=cp4"}).code, 64);
}

}  // namespace
}  // namespace mofi
