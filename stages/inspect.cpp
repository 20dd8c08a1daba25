// mofi inspect: any file of this project, in words.

#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "inspect_file.h"
#include "stage_main.h"

int main(int argc, char** argv) {
  CLI::App app{
      "Says what is in a file: tokens.h5, mode.h5, features.h5, predictions.h5, the folder of a finished run "
      "or its "
      "result.json, .safetensors, a PyTorch checkpoint, TensorBoard events, .npy or MIDI. Digests are "
      "verified."};
  app.footer("Example: mofi inspect tokens.h5 --rows 1");
  std::vector<std::filesystem::path> files;
  std::size_t rows = 5;
  app.add_option("FILE", files, "the file, or several")->required();
  app.add_option("--rows", rows, "how many first rows, pieces or notes to show")
      ->capture_default_str()
      ->check(mofi::integer(0));

  return mofi::run_stage(argc, argv, app, [&] {
    for (std::size_t i = 0; i < files.size(); ++i)
      fmt::print("{}{}", i > 0 ? "\n" : "", mofi::inspect_file(files[i], rows));
  });
}
