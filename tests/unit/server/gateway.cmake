# SPDX-License-Identifier: Apache-2.0
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

add_library(gateway_test_fixture STATIC gateway/fixture.c
  ${CMAKE_SOURCE_DIR}/tests/support/dtls_client.c ${CMAKE_SOURCE_DIR}/tests/support/fake_core.c)
target_compile_options(gateway_test_fixture PRIVATE ${GODWIT_WARNINGS})
target_include_directories(gateway_test_fixture PUBLIC ${CMAKE_SOURCE_DIR})
target_compile_definitions(gateway_test_fixture PRIVATE _GNU_SOURCE)
target_link_libraries(gateway_test_fixture PUBLIC srv_gateway gw_wire mbedtls godwit_test_support)

foreach(part rules ota observe session)
  godwit_test(NAME unit.server.gateway.${part} SOURCES gateway/${part}_test.c
    LINK gateway_test_fixture PkgConfig::JANSSON)
endforeach()
godwit_test(NAME unit.server.gateway.timers SOURCES gateway/timers_test.c LINK srv_gateway)
