#pragma once
// What a World's ranks talk over: for the files that know MPI.

#include <mpi.h>

namespace mofi {

struct Communicator {
  explicit Communicator(MPI_Comm given) : comm(given) {}
  ~Communicator() {
    int finalised = 0;
    MPI_Finalized(&finalised);
    if (finalised == 0 && comm != MPI_COMM_WORLD && comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
  }
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  MPI_Comm comm;
};

}  // namespace mofi
