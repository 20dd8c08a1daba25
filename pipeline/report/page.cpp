#include "report/page.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/cells.h"
#include "report/findings.h"
#include "report/html.h"
#include "report/invariance_table.h"
#include "report/pooling.h"
#include "report/published_table.h"
#include "report/scores_table.h"

namespace mofi {
namespace {

constexpr const char* kStyle = R"css(
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #555; --line: #d0d0d0; --back: #fff; --tint: #f4f6f8; --link: #00528c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e6e6; --soft: #b0b0b0; --line: #444; --back: #16181b; --tint: #22262b; --link: #7cc0f5; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--back); font: 16px/1.5 system-ui, "DejaVu Sans", Verdana, sans-serif; overflow-wrap: anywhere; }
header, main, footer { max-width: 1320px; margin: 0 auto; padding: 0 16px; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1.2rem 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; padding-top: .5rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
a { color: var(--link); }
nav ul { list-style: none; padding: 0; margin: .6rem 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
.lead, .notes, figcaption, .small { color: var(--soft); }
.notes, figcaption, .small { font-size: .875rem; }
.notes { padding-left: 1.2rem; margin: .5rem 0 1rem; max-width: 100ch; }
.found { padding-left: 1.2rem; max-width: 100ch; }
.found li { margin: .25rem 0; }
.box { overflow-x: auto; max-width: 100%; border: 1px solid var(--line); border-radius: 4px; margin: .6rem 0; }
.box.tall { max-height: 70vh; overflow-y: auto; }
table { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums; width: 100%; }
caption { text-align: left; padding: .4rem .6rem; font-weight: 600; position: sticky; left: 0; max-width: calc(100vw - 36px); }
th, td { padding: .25rem .5rem; text-align: left; white-space: nowrap; border-top: 1px solid var(--line); overflow-wrap: normal; }
td.long { white-space: normal; min-width: 20rem; }
thead th { background: var(--tint); vertical-align: bottom; white-space: normal; }
tbody th { font-weight: 500; }
thead th:first-child, tbody th { position: sticky; left: 0; background: var(--back); }
thead th:first-child, tbody tr:hover th { background: var(--tint); }
tbody tr:hover { background: var(--tint); }
th.n, td.n { text-align: right; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: inherit; }
th button::after { content: "\a0↕"; color: var(--soft); font-size: .8em; }
th[aria-sort=ascending] button::after { content: "\a0↑"; color: inherit; }
th[aria-sort=descending] button::after { content: "\a0↓"; color: inherit; }
.figures { display: flex; flex-wrap: wrap; gap: 1.2rem; align-items: flex-start; margin: .8rem 0; }
figure { margin: 0; max-width: 100%; }
figure .box { background: #fff; margin: 0 0 .3rem; }
figure svg { display: block; max-width: none; }
figcaption b { color: var(--ink); }
details { margin: .3rem 0; }
summary { cursor: pointer; padding: .15rem 0; }
details.group { border: 1px solid var(--line); border-radius: 4px; padding: .3rem .8rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: .6rem 0; }
dt { color: var(--soft); } dd { margin: 0; min-width: 0; }
code, .id { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; }
:target { outline: 2px solid var(--link); outline-offset: 2px; }
footer { color: var(--soft); font-size: .875rem; padding-top: 1rem; padding-bottom: 2rem; }
@media (max-width: 600px) { figure svg { width: max(100%, 460px); height: auto; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .3rem; } .lead { font-size: .95rem; } h1 { font-size: 1.35rem; } }
@page { size: landscape; margin: 12mm; }
@media print { :root { --ink: #000; --soft: #333; --back: #fff; --tint: #eee; --line: #999; --link: #000; } body { font-size: 10pt; } nav, th button::after { display: none; } .box, .box.tall { overflow: visible; max-height: none; border: 0; } table { font-size: 7.5pt; } th, td { padding: .1rem .3rem; } td.long { white-space: normal; } figure { break-inside: avoid; } figure svg { max-width: 100%; height: auto; } tr { break-inside: avoid; } a { text-decoration: none; } }
)css";

/// Sorting by a click, and opening what a link leads to; all is there without it.
constexpr const char* kScript = R"js(
for (const table of document.querySelectorAll('table.sorts')) {
  const body = table.tBodies[0], heads = table.tHead.rows[0].cells;
  if (body.rows.length < 2) continue;
  for (const head of heads) {
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const up = head.getAttribute('aria-sort') !== 'ascending', column = head.cellIndex;
      for (const other of heads) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const key = row => {
        const text = row.cells[column].textContent.trim(), number = /^[<+-]?\d*\.?\d+(?!\w)/.exec(text);
        return text === '–' ? null : number ? parseFloat(number[0].replace('<', '')) : text;
      };
      const order = (a, b) => a === null ? (b === null ? 0 : 1) : b === null ? -1
        : (typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b))) * (up ? 1 : -1);
      body.append(...[...body.rows].map(row => [key(row), row]).sort((a, b) => order(a[0], b[0])).map(pair => pair[1]));
    });
  }
}
const open = () => {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let box = target && target.parentElement; box; box = box.parentElement) if (box.tagName === 'DETAILS') box.open = true;
  if (target) target.scrollIntoView();
};
addEventListener('hashchange', open);
open();
)js";

