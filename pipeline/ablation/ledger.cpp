#include "ablation/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "ablation/estimate.h"
#include "ablation/experiment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/hash.h"
#include "core/log.h"
#include "storage/run_record.h"

namespace mofi {
namespace {

constexpr const char* kLedgerFile = "ledger";
constexpr std::string_view kLedgerSchema = "mofi-ledger/1 ";
constexpr std::size_t kShortDigits = 16;

/// False where there is no such file.
bool stamp(int folder, const char* path, FileStamp& stamp) {
  struct stat found {};
  if (::fstatat(folder, path, &found, 0) != 0 || !S_ISREG(found.st_mode)) return false;
  stamp = {found.st_ino, static_cast<std::uint64_t>(found.st_size),
           std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec};
  return true;
}

/// The next field of a line, up to the tab or the line's end.
std::string_view next_field(std::string_view& line) {
  const auto end = std::min(line.find('\t'), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

template <class Number>
Number next_number(std::string_view& line) {
  const std::string_view field = next_field(line);
  Number number{};
  std::from_chars(field.data(), field.data() + field.size(), number);
  return number;
}

FileStamp next_stamp(std::string_view& line) {
  FileStamp stamp;
  stamp.inode = next_number<std::uint64_t>(line);
  stamp.size = next_number<std::uint64_t>(line);
  stamp.changed_ns = next_number<std::int64_t>(line);
  return stamp;
}

std::string text_of(const FileStamp& stamp) {
  return fmt::format("{}\t{}\t{}", stamp.inode, stamp.size, stamp.changed_ns);
}

DoneRun remembered(std::string_view line) {
  DoneRun run;
  run.result = next_stamp(line);
  run.predictions = next_stamp(line);
  run.seconds = next_number<double>(line);
  run.config = next_field(line);
  run.inputs = next_field(line);
  run.shape = next_field(line);
  run.producer = next_field(line);
  return run;
}

std::string line_of(const std::string& id, const DoneRun& run) {
  std::string producer = run.producer;  // of any program, so without a word on what is in it
  std::ranges::replace_if(
      producer, [](char c) { return c == '\t' || c == '\n'; }, ' ');
  return fmt::format("{}\t{}\t{}\t{:.3f}\t{}\t{}\t{}\t{}\n", id, text_of(run.result),
                     text_of(run.predictions), run.seconds, run.config, run.inputs, run.shape, producer);
}

double seconds_of(const Json& timing) {
  double seconds = 0;
  for (const char* name : {"train_s", "total_s"})
    if (timing.is_object() && timing.contains(name) && timing[name].is_number())
      seconds = std::max(seconds, timing[name].get<double>());
  return seconds;
}

DoneRun verified(const std::filesystem::path& folder, const std::string& id) {
  const RunRecord record = read_run_record(folder);
  if (record.run_id != id) fail(ExitCode::kData, "its result is that of another run, {}", record.run_id);
  DoneRun run;
  run.seconds = seconds_of(record.timing);
  run.config = short_digest(config_digest(record.config));
  run.inputs = short_inputs(record.inputs);
  run.shape = shape_of(record.config, record.inputs);
  if (record.provenance.is_object()) run.producer = record.provenance.value("producer", "");
  return run;
}

}  // namespace

std::string short_digest(const std::string& digest) { return digest.substr(0, kShortDigits); }

std::string short_inputs(const std::map<std::string, std::string>& digests) {
  std::string text;
  for (const auto& [name, digest] : digests)
    text += (text.empty() ? "" : " ") + name + "=" + short_digest(digest);
  return text;
}

void write_ledger(const std::filesystem::path& results, const std::map<std::string, DoneRun>& done) {
  std::string body;
  for (const auto& [id, run] : done) body += line_of(id, run);
  replace_file(results / kLedgerFile, fmt::format("{}{}\n", kLedgerSchema, sha256_of_text(body)) + body);
}

Ledger::Ledger(std::filesystem::path results, bool verify) : results_(std::move(results)), verify_(verify) {}

void Ledger::list() const {
  if (is_listed_) return;
  is_listed_ = true;
  runs_ = ::open((results_ / "runs").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (runs_ < 0) return;  // nothing has been run yet
  if (DIR* list = ::fdopendir(::dup(runs_))) {
    while (const dirent* entry = ::readdir(list))
      if (entry->d_name[0] != '.') folders_.insert(entry->d_name);
    ::closedir(list);
  }
  if (!verify_) remember();
}

Ledger::~Ledger() {
  if (runs_ >= 0) ::close(runs_);
}

void Ledger::remember() const try {
  const std::string text = read_text(results_ / kLedgerFile, std::size_t{1} << 32);
  const auto begin = text.find('\n') + 1;
  const std::string_view body = std::string_view(text).substr(begin);
  if (text.substr(0, begin) != fmt::format("{}{}\n", kLedgerSchema, sha256_of_text(body)))
    fail(ExitCode::kData, "{}: is not what this program wrote", (results_ / kLedgerFile).string());
  done_.reserve(folders_.size());
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = body.find('\n', at);
    std::string_view line = body.substr(at, end - at);
    std::string id(next_field(line));
    if (folders_.contains(id)) done_.emplace(std::move(id), remembered(line));
    at = end + 1;
  }
} catch (const Error& error) {
  log_debug("{}; every result is verified", error.what());
}

bool Ledger::is_unchanged(const std::string& id, const DoneRun& run) const {
  FileStamp now;
  std::string path = id + "/" + kResultFile;
  if (!stamp(runs_, path.c_str(), now) || now != run.result) return false;
  path.replace(id.size() + 1, std::string::npos, kPredictionsFile);
  return stamp(runs_, path.c_str(), now) && now == run.predictions;
}

const DoneRun* Ledger::find(const std::string& id) {
  if (!has_folder(id)) return nullptr;
  const auto known = done_.find(id);
  if (known != done_.end()) {
    if (is_unchanged(id, known->second)) return &known->second;
    done_.erase(known);
    is_changed_ = true;
  }
  // The stamps are taken first: what is written while this one reads has another.
  FileStamp result, predictions;
  if (!stamp(runs_, (id + "/" + kResultFile).c_str(), result)) return nullptr;
  stamp(runs_, (id + "/" + kPredictionsFile).c_str(), predictions);
  DoneRun run = verified(results_ / "runs" / id, id);
  run.result = result;
  run.predictions = predictions;
  is_changed_ = true;
  return &done_.emplace(id, std::move(run)).first->second;
}

void Ledger::save() {
  if (!is_changed_) return;
  try {
    write_ledger(results_, {done_.begin(), done_.end()});
    is_changed_ = false;
  } catch (const Error& error) {
    log_debug("what was verified is not remembered: {}", error.what());
  }
}

}  // namespace mofi
