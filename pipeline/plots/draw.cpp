#include "plots/draw.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "core/error.h"
#include "core/files.h"
#include "core/run_process.h"

namespace mofi {
namespace {

namespace fs = std::filesystem;

constexpr double kTimeLimit_s = 600;

/// Where gnuplot works: nothing that is half drawn is seen where pictures belong.
class Workshop {
 public:
  Workshop() {
    std::string name = (fs::temp_directory_path() / "mofi-plots-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
      fail(ExitCode::kMissing, "{}: no folder could be made there: {}; set TMPDIR to another one",
           fs::temp_directory_path().string(), std::strerror(errno));
    folder_ = name;
  }
  ~Workshop() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;
  const fs::path& folder() const { return folder_; }

 private:
  fs::path folder_;
};

/// The sentence of what gnuplot says, which marks the place and shows the line before it.
std::string complaint(const std::string& said) {
  std::string last = "it says nothing";
  std::istringstream lines(said);
  for (std::string line; std::getline(lines, line);)
    if (line.find("line ") != std::string::npos || line.find("error") != std::string::npos) last = line;
  return last;
}

}  // namespace

bool can_draw() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((fs::path(folder.empty() ? "." : folder) / "gnuplot").c_str(), X_OK) == 0) return true;
  return false;
}

void write_scripts(const std::vector<Figure>& figures, const fs::path& folder) {
  for (const Figure& figure : figures) {
    replace_file(folder / (figure.name + ".csv"), data_of(figure));
    replace_file(folder / (figure.name + ".gp"), script_of(figure));
  }
}

std::vector<std::string> draw(const std::vector<Figure>& figures, const fs::path& folder) {
  if (!can_draw())
    fail(
        ExitCode::kMissing,
        "no gnuplot in PATH, so no plots are drawn; install it (Debian and Ubuntu: gnuplot-nox) and make the "
        "report again");
  write_scripts(figures, folder);
  std::vector<std::string> pictures;
  if (figures.empty()) return pictures;
  const Workshop workshop;
  write_scripts(figures, workshop.folder());
  std::vector<std::string> command = {"gnuplot", "-e", "cd " + gnuplot_text(workshop.folder().string())};
  for (const Figure& figure : figures) command.push_back(figure.name + ".gp");
  const ProcessResult result = run_process(command, kTimeLimit_s);
  if (!result.ok())
    fail(ExitCode::kInternal, "gnuplot could not draw {}: {}", folder.string(), complaint(result.err));
  for (const Figure& figure : figures)
    for (const char* ending : {".svg", ".pdf", ".png"}) {
      const std::string file = figure.name + ending;
      if (!fs::exists(workshop.folder() / file))
        fail(ExitCode::kInternal, "gnuplot drew no {}: {}", file, complaint(result.err));
      std::string picture = read_text(workshop.folder() / file);
      if (std::strcmp(ending, ".pdf") == 0) picture = without_date(std::move(picture));
      replace_file(folder / file, picture);
      if (std::strcmp(ending, ".svg") == 0) pictures.push_back(std::move(picture));
    }
  return pictures;
}

std::string without_date(std::string pdf) {
  static constexpr std::string_view kKey = "/CreationDate (";
  const std::size_t begin = pdf.rfind(kKey);
  if (begin == std::string::npos) return pdf;
  const std::size_t end = pdf.find(')', begin);
  if (end != std::string::npos)
    std::fill(pdf.begin() + static_cast<std::ptrdiff_t>(begin),
              pdf.begin() + static_cast<std::ptrdiff_t>(end) + 1, ' ');
  return pdf;
}

}  // namespace mofi
