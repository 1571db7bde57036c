# SPDX-License-Identifier: Apache-2.0
godwit_test(NAME unit.server.store
  SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/store/test_blob_file.c
          ${CMAKE_CURRENT_SOURCE_DIR}/store/test_folder.c
          ${CMAKE_CURRENT_SOURCE_DIR}/store/test_sqlite.c
  LINK srv_store PkgConfig::SQLITE)
