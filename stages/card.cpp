// mofi card: the page of a run's weights on a model hub.

#include "core/error.h"
#include "core/files.h"
#include "report/model_card.h"
#include "stage_main.h"

int main(int argc, char** argv) {
  using namespace mofi;
  CLI::App app{
      "Writes the model card of a finished run: README.md with its scores, intervals, config and digests, "
      "and front "
      "matter (model-index) that model hubs read."};
  app.footer("Example:\n  mofi card --run results/one --license mit --output results/one/README.md");
  std::string run, output;
  ModelCardOptions options;
  app.add_option("--run", run, "folder of the run, with result.json and predictions.h5")
      ->required()
      ->type_name("DIR");
  app.add_option("--output", output, "the file to write; standard output unless given")->type_name("FILE");
  app.add_option("--name", options.name, "what the model is called; the run's id unless given");
  app.add_option("--license", options.license,
                 "licence of the weights as hubs call it, such as mit or cc-by-nc-sa-4.0");
  app.add_option("--bootstrap", options.bootstrap.resamples, "bootstrap resamples of an interval")
      ->check(integer(100, 1e6));

  return run_stage(argc, argv, app, [&] {
    const std::string card = model_card(run, options);
    if (output.empty())
      fmt::print("{}", card);
    else
      write_atomically(output, card);
  });
}
