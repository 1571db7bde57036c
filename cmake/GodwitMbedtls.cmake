# SPDX-License-Identifier: Apache-2.0
# The target `mbedtls`: mbedTLS 3.6 from source with the project's own
# configuration, the same on server, device and firmware. ./dev setup puts the
# unpacked release into build/deps/mbedtls; a build without it takes upstream's
# release archive, whose hash is pinned (cmake/mbedtls.lock).

set(GODWIT_MBEDTLS_DIR "${PROJECT_SOURCE_DIR}/build/deps/mbedtls" CACHE PATH "unpacked mbedTLS 3.6 sources")
set(needs_mbedtls FALSE)
foreach(part sdk server)
  if(part IN_LIST GODWIT_PARTS)
    set(needs_mbedtls TRUE)
  endif()
endforeach()
if(NOT needs_mbedtls)
  return()
endif()
if(NOT EXISTS ${GODWIT_MBEDTLS_DIR}/library/ssl_tls.c)
  message(FATAL_ERROR "mbedTLS sources are not in ${GODWIT_MBEDTLS_DIR}: run ./dev setup")
endif()

file(GLOB mbedtls_sources ${GODWIT_MBEDTLS_DIR}/library/*.c)
add_library(mbedtls STATIC ${mbedtls_sources})
target_include_directories(mbedtls SYSTEM PUBLIC ${GODWIT_MBEDTLS_DIR}/include ${PROJECT_SOURCE_DIR}/cmake/mbedtls)
target_include_directories(mbedtls PRIVATE ${GODWIT_MBEDTLS_DIR}/library)
target_compile_definitions(mbedtls PUBLIC MBEDTLS_CONFIG_FILE="godwit_mbedtls_config.h")
# Optimised in every build: the handshakes of a sanitized test run would
# otherwise take most of its time.
target_compile_options(mbedtls PRIVATE -O2 -w)
