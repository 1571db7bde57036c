/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_CORE_LIMITS_H
#define SERVER_CORE_LIMITS_H
/* Every limit of the server, each with its reason. Sizes of char arrays are
 * these plus one for the NUL. */
#include "wire/manifest.h"

#define SRV_ID_LENGTH 24     /* 24 hex digits, the shape of Golioth's object ids */
#define SRV_NAME_MAX 64      /* names of devices, blueprints, tags, projects */
#define SRV_IDENTITY_MAX 128 /* PSK identity; RFC 4279 5.3 asks for 128 at least */
#define SRV_PSK_MAX 64       /* bytes; RFC 4279 5.3 asks for 64 at least */
#define SRV_DEVICE_TAGS_MAX 32
#define SRV_HARDWARE_IDS_MAX 4
#define SRV_HARDWARE_ID_MAX 64
#define SRV_RELEASE_TAGS_MAX 8        /* labels of a release, unique in its project */
#define SRV_RELEASE_DEVICE_TAGS_MAX 8 /* a device must have all of them: more is never meant */
#define SRV_RELEASE_LABEL_MAX 64
#define SRV_DEVICE_PACKAGES_MAX                                                                \
  32                            /* packages a device may report: a device cannot fill the disk \
                                 */
#define SRV_MODEL_INFO_MAX 6144 /* JSON about a model; longer label lists are cut */
#define SRV_API_KEY_LENGTH 44   /* "gdw_" and 40 hex digits: 160 random bits */
#define SRV_EMAIL_MAX 254       /* RFC 5321 4.5.3.1.3, without the brackets */
#define SRV_ADDRESS_MAX 45      /* the longest IPv6 address as text */
#define SRV_SCOPES_MAX 511      /* of an API key, separated by commas */
#define SRV_PASSWORD_MIN 10
#define SRV_PASSWORD_MAX 256      /* bytes; a sentence fits */
#define SRV_PASSWORD_HASH_MAX 127 /* argon2id in PHC's form takes 97 */
#define SRV_TOTP_SECRET_SIZE 20   /* RFC 4226 4, R6 */
#define SRV_RECOVERY_CODES 10
#define SRV_USER_AGENT_MAX 199             /* longer ones are cut */
#define SRV_SESSIONS_PER_ACCOUNT 50u       /* the one unused for longest ends */
#define SRV_TOKEN_LENGTH 64                /* of a cookie, of a link: 256 random bits in hex */
#define SRV_GRANTS_MAX 64                  /* memberships of one account */
#define SRV_ERROR_MAX 256                  /* one line for a person */
#define SRV_EVENTS_PER_PACKAGE_DEFAULT 200 /* OTA events kept for each device and package */
#define SRV_RELEASE_ARTIFACTS_MAX                                 \
  GW_MANIFEST_COMPONENTS_MAX /* one datagram, see wire/manifest.h \
                              */
#define SRV_ARTIFACT_SIZE_MAX \
  (64u * 1024 * 1024)           /* models for microcontrollers; RAM of one upload */
#define SRV_STREAM_PATH_MAX 128 /* of `.s/PATH` */
#define SRV_CONTENT_TYPE_MAX 64
#define SRV_LABEL_MAX 64            /* becomes a folder's name */
#define SRV_CAPTURE_INLINE_MAX 4096 /* above it a file of its own is cheaper than a row */
#define SRV_PROVENANCE_MAX 1023     /* JSON; what fits beside the first block's bytes */
#define SRV_CAPTURE_SIZE_MAX (8u * 1024 * 1024) /* four minutes of 16 kHz audio, a photograph */
#define SRV_CAPTURES_PER_DEVICE_DAY 10000u      /* then 4.29: a mad device cannot fill the disk */
#define SRV_CAPTURE_BYTES_PER_DEVICE_DAY (256u * 1024 * 1024)
/* Devices' captures and logs leave so much of the disk free: deleting something
 * writes to the database, too. */
#define SRV_DISK_RESERVE (32u * 1024 * 1024)
#define SRV_SHADOWS_PER_DEVICE 8u /* pairs of models that ran side by side; the oldest goes */
/* Devices whose sums are brought together for one answer, the newest: 8 ms of
 * the loop. */