std::string runs_id(std::size_t table, std::size_t arm) { return fmt::format("runs-{}-{}", table, arm); }

std::string link_to(std::size_t table, std::size_t arm) { return "#" + runs_id(table, arm); }

std::string short_digest(const std::string& digest) { return digest.substr(0, 12); }

std::string name_of(const NamedAblation& named) { return named.name.empty() ? "All runs" : named.name; }

std::string item(const std::string& term, const std::string& value) {
  return value.empty() ? "" : fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_text(term), html_text(value));
}

/// "a, b, c", each once; of many, how many more.
std::string listed(const std::set<std::string>& values, std::size_t most = 12) {
  std::vector<std::string> texts;
  for (const std::string& value : values)
    if (!value.empty()) texts.push_back(value);
  const std::size_t all = texts.size();
  if (all > most) texts.resize(most);
  return fmt::format("{}{}", fmt::join(texts, ", "),
                     all > most ? fmt::format(" and {} more", all - most) : "");
}

class Page {
 public:
  Page(const AggregatedRuns& aggregated, const AggregateSummary& tables, const PageFigures& figures,
       const AblationOptions& options)
      : runs_(aggregated.runs), all_(aggregated.all), tables_(tables), figures_(figures), options_(options) {}

  std::string operator()() {
    begin();
    found();
    what_was_run();
    published();
    if (all_.size() > 1) across();
    for (std::size_t t = 0; t < all_.size(); ++t) table(t);
    ranks();
    missing();
    data();
    behind();
    end();
    return std::move(text_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...);
  }

  std::string title() const {
    std::set<std::string> sets;
    for (const Run& run : runs_.runs) sets.insert(run.dataset);
    const std::string names = listed(sets);
    return fmt::format("{}{} and {}", names.empty() ? "" : names + ": ", plural(tables_.arms, "arm"),
                       plural(runs_.runs.size(), "run"));
  }

  void begin() {
    add("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" content=\"mofi "
        "report\">\n"
        "<link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n",
        html_text(title()), kStyle);
    add("<header>\n<h1>{}</h1>\n<p class=\"lead\">Musical mode told to a model that recognises emotion: what "
        "every arm of "
        "the ablation scored, how sure that is, and the runs behind it.</p>\n<nav "
        "aria-label=\"Contents\"><ul>\n",
        html_text(title()));
    const auto entry = [&](const std::string& id, const std::string& name) {
      add("<li><a href=\"#{}\">{}</a></li>\n", id, html_text(name));
    };
    entry("found", "What was found");
    entry("run", "What was run");
    if (!options_.published.empty()) entry("published", "Published values and ours");
    if (all_.size() > 1) entry("across", "All tables");
    for (std::size_t t = 0; t < all_.size(); ++t) entry(fmt::format("table-{}", t), name_of(all_[t]));
    if (!figures_.ranks.empty()) entry("ranks", "Ranks");
    entry("missing", "Missing and failed runs");
    entry("data", "Data");
    entry("behind", "The runs behind the numbers");
    add("</ul></nav>\n</header>\n<main>\n");
  }

