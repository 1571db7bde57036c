# SPDX-License-Identifier: Apache-2.0
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

function(gateway_test_library name)
  add_library(${name} STATIC ${ARGN})
  target_compile_options(${name} PRIVATE ${GODWIT_WARNINGS})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
  target_link_libraries(${name} PUBLIC srv_gateway gw_wire mbedtls godwit_test_support)
endfunction()

gateway_test_library(gateway_test_clients gateway/fixture.c
  ${CMAKE_SOURCE_DIR}/tests/support/dtls_client.c)
gateway_test_library(gateway_test_fake_core gateway/fixture_fake.c
  ${CMAKE_SOURCE_DIR}/tests/support/fake_core.c)

foreach(part rules ota description keyset observe session replay streams state settings rpc logs profile shadow)
  godwit_test(NAME unit.server.gateway.${part} SOURCES gateway/${part}_test.c
    LINK gateway_test_fake_core gateway_test_clients PkgConfig::JANSSON)
endforeach()
foreach(part timers udp convert)
  godwit_test(NAME unit.server.gateway.${part} SOURCES gateway/${part}_test.c
    LINK srv_gateway PkgConfig::JANSSON)
endforeach()
foreach(part real_core uploads contract interop offers)
  godwit_test(NAME unit.server.gateway.${part}
    SOURCES gateway/${part}_test.c core/core_fixture.c
    LINK gateway_test_clients)
endforeach()

foreach(part certificate csr)
  godwit_test(NAME unit.server.gateway.${part}
    SOURCES gateway/${part}_test.c core/core_fixture.c ${CMAKE_SOURCE_DIR}/tests/support/pki.c
    LINK gateway_test_clients)
endforeach()

# Every file of the fuzz corpora, once, through the fuzz target itself.
foreach(name hello request)
  godwit_test(NAME unit.server.gateway.corpus_${name}
    SOURCES ${CMAKE_SOURCE_DIR}/tests/support/corpus_test.c ${CMAKE_SOURCE_DIR}/tests/support/random_inputs_test.c
      ${CMAKE_SOURCE_DIR}/tests/fuzz/server/fuzz_gateway_${name}.c
    LINK gateway_test_fake_core
    DEFINES CORPUS="${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/gateway_${name}")
endforeach()
