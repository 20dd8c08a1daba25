#include "distributed/trace.h"

#include <fmt/core.h>

#include <map>

#include "core/config.h"
#include "core/files.h"

namespace mofi {
namespace {

using std::chrono::duration;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;

Json as_json(const std::vector<TraceEvent>& events) {
  Json list = Json::array();
  for (const TraceEvent& event : events)
    list.push_back({event.name, event.track, event.begin_s, event.end_s, event.bytes});
  return list;
}

std::vector<TraceEvent> from_json(const Json& list) {
  std::vector<TraceEvent> events;
  for (const Json& event : list)
    events.push_back({event[0].get<std::string>(), event[1].get<std::string>(), event[2].get<double>(),
                      event[3].get<double>(), event[4].get<std::int64_t>()});
  return events;
}

/// What tells the viewer a name of a process or thread.
Json name_of(const char* what, int rank, int thread, const std::string& name) {
  return {{"ph", "M"}, {"name", what}, {"pid", rank}, {"tid", thread}, {"args", {{"name", name}}}};
}

void append_rank(Json& all, int rank, const std::vector<TraceEvent>& events) {
  constexpr double kMicroseconds = 1e6;
  all.push_back(name_of("process_name", rank, 0, fmt::format("rank {}", rank)));
  std::map<std::string, int> tracks;
  for (const TraceEvent& event : events) {
    const auto [track, is_new] = tracks.emplace(event.track, static_cast<int>(tracks.size()));
    if (is_new) all.push_back(name_of("thread_name", rank, track->second, event.track));
    Json entry = {{"name", event.name},
                  {"ph", event.is_instant() ? "i" : "X"},
                  {"pid", rank},
                  {"tid", track->second},
                  {"ts", event.begin_s * kMicroseconds}};
    if (event.is_instant())
      entry["s"] = "t";  // drawn on its own track alone
    else
      entry["dur"] = (event.end_s - event.begin_s) * kMicroseconds;
    if (event.bytes > 0) entry["args"] = {{"bytes", event.bytes}};
    all.push_back(std::move(entry));
  }
}

}  // namespace

Trace::Trace(const World& world) : zero_(steady_clock::now()) {
  if (world.size() == 1) return;
  const auto since_boot = std::chrono::duration_cast<nanoseconds>(zero_.time_since_epoch()).count();
  const std::string of_root = world.broadcast(std::to_string(since_boot));
  world.barrier();
  zero_ = world.node_size() == world.size() ? steady_clock::time_point(nanoseconds(std::stoll(of_root)))
                                            : steady_clock::now();
}

double Trace::now_s() const { return duration<double>(steady_clock::now() - zero_).count(); }

void Trace::mark(std::string_view name) {
  const double now = now_s();
  add({std::string(name), "training", now, now});
}

void Trace::add(TraceEvent event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
}

std::vector<TraceEvent> Trace::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

TraceSpan::TraceSpan(Trace* trace, std::string_view name, std::string_view track, std::int64_t bytes)
    : trace_(trace) {
  if (trace_ != nullptr) event_ = {std::string(name), std::string(track), trace_->now_s(), 0, bytes};
}

TraceSpan::~TraceSpan() {
  if (trace_ == nullptr) return;
  event_.end_s = trace_->now_s();
  trace_->add(std::move(event_));
}

void write_trace(const World& world, const Trace& trace, const std::filesystem::path& path) {
  const auto of_ranks = world.gather(as_json(trace.events()).dump());
  if (!world.is_root()) return;
  Json events = Json::array();
  for (std::size_t rank = 0; rank < of_ranks.size(); ++rank)
    append_rank(events, static_cast<int>(rank), from_json(Json::parse(of_ranks[rank])));
  write_atomically(path, Json{{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}}.dump() + "\n");
}

}  // namespace mofi
