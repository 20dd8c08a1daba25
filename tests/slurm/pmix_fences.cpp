// Whether the barriers of the launcher's PMIx hold: pmix_fences run --results FOLDER, which is how a job of a
// sweep is started. Each of two ranks notes in a file that all see how many it has come to.

#include <fcntl.h>
#include <pmix.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

int main(int argc, char** argv) {
  constexpr int kFences = 1000;
  constexpr std::size_t kBytes = 4096;
  pmix_proc_t self;
  if (argc < 2 || PMIx_Init(&self, nullptr, 0) != PMIX_SUCCESS || self.rank > 1) return 69;
  const std::string path = std::string(argv[argc - 1]) + "/fences";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
  if (file < 0 || ::ftruncate(file, kBytes) != 0) return 69;
  auto* reached =
      static_cast<std::atomic<int>*>(::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
  if (reached == MAP_FAILED) return 69;

  pmix_info_t collect;
  bool yes = true;
  PMIX_INFO_LOAD(&collect, PMIX_COLLECT_DATA, &yes, PMIX_BOOL);
  std::minstd_rand pause_us(self.rank + 1);
  int broken = 0;
  for (int fence = 1; fence <= kFences; ++fence) {
    ::usleep(static_cast<useconds_t>(pause_us() % 2000));
    reached[self.rank] = fence;
    // As MPI_Init does: one that exchanges data, and one that only waits.
    const bool exchanges = fence % 2 == 1;
    if (PMIx_Fence(nullptr, 0, exchanges ? &collect : nullptr, exchanges ? 1 : 0) != PMIX_SUCCESS) return 70;
    broken += reached[1 - self.rank] < fence ? 1 : 0;
  }
  std::printf("rank %u: %d of %d fences did not hold\n", self.rank, broken, kFences);
  PMIx_Finalize(nullptr, 0);
  return broken > 0 ? 70 : 0;
}
