# How targets of this project are made: one library a folder of pipeline/, one executable a stage, one line a test.
include(GNUInstallDirs)

add_library(mofi_options INTERFACE)
target_include_directories(mofi_options INTERFACE ${PROJECT_SOURCE_DIR}/pipeline)
# -Wrestrict: GCC 12 warns of a plain text + std::string (GCC bug 105651).
target_compile_options(mofi_options INTERFACE -Wall -Wextra -Wno-missing-field-initializers $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(MOFI_WARNINGS_AS_ERRORS)
  target_compile_options(mofi_options INTERFACE -Werror)
endif()

find_program(ccache_program ccache)
if(ccache_program)
  # A precompiled header is only cacheable when ccache is told not to look at its time.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${ccache_program})
  add_compile_options(-fpch-preprocess)
endif()

# mofi_library(name file... [LINK PUBLIC|PRIVATE target...]): the static library mofi_<name> of this folder.
function(mofi_library name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_library(mofi_${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(mofi_${name} PUBLIC mofi_options ${arg_LINK})
endfunction()

# What running needs, without the tests.
add_custom_target(all_stages)

# mofi_stage(name target...): the executable mofi-<name> from stages/<name>.cpp.
function(mofi_stage name)
  add_executable(mofi-${name} ${name}.cpp)
  target_link_libraries(mofi-${name} PRIVATE mofi_stage_main ${ARGN})
  add_dependencies(all_stages mofi-${name})
  if(TARGET mofi_gpu)
    add_dependencies(all_stages mofi_gpu)
  endif()
  install(TARGETS mofi-${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
