// What a shell needs to complete commands, options, values and config keys.

#include <filesystem>
#include <sstream>

#include "completion_script.h"
#include "core/error.h"
#include "core/run_process.h"
#include "described_stage.h"
#include "stage_main.h"

namespace mofi {
namespace {

constexpr double kPatience = 60;  // s for a stage that loads LibTorch from a slow disk

/// The stages beside this program, by name.
std::vector<std::filesystem::path> stages_here() {
  const auto folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::vector<std::filesystem::path> programs;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("mofi-")) programs.push_back(entry.path());
  std::ranges::sort(programs);
  return programs;
}

Json what_it_says(const std::filesystem::path& program) {
  const ProcessResult result = run_process({program.string(), kDescribe}, kPatience);
  const Json json = Json::parse(result.out, nullptr, false);
  if (!result.ok() || !json.is_object())
    fail(ExitCode::kInternal,
         "{}: does not say what options it has (exit code {}, {}); build all stages anew: ./mofi build",
         program.string(), result.exit_code,
         result.err.empty() ? "no word" : "'" + result.err.substr(0, result.err.find('\n')) + "'");
  return json;
}

/// Of the launcher, without options of their own; "demo=run" has those of another.
void add_commands(Completion& completion, const std::string& commands) {
  std::istringstream words(commands);
  for (std::string word; words >> word;) {
    const std::string name = word.substr(0, word.find('='));
    const std::string like = name.size() < word.size() ? word.substr(name.size() + 1) : "";
    if (std::ranges::find(completion.commands, name, &CompletedCommand::name) != completion.commands.end())
      continue;
    CompletedCommand command{.name = name, .about = ""};
    const auto other = std::ranges::find(completion.commands, like, &CompletedCommand::name);
    if (other != completion.commands.end()) command.options = other->options;
    completion.commands.push_back(std::move(command));
  }
}

}  // namespace
}  // namespace mofi

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Print the script by which a shell completes commands, options, their values and, after --set, config "
      "keys. It is made from what the stages themselves say, and starts no program when TAB is pressed."};
  std::string shell, commands;
  app.add_option("SHELL", shell, "your shell")->required()->check(one_of(completed_shells()));
  app.add_option("--commands", commands, "further commands, parted by blanks; the launcher tells its own");
  app.footer(
      "Examples:\n"
      "  mofi completion bash > ~/.local/share/bash-completion/completions/mofi\n"
      "  mofi completion zsh > \"${fpath[1]}/_mofi\"\n"
      "  mofi completion fish > ~/.config/fish/completions/mofi.fish");
  return run_stage(argc, argv, app, [&] {
    Completion completion;
    for (const auto& program : stages_here())
      add_stage(completion, program.filename().string().substr(5), what_it_says(program));
    add_commands(completion, commands);
    fmt::print("{}", completion_script(completion, shell));
  });
}
