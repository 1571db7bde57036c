# SPDX-License-Identifier: Apache-2.0
# The fuzz target's own corpus runs here under every compiler.
file(GLOB rest_corpus CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/rest/*)
godwit_test(NAME unit.server.rest
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/rest_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_artifacts.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_devices.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_events.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_openapi.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_releases.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_requests.c
  LINK srv_rest PkgConfig::JANSSON)
