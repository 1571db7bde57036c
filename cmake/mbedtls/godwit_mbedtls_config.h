/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GODWIT_MBEDTLS_CONFIG_H
#define GODWIT_MBEDTLS_CONFIG_H
/* mbedTLS 3.6 for CoAP over DTLS 1.2, server and device alike. What is not
 * called is dropped by the linker. Suites: the four PSK ones that published
 * devices offer, and their ECDHE-ECDSA counterparts. */

/* platform */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY /* the device SDK gives mbedTLS a fixed pool */
#define MBEDTLS_NO_UDBL_DIVISION
#define MBEDTLS_ERROR_STRERROR_DUMMY

/* random */
#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_ENTROPY_C
#ifndef __unix__
#define MBEDTLS_NO_PLATFORM_ENTROPY /* the port registers its own source */
#endif

/* ciphers and hashes */
#define MBEDTLS_AES_C
#define MBEDTLS_AES_FEWER_TABLES
#if defined(__x86_64__)
#define MBEDTLS_AESNI_C
#endif
#define MBEDTLS_CIPHER_C
#define MBEDTLS_CIPHER_MODE_CBC
#define MBEDTLS_GCM_C
#define MBEDTLS_CCM_C
#define MBEDTLS_MD_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C

/* public keys, P-256 and P-384 */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
/* A device checks signatures in slices (sdk/src/trust.c). Off until somebody
 * calls mbedtls_ecp_set_max_ops, so handshakes are as they were. */
#define MBEDTLS_ECP_RESTARTABLE
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC
#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK /* server: the CAs are the project's */
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CSR_PARSE_C
#define MBEDTLS_X509_CSR_WRITE_C
#define MBEDTLS_X509_CRT_WRITE_C
#define MBEDTLS_PEM_WRITE_C
/* No MBEDTLS_HAVE_TIME_DATE: a device has no calendar, and what it needs of one
 * comes from its application; the server judges validity by the core's clock. */

/* DTLS 1.2 */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_COOKIE_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_PROTO_DTLS
#define MBEDTLS_SSL_DTLS_HELLO_VERIFY
#define MBEDTLS_SSL_DTLS_ANTI_REPLAY
/* No MBEDTLS_SSL_DTLS_CLIENT_PORT_REUSE: it resets the old session as soon as the
 * cookie is right; server/gateway/dtls.c keeps it until the new one is proved. */
#define MBEDTLS_SSL_DTLS_CONNECTION_ID /* RFC 9146, extension 54 */
#define MBEDTLS_SSL_CID_IN_LEN_MAX 8
#define MBEDTLS_SSL_CID_OUT_LEN_MAX 32
#define MBEDTLS_SSL_ENCRYPT_THEN_MAC
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_ALL_ALERT_MESSAGES
#define MBEDTLS_SSL_CONTEXT_SERIALIZATION
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
/* No MBEDTLS_SSL_KEEP_PEER_CERTIFICATE: both ends read what they want of it while
 * they verify it, and have 1 to 2 KB more for the rest of the handshake. */
#define MBEDTLS_KEY_EXCHANGE_PSK_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_CIPHERSUITES                                                                 \
  MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8,                   \
      MBEDTLS_TLS_PSK_WITH_AES_128_CCM, MBEDTLS_TLS_PSK_WITH_AES_128_CBC_SHA256,                 \
      MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM, \
      MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8

/* memory: one CoAP datagram is at most 1280 bytes; a certificate flight fits
 * 2 KB in fragments */
#define MBEDTLS_SSL_IN_CONTENT_LEN 2048
#define MBEDTLS_SSL_OUT_CONTENT_LEN 2048
#define MBEDTLS_SSL_DTLS_MAX_BUFFERING 4096
#define MBEDTLS_PSK_MAX_LEN 64
#endif
