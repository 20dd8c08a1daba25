#include "training/run_log.h"

#include <cerrno>
#include <cstring>

#include "core/error.h"
#include "core/files.h"

namespace mofi {

RunLog::RunLog(const std::filesystem::path& folder, const Json& events) {
  if (folder.empty()) return;
  const auto path = folder / "events.jsonl";
  write_atomically(path, "");
  lines_.open(path, std::ios::app);
  if (!lines_) fail(ExitCode::kMissing, "{}: cannot be written: {}", path.string(), std::strerror(errno));
  for (const Json& event : events) write(event);
  lines_.flush();
}

void RunLog::add(const Json& event) {
  if (!lines_.is_open()) return;
  write(event);
  lines_.flush();
}

void RunLog::write(const Json& event) { lines_ << event.dump() << '\n'; }

}  // namespace mofi
