/* SPDX-License-Identifier: Apache-2.0 */
/* What macros of system headers do, which cppcheck does not read. */
#define fail_msg(...) abort()
#define assert_non_null(pointer) \
  do {                           \
    if (!(pointer)) abort();     \
  } while (0)
#define json_array_foreach(array, index, value) \
  for (index = 0; (value = json_array_get(array, index)); index++)
#define json_object_foreach(object, key, value) \
  for (key = json_key(object); (value = json_object_get(object, key)); key = json_key(object))
/* cmake/mbedtls/godwit_mbedtls_config.h, which it does not read either. */
#define MBEDTLS_ECP_RESTARTABLE
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
