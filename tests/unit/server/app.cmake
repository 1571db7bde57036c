# SPDX-License-Identifier: Apache-2.0
# Whole servers as processes of their own, over real sockets.
find_package(CURL REQUIRED)
godwit_test(NAME unit.server.app TIMEOUT 300
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/app/server_process.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_capture_crash.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_crash.c
          ${CMAKE_SOURCE_DIR}/tests/support/dtls_client.c
          ${CMAKE_SOURCE_DIR}/tests/support/pki.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_http.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_https.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_offers_crash.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_options.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_server.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_sign_in.c
          ${CMAKE_CURRENT_SOURCE_DIR}/app/test_virtual.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
  LINK srv_app CURL::libcurl PkgConfig::JANSSON)
