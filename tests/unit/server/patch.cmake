# SPDX-License-Identifier: Apache-2.0
godwit_test(NAME unit.server.patch
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/patch/patch_fixture.c ${CMAKE_CURRENT_SOURCE_DIR}/patch/test_patch.c
  LINK srv_core gw_wire mbedtls)

# Every file of its corpus, once, through the fuzz target itself.
godwit_test(NAME unit.server.corpus_patch_round_trip
  SOURCES ${CMAKE_SOURCE_DIR}/tests/support/corpus_test.c
          ${CMAKE_SOURCE_DIR}/tests/fuzz/server/fuzz_patch_round_trip.c
  LINK srv_core gw_wire mbedtls DEFINES CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/patch_round_trip")
