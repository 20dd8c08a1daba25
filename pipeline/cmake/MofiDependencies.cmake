# Libraries from the system, and LibTorch as imported targets (its own CMake package would demand a CUDA toolkit).
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(Boost REQUIRED COMPONENTS stacktrace_backtrace)
find_package(HDF5 REQUIRED COMPONENTS C)
find_package(MPI REQUIRED COMPONENTS C)

add_library(mofi_hdf5 INTERFACE)
target_include_directories(mofi_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_compile_definitions(mofi_hdf5 INTERFACE ${HDF5_C_DEFINITIONS})
target_link_libraries(mofi_hdf5 INTERFACE ${HDF5_C_LIBRARIES})

find_package(ZLIB REQUIRED)
find_library(minizip_library minizip REQUIRED)
find_path(minizip_headers minizip/unzip.h REQUIRED)
add_library(mofi_zip INTERFACE)
target_include_directories(mofi_zip SYSTEM INTERFACE ${minizip_headers})
target_link_libraries(mofi_zip INTERFACE ${minizip_library} ZLIB::ZLIB)

# The C interface alone: mpi.h would also bring the C++ bindings, which are deprecated and a library of their own.
add_library(mofi_mpi INTERFACE)
target_link_libraries(mofi_mpi INTERFACE MPI::MPI_C)
target_compile_definitions(mofi_mpi INTERFACE OMPI_SKIP_MPICXX MPICH_SKIP_MPICXX)

if(MOFI_WITH_TORCH)
  find_package(hwy REQUIRED)
  include(MofiTorch)
endif()
