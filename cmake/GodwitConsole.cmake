# SPDX-License-Identifier: Apache-2.0
# godwit_embed_console(TARGET): what console/ builds to, build/console/dist with
# index.html and assets/..., becomes part of TARGET, compressed, as read-only data.
# GODWIT_CONSOLE=AUTO takes the console when it has been built (./dev console),
# ON insists on it, OFF leaves it out: then / says how to build it.

set(GODWIT_CONSOLE AUTO CACHE STRING "embed the web console: AUTO (when it is built), ON or OFF")
set_property(CACHE GODWIT_CONSOLE PROPERTY STRINGS AUTO ON OFF)
set(GODWIT_CONSOLE_DIR "${PROJECT_SOURCE_DIR}/build/console/dist" CACHE PATH "the built web console")

# arguments: URL=FILE_OR_FOLDER as cmake/embed_files.py takes them; files: what
# they stand for.
function(godwit_embed_files target arguments files)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  set(script ${PROJECT_SOURCE_DIR}/cmake/embed_files.py)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_files)
  add_custom_command(OUTPUT ${folder}/files_table.c ${folder}/files_bytes.S
    COMMAND ${Python3_EXECUTABLE} -B ${script} ${folder} ${arguments}
    DEPENDS ${script} ${files} COMMENT "embedding the files of ${target}" VERBATIM)
  target_sources(${target} PRIVATE ${folder}/files_table.c ${folder}/files_bytes.S)
endfunction()

function(godwit_embed_console target)
  set(arguments "")
  set(files "")
  if(GODWIT_CONSOLE)
    # Taken note of at each build, so that it comes in when it has been built.
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${GODWIT_CONSOLE_DIR}/*)
    if(EXISTS ${GODWIT_CONSOLE_DIR}/index.html)
      list(APPEND arguments /=${GODWIT_CONSOLE_DIR})
    elseif(NOT GODWIT_CONSOLE STREQUAL "AUTO")
      message(FATAL_ERROR "GODWIT_CONSOLE=${GODWIT_CONSOLE}, but there is no "
        "${GODWIT_CONSOLE_DIR}/index.html: run ./dev console")
    else()
      set(files "")
    endif()
  endif()
  godwit_embed_files(${target} "${arguments}" "${files}")
endfunction()