  void section(const std::string& id, const std::string& name) {
    add("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n", id, html_text(name));
  }
  void close() { text_ += "</section>\n"; }

  void found() {
    section("found", "What was found");
    for (const NamedAblation& named : all_) {
      if (all_.size() > 1) add("<h3>{}</h3>\n", html_text(named.name));
      add("<ul class=\"found\">\n");
      for (const std::string& sentence : findings(named, options_)) add("<li>{}</li>\n", html_text(sentence));
      add("</ul>\n");
    }
    if (!figures_.why_none.empty())
      add("<p class=\"small\" id=\"no-plots\">Plots: {}.</p>\n", html_text(figures_.why_none));
    close();
  }

  void what_was_run() {
    std::set<std::string> sets, splits, systems, conditions, folds, producers;
    std::set<std::int64_t> seeds;
    for (const Run& run : runs_.runs) {
      sets.insert(run.dataset);
      splits.insert(run.config.get("data.split"));
      systems.insert(run.system.empty() ? "midibert" : run.system);
      conditions.insert(run.config.get("injection.condition"));
      if (run.fold) folds.insert(run.config.get("data.folds"));
      seeds.insert(run.seed);
      producers.insert(run.producer);
    }
    section("run", "What was run");
    text_ += "<dl>\n";
    text_ += item("Data sets", listed(sets)) + item("Splits", listed(splits));
    if (!folds.empty()) text_ += item("Folds", listed(folds));
    text_ += item("Systems", listed(systems)) + item("Conditions", listed(conditions));
    text_ += item("Seeds", ranges({seeds.begin(), seeds.end()}));
    text_ += item("Finished runs", fmt::format("{} in {} of {}", runs_.runs.size(),
                                               plural(tables_.arms, "arm"), plural(all_.size(), "table")));
    text_ += item("Made by", listed(producers, 4));
    text_ += item("Intervals",
                  fmt::format("{:g} %, bootstrap over songs and seeds, {} resamples, bootstrap seed {}",
                              options_.bootstrap.level * 100, with_thousands(options_.bootstrap.resamples),
                              options_.bootstrap.seed));
    text_ += "</dl>\n";
    close();
  }

  void figures(const std::vector<DrawnFigure>& figures) {
    if (figures.empty()) return;
    add("<div class=\"figures\">\n");
    for (const DrawnFigure& drawn : figures) {
      const std::string id = fmt::format("f{}", ++figure_);
      const std::string files = html_text(drawn.folder + "/" + drawn.figure.name);
      add("<figure style=\"width: {}px\">\n", std::max(drawn.figure.width + 2, 420));
      if (!drawn.svg.empty())
        add("<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</div>\n",
            html_text(drawn.figure.title), inline_svg(drawn.svg, id, drawn.figure));
      add("<figcaption><b>{}.</b> {} <span class=\"files\">", html_text(drawn.figure.title),
          html_text(drawn.figure.caption));
      if (drawn.svg.empty())
        add("Not drawn: <a href=\"{0}.csv\">data</a>, <a href=\"{0}.gp\">script</a>", files);
      else
        add("<a href=\"{0}.csv\">Data</a>, <a href=\"{0}.gp\">script</a>, <a href=\"{0}.pdf\">PDF</a>, <a "
            "href=\"{0}.png\">PNG</a>",
            files);
      add("</span></figcaption>\n</figure>\n");
    }
    add("</div>\n");
  }

  std::vector<std::string> links_of(std::size_t t) const {
    std::vector<std::string> links;
    for (const std::size_t arm : baseline_first(all_[t].ablation)) links.push_back(link_to(t, arm));
    return links;
  }

  void published() {
    if (options_.published.empty()) return;
    section("published", "Published values and ours");
    text_ += to_html(published_table(all_, options_.published));
    close();
  }

  void across() {
    section("across", "All tables");
    HtmlTable how;
    for (std::size_t t = 0; t < all_.size(); ++t)
      for (std::string& link : links_of(t)) how.links.push_back(std::move(link));
    how.linked_column = "runs";
    text_ += to_html(tables_.table, how);
    figures(figures_.across);
    close();
  }

