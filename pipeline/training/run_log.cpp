#include "training/run_log.h"

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace mofi {
namespace {

void add_scalars(const Json& of, const std::string& path, Scalar scalar, TensorboardWriter& to) {
  for (const auto& [key, value] : of.items()) {
    if (key == "step" || key == "time_s") continue;
    scalar.tag = path.empty() ? key : path + "/" + key;
    if (value.is_object()) {
      add_scalars(value, scalar.tag, scalar, to);
    } else if (value.is_number()) {
      scalar.value = value.get<double>();
      to.add(scalar);
    }
  }
}

}  // namespace

RunLog::RunLog(const std::filesystem::path& folder, const Json& events) {
  if (folder.empty()) return;
  const auto path = folder / "events.jsonl";
  write_atomically(path, "");
  lines_.open(path, std::ios::app);
  if (!lines_) fail(ExitCode::kMissing, "{}: cannot be written: {}", path.string(), std::strerror(errno));
  remove_tensorboard_files(folder);
  scalars_ = std::make_unique<TensorboardWriter>(folder);
  for (const Json& event : events) write(event);
  flush();
}

void RunLog::add(const Json& event) {
  if (!scalars_) return;
  write(event);
  flush();
}

void RunLog::write(const Json& event) {
  lines_ << event.dump() << '\n';
  add_scalars(event, "", {"", event["step"].get<std::int64_t>(), 0, event["time_s"].get<double>()},
              *scalars_);
}

void RunLog::flush() {
  lines_.flush();
  if (!lines_) fail(ExitCode::kMissing, "events.jsonl: cannot be written: {}", std::strerror(errno));
  scalars_->flush();
}

}  // namespace mofi
