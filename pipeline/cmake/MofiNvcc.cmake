# Own CUDA kernels, where there is an nvcc: called as a program for each file, not as a language of the project, whose checks would link
# against a CUDA runtime that the build machine need not have. The plug-in without them is whole.
find_program(MOFI_NVCC nvcc HINTS ${wheel_folder}/nvidia/cu13/bin ENV CUDA_HOME ENV CUDA_PATH /usr/local/cuda PATH_SUFFIXES bin)
if(MOFI_NVCC)
  # Objects of another major version than the runtime that LibTorch brings would ask it for functions that it has not.
  execute_process(COMMAND ${MOFI_NVCC} --version OUTPUT_VARIABLE nvcc_says ERROR_QUIET)
  string(REGEX MATCH "release ([0-9]+)\\.[0-9]+" ignored "${nvcc_says}")
  set(nvcc_major "${CMAKE_MATCH_1}")
  file(STRINGS ${MOFI_CUDA_INCLUDE}/cuda_runtime_api.h runtime_says REGEX "#define CUDART_VERSION +[0-9]+")
  string(REGEX REPLACE "[^0-9]*([0-9]+)[0-9][0-9][0-9]$" "\\1" runtime_major "${runtime_says}")
  if(NOT nvcc_major STREQUAL runtime_major)
    message(STATUS "CUDA kernels: not built (${MOFI_NVCC} is of CUDA ${nvcc_major}, LibTorch of CUDA ${runtime_major})")
    set(MOFI_NVCC "")
  endif()
else()
  message(STATUS "CUDA kernels: not built (no nvcc)")
endif()

# mofi_cuda_kernels(target file...): adds the objects of these .cu files for A100, H100 and H200, and PTX for what comes later.
function(mofi_cuda_kernels target)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME_WE)
    set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.cu.o)
    add_custom_command(OUTPUT ${object}
      COMMAND ${MOFI_NVCC} -c ${file} -o ${object} -std=c++20 -O3 -ccbin ${CMAKE_CXX_COMPILER} -Xcompiler -fPIC,-Wall,-Wextra
              -gencode arch=compute_80,code=sm_80 -gencode arch=compute_90,code=[sm_90,compute_90]
              -I${PROJECT_SOURCE_DIR}/pipeline -MD -MF ${object}.d
      DEPENDS ${file} DEPFILE ${object}.d VERBATIM
      COMMENT "Building CUDA object ${name}.cu.o")
    target_sources(${target} PRIVATE ${object})
  endforeach()
endfunction()
