# SPDX-License-Identifier: Apache-2.0
godwit_test(NAME unit.server.fleet
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
          ${CMAKE_CURRENT_SOURCE_DIR}/fleet/test_compatibility.c
          ${CMAKE_CURRENT_SOURCE_DIR}/fleet/test_history.c
          ${CMAKE_CURRENT_SOURCE_DIR}/fleet/test_intern.c
          ${CMAKE_CURRENT_SOURCE_DIR}/fleet/test_lists.c
          ${CMAKE_CURRENT_SOURCE_DIR}/fleet/test_property.c
          ${CMAKE_CURRENT_SOURCE_DIR}/fleet/test_rollout.c
  LINK srv_core)
if(TARGET srv_rest)
  godwit_test(NAME unit.server.fleet_rest
    SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/core/core_fixture.c
            ${CMAKE_CURRENT_SOURCE_DIR}/rest/rest_fixture.c
            ${CMAKE_CURRENT_SOURCE_DIR}/fleet/test_fleet_routes.c
    LINK rest_test_openapi srv_rest PkgConfig::JANSSON)
endif()
