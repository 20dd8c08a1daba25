#include "storage/tensorboard_text.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>
#include <vector>

#include "core/aligned.h"
#include "core/progress.h"
#include "storage/artifact_text.h"

namespace mofi {
namespace {

/// The scalars of a tag.
struct Curve {
  std::uint64_t count = 0, not_finite = 0;
  std::int64_t first_step = 0, last_step = 0;
  double least = INFINITY, greatest = -INFINITY, last = 0;
};

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

std::string steps_text(std::int64_t first, std::int64_t last) {
  return first == last ? std::to_string(first) : fmt::format("{} to {}", first, last);
}

/// "2026-01-31T12:00:00Z", or seconds where a calendar has no such day.
std::string time_text(double seconds) {
  constexpr double kYear9999 = 253'402'300'799.0;
  if (!(seconds >= 0 && seconds <= kYear9999)) return fmt::format("{:.6g} s since 1970", seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

}  // namespace

std::string text_of(const TensorboardFile& file, std::size_t lines) {
  std::map<std::string_view, Curve> curves;
  double from_s = INFINITY, to_s = -INFINITY;
  for (const Scalar& scalar : file.scalars) {
    Curve& curve = curves[scalar.tag];
    if (curve.count++ == 0) curve.first_step = curve.last_step = scalar.step;
    curve.first_step = std::min(curve.first_step, scalar.step);
    curve.last_step = std::max(curve.last_step, scalar.step);
    curve.last = scalar.value;
    if (std::isfinite(scalar.value)) {
      curve.least = std::min(curve.least, scalar.value);
      curve.greatest = std::max(curve.greatest, scalar.value);
    } else {
      ++curve.not_finite;
    }
    from_s = std::min(from_s, scalar.wall_time_s);
    to_s = std::max(to_s, scalar.wall_time_s);
  }

  Facts facts = {
      {"version", file.version.empty() ? "none: the file ends inside its first record" : file.version},
      {"size",
       fmt::format("{} of {}", counted(file.scalars.size(), "scalar"), counted(curves.size(), "tag"))}};
  if (from_s <= to_s)
    facts.push_back({"time", fmt::format("{} to {} ({})", time_text(from_s), time_text(to_s),
                                         readable_duration(to_s - from_s))});
  if (file.others > 0)
    facts.push_back({"others", counted(file.others, "event") + " or values that are no scalars, not shown"});
  if (file.cut_bytes > 0)
    facts.push_back({"cut off", fmt::format("{} of a record that the end of the file cuts off: its writer "
                                            "was stopped, or is at work",
                                            counted(file.cut_bytes, "byte"))});
  std::string text = "Events for TensorBoard\n" + aligned(facts);
  if (curves.empty()) return text;

  std::vector<std::vector<std::string>> rows = {{"tag", "scalars", "steps", "least", "greatest", "last"}};
  std::uint64_t not_finite = 0;
  for (const auto& [tag, curve] : curves) {
    not_finite += curve.not_finite;
    if (rows.size() > lines) continue;
    const bool any = curve.least <= curve.greatest;
    rows.push_back({std::string(tag), thousands(curve.count), steps_text(curve.first_step, curve.last_step),
                    any ? number_text(curve.least) : "–", any ? number_text(curve.greatest) : "–",
                    number_text(curve.last)});
  }
  text += "\n" + aligned(rows, "lrrrrr");
  if (lines < curves.size()) text += fmt::format("  … and {} more\n", thousands(curves.size() - lines));
  if (not_finite > 0)
    text += fmt::format("  caution: {} {} not finite\n", counted(not_finite, "scalar"),
                        not_finite == 1 ? "is" : "are");
  return text;
}

}  // namespace mofi
