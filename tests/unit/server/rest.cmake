# SPDX-License-Identifier: Apache-2.0
# Holds answers against GET /v1/openapi.json.
add_library(rest_test_openapi STATIC ${CMAKE_SOURCE_DIR}/tests/support/openapi.c)
target_compile_options(rest_test_openapi PRIVATE ${GODWIT_WARNINGS})
target_include_directories(rest_test_openapi PUBLIC ${CMAKE_SOURCE_DIR})
target_compile_definitions(rest_test_openapi PRIVATE _GNU_SOURCE)
target_link_libraries(rest_test_openapi PUBLIC PkgConfig::JANSSON)

godwit_test(NAME unit.server.rest
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/account_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/http_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/rest_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_artifacts.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_audit_log.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_etag.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_live.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_captures.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_certificates.c
          ${CMAKE_SOURCE_DIR}/tests/support/pki.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_devices.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_connections.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_evaluations.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_events.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_export.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_logs.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_openapi.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_policy.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_releases.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_requests.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_rpc.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_settings.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_signing.c ${CMAKE_SOURCE_DIR}/tests/support/signer.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_state.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_virtual.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_web.c
  LINK rest_test_openapi srv_rest PkgConfig::JANSSON)
godwit_test(NAME unit.server.rest_shadow
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/rest_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_shadow.c
  LINK rest_test_openapi srv_rest PkgConfig::JANSSON)
godwit_test(NAME unit.server.rest_corpus
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/corpus_test.c
          ${CMAKE_SOURCE_DIR}/tests/fuzz/server/fuzz_rest.c
  LINK srv_rest PkgConfig::JANSSON DEFINES CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/rest")

# The console's files, with a console of its own.
godwit_test(NAME unit.server.static
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_static.c ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_host.c
          ${CMAKE_SOURCE_DIR}/server/rest/static.c ${CMAKE_SOURCE_DIR}/server/rest/host.c
  LINK PkgConfig::ZLIB)
file(GLOB_RECURSE sample CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/rest/console/*)
godwit_embed_files(test_unit_server_static "/=${CMAKE_CURRENT_SOURCE_DIR}/rest/console" "${sample}")

# Who may do what: accounts, sessions, rights, and other projects' objects.
godwit_test(NAME unit.server.accounts
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/rest_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/account_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_rights.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_foreign.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_session.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/http_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_sign_in_http.c
          ${CMAKE_CURRENT_SOURCE_DIR}/rest/test_members.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_password.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_throttle.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_totp.c
  LINK rest_test_openapi srv_rest PkgConfig::JANSSON
  DEFINES RIGHTS_DOCUMENT="${CMAKE_SOURCE_DIR}/docs/spec/rights.md"
          RIGHTS_OUTPUT="${CMAKE_CURRENT_BINARY_DIR}")
godwit_test(NAME unit.server.web_corpus
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/corpus_test.c
          ${CMAKE_SOURCE_DIR}/tests/fuzz/server/fuzz_web.c
          ${CMAKE_SOURCE_DIR}/server/rest/static.c ${CMAKE_SOURCE_DIR}/server/rest/host.c
  LINK PkgConfig::ZLIB DEFINES CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/web")
