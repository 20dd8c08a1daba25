#include "distributed/world.h"

#include <mpi.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/error.h"
#include "core/stopwatch.h"
#include "distributed/communicator.h"
#include "distributed/pulse.h"
#include "distributed/watchdog.h"

namespace mofi {
namespace {

void check(int result, const char* what) {
  if (result == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  MPI_Error_string(result, text.data(), &length);
  fail(ExitCode::kInternal, "MPI: {} failed: {}", what, text.data());
}

int environment_number(const char* name) {
  const char* text = std::getenv(name);
  return text == nullptr ? 0 : std::atoi(text);
}

/// Waits without taking a core from those who still compute.
void wait_politely(MPI_Request& request) {
  int done = 0;
  auto pause = std::chrono::microseconds(1);
  while (true) {
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "waiting");
    if (done != 0) return;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(1000));
  }
}

}  // namespace

bool started_by_launcher() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr ||
         std::getenv("PMI_RANK") != nullptr;
}

World::World(Alone) {}

World::World(double rank_timeout_s) : rank_timeout_s_(rank_timeout_s) {
  const bool slurm_step_of_many =
      std::getenv("SLURM_STEP_ID") != nullptr && environment_number("SLURM_STEP_NUM_TASKS") > 1;
  if (!started_by_launcher()) {
    if (slurm_step_of_many)
      fail(ExitCode::kMissing,
           "srun started {} tasks but gives MPI no way to connect them; use srun --mpi=pmix, or mpirun",
           environment_number("SLURM_STEP_NUM_TASKS"));
    return;
  }
  int granted = 0;
  check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &granted), "starting");
  initialised_ = true;
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  communicator_ = std::make_shared<Communicator>(MPI_COMM_WORLD);
  check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "asking for the rank");
  check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "asking for the size");
  if (granted < MPI_THREAD_MULTIPLE)
    fail(ExitCode::kMissing,
         "this MPI does not grant MPI_THREAD_MULTIPLE; use an MPI library that was built with it");
  if (slurm_step_of_many && size_ == 1)
    fail(ExitCode::kMissing, "srun started {} tasks but MPI sees one; use srun --mpi=pmix, or mpirun",
         environment_number("SLURM_STEP_NUM_TASKS"));
  MPI_Comm node = MPI_COMM_NULL;
  check(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node),
        "finding the node's ranks");
  MPI_Comm_rank(node, &node_rank_);
  MPI_Comm_size(node, &node_size_);
  MPI_Comm_free(&node);
  if (size_ > 1 && rank_timeout_s > 0) watchdog_ = std::make_unique<Watchdog>(rank_timeout_s);
}

World::World(const World& whole, int group)
    : node_rank_(whole.node_rank_), node_size_(whole.node_size_), rank_timeout_s_(whole.rank_timeout_s_) {
  if (whole.size_ == 1) return;
  const InCollective inside;
  MPI_Comm part = MPI_COMM_NULL;
  check(MPI_Comm_split(whole.communicator_->comm, group, whole.rank_, &part), "forming groups of ranks");
  communicator_ = std::make_shared<Communicator>(part);
  MPI_Comm_set_errhandler(part, MPI_ERRORS_RETURN);
  check(MPI_Comm_rank(part, &rank_), "asking for the rank");
  check(MPI_Comm_size(part, &size_), "asking for the size");
}

World World::split(int group) const { return World(*this, group); }

World::~World() {
  if (!initialised_) return;
  watchdog_.reset();
  int finalised = 0;
  MPI_Finalized(&finalised);
  if (finalised == 0) MPI_Finalize();
}

void World::barrier() const {
  if (size_ == 1) return;
  const InCollective inside;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(communicator_->comm, &request), "a barrier");
  wait_politely(request);
}

bool World::barrier_within(double seconds) const {
  if (size_ == 1) return true;
  const Stopwatch watch;
  MPI_Request request = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(communicator_->comm, &request), "a barrier");
  int done = 0;
  while (true) {
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "waiting");
    if (done != 0 || watch.seconds() > seconds) return done != 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    beat();
  }
}

void World::sum(std::span<double> values) const {
  if (size_ == 1) return;
  const InCollective inside;
  check(MPI_Allreduce(MPI_IN_PLACE, values.data(), static_cast<int>(values.size()), MPI_DOUBLE, MPI_SUM,
                      communicator_->comm),
        "a sum");
}