#define SRV_SHADOWS_MERGED 5000u
#define SRV_SHADOW_PAIRS_MAX 8u    /* versions in service beside which one candidate ran */
#define SRV_DEVICE_STATE_MAX 16383 /* JSON document of a device */
#define SRV_DEVICE_STATE_DEPTH_MAX 16
#define SRV_SETTING_KEY_MAX 63 /* published clients' buffer */
#define SRV_SETTING_VALUE_MAX 511
#define SRV_SETTINGS_MAX 64 /* keys that apply to one device: one datagram */
#define SRV_SETTINGS_ERRORS_MAX 4095
#define SRV_RPC_METHOD_MAX 63
#define SRV_RPC_PARAMS_MAX 767  /* CBOR; the call is one datagram */
#define SRV_RPC_DETAIL_MAX 4095 /* JSON of an answer */
#define SRV_RPC_TIMEOUT_MS_DEFAULT 10000u
#define SRV_RPC_TIMEOUT_MS_MAX 60000u
#define SRV_RPC_PENDING_PER_DEVICE 8u
#define SRV_RPC_PENDING_MAX 4096u
#define SRV_LOG_MODULE_MAX 64
#define SRV_LOG_MESSAGE_MAX 1023
#define SRV_LOG_FIELDS_MAX 1023
#define SRV_LOG_LINES_PER_DEVICE 1000u /* kept; the oldest go */
#define SRV_EVALUATION_MAX 65535
#define SRV_EVALUATIONS_PER_ARTIFACT 100
#define SRV_CERTIFICATE_MAX 2048 /* DER; a handshake message holds no longer one */
#define SRV_SUBJECT_MAX 255
#define SRV_SERIAL_MAX 40               /* hex of 20 bytes, RFC 5280 4.1.2.2 */
#define SRV_CA_KEY_MAX 192              /* DER of a P-384 key takes 167 */
#define SRV_CAS_PER_PROJECT 16u         /* each is parsed in each certificate handshake */
#define SRV_DEVICE_CERTIFICATES_MAX 16u /* remembered for each device */
#define SRV_CSR_MAX 2048                /* DER; a P-384 request takes 400 */
#define SRV_CSRS_PER_DEVICE_HOUR 10u    /* a device renews once in months */
#define SRV_CERTIFICATE_DAYS_DEFAULT 90u
#define SRV_CERTIFICATE_DAYS_MAX 3650u
#define SRV_AUTO_PROVISION_MAX_DEFAULT 1000u /* a stolen CA key does not fill the database */
#define SRV_PROFILE_TEXT_MAX 63
#define SRV_PROFILE_OPS_MAX 4095   /* names; all of TensorFlow Lite's take some 2,300 bytes */
#define SRV_VIRTUAL_DEVICES_MAX 8u /* processes that this server starts */
#define SRV_AUDIT_NAME_MAX 255     /* of the object, as people call it */
#define SRV_AUDIT_VALUES_MAX 8191  /* JSON of a change; longer texts are cut */
#define SRV_LIVE_CLIENTS_MAX 64    /* each costs SRV_LIVE_RING bytes and a socket */
#define SRV_LIVE_RING (64u * 1024)
/* The fleet in memory (core/fleet.h): reading a device takes 2.5 us, counting
 * one for a rollout 0.05 us, and devices wait meanwhile. */
#define SRV_FLEET_READ_NOW 2000u        /* devices that are read while somebody waits */
#define SRV_FLEET_SLICE 400u            /* devices that are read in one turn of the loop */
#define SRV_FLEET_COUNT_NOW 20000u      /* devices that are counted in one turn */
#define SRV_FLEET_UNCOMMITTED_MAX 1024u /* reports of one batch that can be undone one by one */
#define SRV_BULK_MAX 400u /* devices changed by one request: 40 ms, and devices wait */
#define SRV_FLEET_SAMPLE_US (INT64_C(600) * 1000000) /* between two samples of versions */
#define SRV_FLEET_SAMPLE_SOON_US (INT64_C(10) * 1000000)
/* Offers (core/offers.h). */
#define SRV_WIRE_ID_LENGTH 16                  /* hex of GW_OFFER_ID_SIZE */
#define SRV_OFFER_SIZE_MAX (16u * 1024 * 1024) /* of an artifact; larger ones go as they are */
#define SRV_OFFER_BASES_MAX 8u                 /* versions that deltas are made from, newest */
#define SRV_OFFER_PERCENT_MAX 95u              /* of the whole: decoding is not free either */
#define SRV_OFFER_WISHES_MAX 32u               /* asked for by devices, besides rollouts' */
#define SRV_OFFERS_PER_ARTIFACT_MAX 64u        /* rows; the fleet's versions come and go */
/* Spreading a download (srv_policy). */
#define SRV_DOWNLOAD_RATE_DEFAULT 50u /* devices that begin in a second */
#define SRV_SPREAD_DEVICES_MIN 50u    /* fewer may all come at once */
#define SRV_POLICY_SECONDS_MAX (30u * 86400)
#define SRV_SHADOW_WINDOWS_MAX 100000000u
#define SRV_PAGE_SIZE_DEFAULT 100
#define SRV_PAGE_SIZE_MAX 1000
#endif
