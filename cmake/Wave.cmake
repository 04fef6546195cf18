# The one helper every folder uses: wave_library and wave_test set warnings, the precompiled header and sanitizers.
include(CTest)
include(GoogleTest)
include(GNUInstallDirs)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
option(WAVE_BENCH "build the benchmarks" OFF)
option(WAVE_FUZZ "build the fuzz targets (clang)" OFF)
set(WAVE_SANITIZE "" CACHE STRING "address,undefined or thread")

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
      CCACHE_NOHASHDIR=1 ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()
if(WAVE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

add_library(wave_options INTERFACE)
target_compile_options(wave_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  target_compile_options(wave_options INTERFACE -fpch-preprocess)
endif()
target_include_directories(wave_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(wave_options INTERFACE WAVE_VERSION="${PROJECT_VERSION}")
if(WAVE_SANITIZE)
  add_compile_options(-fsanitize=${WAVE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WAVE_SANITIZE})
  target_compile_definitions(wave_options INTERFACE WAVE_SANITIZED=1)
endif()

# Headers that nearly every file includes, parsed once: the standard's for the product, those and GoogleTest's for tests.
set(common_headers <algorithm> <chrono> <coroutine> <cstdint> <deque> <expected> <functional> <map> <memory> <optional>
  <set> <string> <string_view> <unordered_map> <variant> <vector>)
add_library(wave_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_link_libraries(wave_pch PUBLIC wave_options)
target_precompile_headers(wave_pch PRIVATE ${common_headers})
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  add_library(wave_test_options INTERFACE)
  target_link_libraries(wave_test_options INTERFACE wave_options GTest::gtest GTest::gmock Threads::Threads)
  add_library(wave_test_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
  target_link_libraries(wave_test_pch PUBLIC wave_test_options)
  target_precompile_headers(wave_test_pch PRIVATE ${common_headers} <gtest/gtest.h> <gmock/gmock.h>)
endif()

# So many sources of a folder are compiled together: most of a compilation is templates, which they share. Names in
# unnamed namespaces are unique within a folder, therefore.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 12)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # GCC takes unnamed namespaces of a piece's sources for those of a header.
  target_compile_options(wave_options INTERFACE -Wno-subobject-linkage)
else()
  # clang counts what another source of the piece brings in by `using`; GCC's builds find what shadows.
  target_compile_options(wave_options INTERFACE -Wno-shadow)
endif()

# wave_library(folder LINK other folders... PRIVATE third party...): a static library of every .cpp below this folder.
function(wave_library folder)
  cmake_parse_arguments(ARG "" "" "LINK;PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(wave_${folder} STATIC ${sources})
  list(TRANSFORM ARG_LINK PREPEND wave_)
  target_link_libraries(wave_${folder} PUBLIC wave_options ${ARG_LINK} PRIVATE ${ARG_PRIVATE})
  target_precompile_headers(wave_${folder} REUSE_FROM wave_pch)
  set_target_properties(wave_${folder} PROPERTIES UNITY_BUILD ON)
endfunction()

# wave_test(name SOURCES ... LINK ...): one GoogleTest program whose cases ctest runs one by one; with SHARDS n, in n
# processes, where cases are many and each shorter than the start of the program.
function(wave_test name)
  cmake_parse_arguments(ARG "" "SHARDS" "SOURCES;LINK;LABELS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  list(TRANSFORM ARG_LINK PREPEND wave_ REGEX "^[a-z]+$")
  target_link_libraries(${name} PRIVATE wave_test_options ${ARG_LINK} GTest::gtest_main)
  target_precompile_headers(${name} REUSE_FROM wave_test_pch)
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON)
  target_compile_definitions(${name} PRIVATE WAVE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" WAVE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  if(NOT ARG_SHARDS)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 120)
    return()
  endif()
  foreach(shard RANGE 1 ${ARG_SHARDS})
    math(EXPR index "${shard} - 1")
    add_test(NAME ${name}.${shard} COMMAND ${name} --gtest_brief=1)
    set_tests_properties(${name}.${shard} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600
      ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
  endforeach()
endfunction()