int World::maximum(int value) const {
  if (size_ == 1) return value;
  const InCollective inside;
  check(MPI_Allreduce(MPI_IN_PLACE, &value, 1, MPI_INT, MPI_MAX, communicator_->comm), "an agreement");
  return value;
}

std::string World::broadcast(std::string text) const {
  if (size_ == 1) return text;
  const InCollective inside;
  MPI_Request request = MPI_REQUEST_NULL;
  std::uint64_t length = text.size();
  check(MPI_Ibcast(&length, 1, MPI_UINT64_T, 0, communicator_->comm, &request), "a broadcast");
  wait_politely(request);
  text.resize(length);
  check(MPI_Ibcast(text.data(), static_cast<int>(length), MPI_BYTE, 0, communicator_->comm, &request),
        "a broadcast");
  wait_politely(request);
  return text;
}

std::vector<std::string> World::gather(const std::string& text) const {
  if (size_ == 1) return {text};
  const InCollective inside;
  const int length = static_cast<int>(text.size());
  std::vector<int> lengths(size_), offsets(size_);
  check(MPI_Allgather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, communicator_->comm), "a gather");
  for (int r = 1; r < size_; ++r) offsets[r] = offsets[r - 1] + lengths[r - 1];
  std::string all(static_cast<std::size_t>(offsets.back() + lengths.back()), '\0');
  check(MPI_Allgatherv(text.data(), length, MPI_BYTE, all.data(), lengths.data(), offsets.data(), MPI_BYTE,
                       communicator_->comm),
        "a gather");
  std::vector<std::string> texts;
  for (int r = 0; r < size_; ++r) texts.push_back(all.substr(offsets[r], lengths[r]));
  return texts;
}

void World::collect(std::string own, const Team::AtRoot& at_root) const {
  constexpr std::size_t kMessageBytes = std::size_t{1} << 30;  // MPI counts with int
  constexpr int kCollectTag = 7103;
  const auto in_messages = [&](std::string& bytes, auto transfer) {
    for (std::size_t at = 0; at < bytes.size(); at += kMessageBytes) {
      MPI_Request request = MPI_REQUEST_NULL;
      transfer(bytes.data() + at, static_cast<int>(std::min(kMessageBytes, bytes.size() - at)), request);
      wait_politely(request);
    }
  };
  if (size_ == 1) return;
  const InCollective inside(is_root() ? 1 : 2);
  if (!is_root()) {
    const std::uint64_t size = own.size();
    check(MPI_Send(&size, 1, MPI_UINT64_T, 0, kCollectTag, communicator_->comm), "sending to the first rank");
    in_messages(own, [&](const char* data, int count, MPI_Request& request) {
      check(MPI_Isend(data, count, MPI_BYTE, 0, kCollectTag, communicator_->comm, &request),
            "sending to the first rank");
    });
    return;
  }
  for (int rank = 1; rank < size_; ++rank) {
    MPI_Request request = MPI_REQUEST_NULL;
    std::uint64_t size = 0;
    check(MPI_Irecv(&size, 1, MPI_UINT64_T, rank, kCollectTag, communicator_->comm, &request),
          "receiving from a rank");
    wait_politely(request);
    std::string bytes(size, '\0');
    in_messages(bytes, [&](char* data, int count, MPI_Request& receiving) {
      check(MPI_Irecv(data, count, MPI_BYTE, rank, kCollectTag, communicator_->comm, &receiving),
            "receiving from a rank");
    });
    const OutOfCollective working;
    at_root(rank, bytes);
  }
  count_collective();
}

Team World::team() const {
  return {rank_, size_, node_size_,
          [this](std::string own, const Team::AtRoot& at_root) { collect(std::move(own), at_root); }};
}

void World::alive() const { beat(); }

void World::note(std::string_view what) const { beat(what); }

void World::abort(int exit_code) const {
  if (initialised_ && size_ > 1) MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

std::string World::describe() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  std::string version(text.data(), static_cast<std::size_t>(length));
  version = version.substr(0, version.find(','));
  int initialised = 0, level = 0;
  MPI_Initialized(&initialised);
  if (initialised == 0) return version + ", not started by a launcher";
  MPI_Query_thread(&level);
  return version + (level == MPI_THREAD_MULTIPLE ? ", MPI_THREAD_MULTIPLE" : ", no MPI_THREAD_MULTIPLE");
}

}  // namespace mofi
