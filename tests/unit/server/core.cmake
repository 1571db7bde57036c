# SPDX-License-Identifier: Apache-2.0
godwit_test(NAME unit.server.core
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_artifact.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_audit.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_capture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_changes.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_device.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_profile.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_release.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_report.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_objects.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_offers.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_rpc.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_settings.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_state.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_device_log.c
          ${CMAKE_CURRENT_SOURCE_DIR}/core/test_evaluation.c
  LINK srv_core mbedtls)
godwit_test(NAME unit.server.core_shadow
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c ${CMAKE_CURRENT_SOURCE_DIR}/core/test_shadow.c
  LINK srv_core mbedtls)
godwit_test(NAME unit.server.core_corpus
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/corpus_test.c
          ${CMAKE_SOURCE_DIR}/tests/fuzz/server/fuzz_capture.c
  LINK srv_core PkgConfig::JANSSON DEFINES CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/capture")

# Every file of the corpus of certificates, once, through its fuzz target.
godwit_test(NAME unit.server.core_corpus_x509
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/corpus_test.c ${CMAKE_SOURCE_DIR}/tests/support/random_inputs_test.c
          ${CMAKE_SOURCE_DIR}/tests/fuzz/server/fuzz_x509.c
  LINK srv_core mbedtls
  DEFINES CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/x509")