  void table(std::size_t t) {
    const NamedAblation& named = all_[t];
    section(fmt::format("table-{}", t), name_of(named));
    HtmlTable how;
    how.links = links_of(t);
    how.linked_column = "runs";
    text_ += to_html(all_.size() == 1 ? tables_.table : tables_.groups[t], how);
    figures(figures_.tables[t]);
    HtmlTable scores;
    scores.links = links_of(t);
    add("<details><summary>Every score: rows, clips, songs, F1, halves, "
        "calibration</summary>\n{}</details>\n",
        to_html(scores_table(named), scores));
    if (has_invariance(named))
      add("<details open><summary>What transposing the music, and changing its mode, does to "
          "predictions</summary>\n{}</details>\n",
          to_html(invariance_table(named)));
    if (!named.ablation.comparisons.empty()) {
      HtmlTable comparisons;
      for (const ArmComparison& c : named.ablation.comparisons)
        comparisons.links.push_back(link_to(t, c.arm));
      comparisons.linked_column = "runs";
      add("<details><summary>Every comparison with every test</summary>\n{}</details>\n",
          to_html(comparison_table(named, options_), comparisons));
    }
    HtmlTable confusion;
    for (const std::size_t arm : baseline_first(named.ablation))
      for (int of = 0; of < named.ablation.results[arm].confusion.classes; ++of)
        confusion.links.push_back(link_to(t, arm));
    add("<details><summary>What was predicted of each label, all arms</summary>\n{}</details>\n",
        to_html(confusion_table(named), confusion));
    close();
  }

  void ranks() {
    if (figures_.ranks.empty()) return;
    section("ranks", "Ranks");
    figures(figures_.ranks);
    close();
  }

  void missing() {
    section("missing", "Missing and failed runs");
    std::size_t lacking = 0, failed = 0, collapsed = 0;
    std::vector<std::string> gaps;
    for (const NamedAblation& named : all_) {
      for (const ArmResult& result : named.ablation.results) {
        lacking += result.missing;
        collapsed += result.collapsed;
      }
      for (const std::string& gap : named.ablation.gaps)
        gaps.push_back((all_.size() > 1 ? named.name + ": " : std::string()) + gap);
    }
    for (const SkippedRun& run : runs_.skipped) failed += run.failed ? 1 : 0;
    add("<p>{} missing of the seeds and folds that other arms have, {} failed, {} one class for everything; "
        "{} in the "
        "results folder {} no finished run.</p>\n",
        lacking == 1 ? "1 run is" : fmt::format("{} runs are", lacking), failed,
        collapsed == 1 ? "1 predicts" : fmt::format("{} predict", collapsed),
        plural(runs_.skipped.size(), "folder"), runs_.skipped.size() == 1 ? "is" : "are");
    if (!gaps.empty()) {
      add("<details{}><summary>{} in the design</summary><ul class=\"notes\">\n",
          gaps.size() <= 8 ? " open" : "", plural(gaps.size(), "gap"));
      for (const std::string& gap : gaps) add("<li>{}</li>\n", html_text(gap));
      add("</ul></details>\n");
    }
    if (!runs_.skipped.empty()) {
      Table left_out;
      left_out.title = "Folders that are left out";
      left_out.columns = {{"folder", Align::kLeft}, {"failed", Align::kLeft}, {"why", Align::kLeft}};
      for (const SkippedRun& run : runs_.skipped)
        left_out.rows.push_back({run.folder, run.failed ? "yes" : "no", run.reason});
      add("<details{}><summary>{} left out</summary>{}</details>\n", runs_.skipped.size() <= 8 ? " open" : "",
          plural(runs_.skipped.size(), "folder"), to_html(left_out));
    }
    close();
  }

  void data() {
    section("data", "Data");
    struct Use {
      std::set<std::string> sets, names;
      std::size_t runs = 0;
    };
    std::map<std::pair<std::string, std::string>, Use> uses;
    for (const Run& run : runs_.runs)
      for (const auto& [input, digest] : run.inputs) {
        Use& use = uses[{input, digest}];
        use.sets.insert(run.dataset);
        if (const auto name = run.input_names.find(input); name != run.input_names.end())
          use.names.insert(name->second);
        ++use.runs;
      }
    Table table;
    table.title = "Inputs by the SHA-256 of their contents";
    table.columns = {{"input", Align::kLeft},
                     {"called", Align::kLeft},
                     {"data set", Align::kLeft},
                     {"runs"},
                     {"SHA-256 of the contents", Align::kLeft}};
    for (const auto& [key, use] : uses) {
      const std::string names = listed(use.names);
      table.rows.push_back({key.first, names.empty() ? kNoValue : names, listed(use.sets),
                            std::to_string(use.runs), key.second});
    }
    text_ += to_html(table);
    close();
  }

