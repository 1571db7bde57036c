# SPDX-License-Identifier: Apache-2.0
# godwit_test(NAME folder.name SOURCES ... LINK ...): one binary; every
# TEST(sentence) in its sources becomes a ctest of its own, a process with a
# time-out, named folder.name.sentence.

function(godwit_test)
  cmake_parse_arguments(arg "" "NAME;TIMEOUT" "SOURCES;LINK;DEFINES" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  string(REPLACE "." "_" target test_${arg_NAME})
  add_executable(${target} ${arg_SOURCES})
  target_compile_options(${target} PRIVATE ${GODWIT_WARNINGS})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE
    GODWIT_SHARED_DATA="${GODWIT_SHARED_DATA}" GODWIT_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
    GODWIT_BINARY_DIR="${CMAKE_BINARY_DIR}" ${arg_DEFINES})
  target_link_libraries(${target} PRIVATE ${arg_LINK} godwit_test_support)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  foreach(source IN LISTS arg_SOURCES)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    file(STRINGS ${source} lines REGEX "^TEST\\([a-zA-Z0-9_]+\\)")
    foreach(line IN LISTS lines)
      string(REGEX REPLACE "^TEST\\(([a-zA-Z0-9_]+)\\).*" "\\1" sentence "${line}")
      add_test(NAME ${arg_NAME}.${sentence} COMMAND ${target} ${sentence})
      set_tests_properties(${arg_NAME}.${sentence} PROPERTIES
        TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77)
    endforeach()
  endforeach()
endfunction()
