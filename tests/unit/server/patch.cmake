# SPDX-License-Identifier: Apache-2.0
godwit_test(NAME unit.server.patch
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/patch/patch_fixture.c ${CMAKE_CURRENT_SOURCE_DIR}/patch/test_patch.c
  LINK srv_core gw_wire mbedtls)