  Table runs_of(const NamedAblation& named, std::size_t arm) const {
    const Arm& own = named.ablation.set.arms[arm];
    const bool folds =
        std::any_of(own.runs.begin(), own.runs.end(), [](const Run* run) { return run->fold.has_value(); });
    std::set<std::string> producers;
    for (const Run* run : own.runs) producers.insert(run->producer);
    Table table;
    table.title = fmt::format("{}: {}", label(named.ablation.set, own), plural(own.runs.size(), "run"));
    table.columns = {{"run", Align::kLeft}, {"seed"}};
    if (folds) table.columns.push_back({"fold"});
    if (runs_.divisions > 1) table.columns.push_back({"fold seed"});
    for (const char* name : {"accuracy", "config", "predictions"}) table.columns.push_back({name});
    table.columns.push_back({"made by", Align::kLeft});
    for (const Run* run : own.runs) {
      std::vector<std::string> row = {run->id, std::to_string(run->seed)};
      if (folds) row.push_back(run->fold ? std::to_string(*run->fold) : kNoValue);
      if (runs_.divisions > 1) row.push_back(std::to_string(run->division));
      row.push_back(percent(run_accuracy(*run, runs_.names, named.ablation.scoring)));
      row.push_back(short_digest(run->config_sha256));
      row.push_back(short_digest(run->predictions_sha256));
      row.push_back(run->producer);
      table.rows.push_back(std::move(row));
    }
    return table;
  }

  void behind() {
    section("behind", "The runs behind the numbers");
    add("<p class=\"small\">Accuracy in %, of the run's own scored clips. Config and predictions: the first "
        "twelve digits of "
        "the SHA-256 of their contents. A run's folder is runs/ and its name; all of this with full digests "
        "is in runs.csv.</p>\n");
    for (std::size_t t = 0; t < all_.size(); ++t) {
      const NamedAblation& named = all_[t];
      const ArmSet& set = named.ablation.set;
      add("<details class=\"group\"{}><summary>{}: {}, {}</summary>\n",
          all_.size() == 1 && set.arms.size() <= 40 ? " open" : "", html_text(name_of(named)),
          plural(set.arms.size(), "arm"), plural(named.runs.size(), "run"));
      for (const std::size_t arm : baseline_first(named.ablation)) {
        const Arm& own = set.arms[arm];
        std::string inputs;
        for (const auto& [name, digest] : own.runs.front()->inputs)
          inputs += fmt::format("{}{} {}", inputs.empty() ? "" : ", ", name, digest);
        add("<details><summary>{}: {}</summary>\n<div id=\"{}\">\n<p class=\"small id\">Inputs: "
            "{}</p>\n{}</div>\n</details>\n",
            html_text(label(set, own)), plural(own.runs.size(), "run"), runs_id(t, arm),
            html_text(inputs.empty() ? "none" : inputs), to_html(runs_of(named, arm)));
      }
      add("</details>\n");
    }
    close();
  }

  void end() {
    add("</main>\n<footer><p>Made from the run folders alone by mofi report; the same runs give the same "
        "page, byte for byte. "
        "Tables as Markdown, LaTeX and CSV are in tables/, plots with their data and scripts in "
        "plots/.</p></footer>\n"
        "<script>{}</script>\n</body>\n</html>\n",
        kScript);
  }

  const RunSet& runs_;
  const std::vector<NamedAblation>& all_;
  const AggregateSummary& tables_;
  const PageFigures& figures_;
  const AblationOptions& options_;
  std::string text_;
  int figure_ = 0;
};

}  // namespace

std::string report_page(const AggregatedRuns& aggregated, const AggregateSummary& tables,
                        const PageFigures& figures, const AblationOptions& options) {
  return Page(aggregated, tables, figures, options)();
}

}  // namespace mofi
