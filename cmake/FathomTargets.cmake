# The three kinds of targets. Sources are listed by hand: the list is the map of a folder.

add_library(fathom_options INTERFACE)
target_include_directories(fathom_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(fathom_options INTERFACE
  $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor>
  # Left out of a designated initialiser means its default.
  $<$<NOT:$<COMPILE_LANGUAGE:CUDA>>:-Wno-missing-field-initializers>
  # GCC 12 sees dangling and uninitialised values inside inlined std::optional and std::variant.
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-maybe-uninitialized>)
if(FATHOM_SANITIZE)
  target_compile_options(fathom_options INTERFACE
    -fsanitize=${FATHOM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(fathom_options INTERFACE -fsanitize=${FATHOM_SANITIZE})
  if(FATHOM_SANITIZE MATCHES "^address")
    # AddressSanitizer traps on what these checks foresee, and they are a third of the time to compile.
    # The fuzz targets keep them.
    target_compile_options(fathom_options INTERFACE -fno-sanitize=null,alignment,vptr)
  endif()
endif()

# fathom_library(engine_base SOURCES a.cpp b.cpp PUBLIC fmt::fmt PRIVATE nlohmann_json::nlohmann_json)
# PUBLIC: what its headers need; PRIVATE: what only its sources need.
function(fathom_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(fathom_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(fathom_${name} PUBLIC fathom_options ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# fathom_test(tokenizer_test SOURCES tokenizer_test.cpp LIBRARIES fathom_engine [LABELS slow])
# One executable and one CTest entry; it runs in the repository root.
function(fathom_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 600)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}")
  if(FATHOM_SANITIZE STREQUAL thread)
    set_tests_properties(${name} PROPERTIES
      ENVIRONMENT "TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp")
  endif()
endfunction()

# fathom_fuzzer(fuzz_gguf SOURCES fuzz_gguf.cpp LIBRARIES fathom_engine)
# With FATHOM_FUZZ (clang) a libFuzzer binary; else a program that runs the files it is given once.
function(fathom_fuzzer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
  if(FATHOM_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp)
  endif()
endfunction()
