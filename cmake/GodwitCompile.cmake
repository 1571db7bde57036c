# SPDX-License-Identifier: Apache-2.0
# godwit_library(NAME SOURCES ... INCLUDE dir LINK ...): a static library with
# the project's warnings, all of them errors; in another project's build they
# are warnings, as its compiler may know more of them.

set(GODWIT_WARNINGS
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith
  -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wimplicit-fallthrough -Wcast-align=strict)
if(CMAKE_C_COMPILER_ID MATCHES Clang)
  list(REMOVE_ITEM GODWIT_WARNINGS -Wcast-align=strict)
  list(APPEND GODWIT_WARNINGS -Wcast-align)
endif()

if(PROJECT_IS_TOP_LEVEL)
  list(APPEND GODWIT_WARNINGS -Werror)
endif()

if(GODWIT_SANITIZE)
  add_compile_options(-fsanitize=${GODWIT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GODWIT_SANITIZE})
endif()
# Bit-exact kernels: no contraction of a*b+c into one rounding (FMA).
add_compile_options(-ffp-contract=off)

function(godwit_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;INCLUDE;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_compile_options(${name} PRIVATE ${GODWIT_WARNINGS})
  target_include_directories(${name} PUBLIC ${arg_INCLUDE} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
endfunction()

function(godwit_executable name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_compile_options(${name} PRIVATE ${GODWIT_WARNINGS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_link_libraries(${name} PRIVATE ${arg_LINK})
endfunction()
