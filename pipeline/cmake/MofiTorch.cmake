# LibTorch from a folder that holds the torch wheel (torch/, nvidia/), or from a plain LibTorch folder (include/, lib/).
# Its CMake package would demand a CUDA toolkit; the libraries need none, so they are imported one by one.
if(NOT MOFI_TORCH_ROOT)
  message(FATAL_ERROR "MOFI_TORCH_ROOT is not set: run ./mofi build, or pass -DMOFI_TORCH_ROOT=<folder of LibTorch 2.11>")
endif()
if(EXISTS ${MOFI_TORCH_ROOT}/torch/lib/libtorch_cpu.so)
  set(torch_folder ${MOFI_TORCH_ROOT}/torch)
  set(wheel_folder ${MOFI_TORCH_ROOT})
elseif(EXISTS ${MOFI_TORCH_ROOT}/lib/libtorch_cpu.so)
  set(torch_folder ${MOFI_TORCH_ROOT})
  get_filename_component(wheel_folder ${MOFI_TORCH_ROOT} DIRECTORY)
else()
  message(FATAL_ERROR "MOFI_TORCH_ROOT=${MOFI_TORCH_ROOT}: holds neither torch/lib/libtorch_cpu.so nor lib/libtorch_cpu.so")
endif()

function(mofi_import_torch name library)
  add_library(${name} SHARED IMPORTED)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${torch_folder}/lib/${library} IMPORTED_NO_SONAME TRUE)
endfunction()

# -idirafter: the wheel brings headers of fmt and others that must not hide the system's.
add_library(mofi_torch_headers INTERFACE)
target_compile_options(mofi_torch_headers INTERFACE
  "SHELL:-idirafter ${torch_folder}/include" "SHELL:-idirafter ${torch_folder}/include/torch/csrc/api/include")
target_compile_definitions(mofi_torch_headers INTERFACE USE_DISTRIBUTED USE_C10D)
# at::parallel_for is a template that shares its work among threads only where OpenMP is on, as in libtorch_cpu.
target_compile_options(mofi_torch_headers INTERFACE -fopenmp)

mofi_import_torch(mofi_c10 libc10.so)
mofi_import_torch(mofi_torch_cpu libtorch_cpu.so)
add_library(mofi_torch INTERFACE)
# libtorch_cpu needs libcudart and libcupti at load time only; the wheel's own RPATH finds them.
target_link_libraries(mofi_torch INTERFACE mofi_torch_headers mofi_torch_cpu mofi_c10)
target_link_options(mofi_torch INTERFACE -fopenmp -Wl,--allow-shlib-undefined -Wl,-rpath,${torch_folder}/lib)

# One precompiled header for everything that includes LibTorch: 40 s once, then 5 s a file in place of 20.
add_library(mofi_torch_pch STATIC ${PROJECT_SOURCE_DIR}/pipeline/cmake/torch_pch.cpp)
target_link_libraries(mofi_torch_pch PUBLIC mofi_options mofi_torch fmt::fmt nlohmann_json::nlohmann_json)
target_precompile_headers(mofi_torch_pch PRIVATE <torch/torch.h>)

# mofi_use_torch(target): for a target whose files include LibTorch.
function(mofi_use_torch target)
  target_link_libraries(${target} PUBLIC mofi_torch)
  target_precompile_headers(${target} REUSE_FROM mofi_torch_pch)
endfunction()

# What the GPU plug-in adds. Headers only are needed to compile it; its libraries are resolved where there is a device.
if(MOFI_WITH_GPU)
  find_path(MOFI_NCCL_INCLUDE nccl.h HINTS ${wheel_folder}/nvidia/nccl/include)
  find_path(MOFI_CUDA_INCLUDE cuda_runtime_api.h HINTS ${wheel_folder}/nvidia/cu13/include /usr/local/cuda/include)
  if(EXISTS ${torch_folder}/lib/libtorch_cuda.so AND MOFI_NCCL_INCLUDE AND MOFI_CUDA_INCLUDE)
    mofi_import_torch(mofi_c10_cuda libc10_cuda.so)
    mofi_import_torch(mofi_torch_cuda libtorch_cuda.so)
    add_library(mofi_torch_gpu INTERFACE)
    target_link_libraries(mofi_torch_gpu INTERFACE mofi_torch mofi_torch_cuda mofi_c10_cuda)
    target_include_directories(mofi_torch_gpu SYSTEM INTERFACE ${MOFI_NCCL_INCLUDE} ${MOFI_CUDA_INCLUDE})
    target_compile_options(mofi_torch_gpu INTERFACE "SHELL:-idirafter ${PROJECT_SOURCE_DIR}/pipeline/cmake/cuda_handles")
    target_compile_definitions(mofi_torch_gpu INTERFACE USE_C10D_NCCL)
    set(mofi_gpu_found ON)
    include(MofiNvcc)
  else()
    message(STATUS "GPU plug-in: not built (libtorch_cuda, nccl.h or cuda_runtime_api.h is missing)")
  endif()
endif()
