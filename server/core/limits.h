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
#define SRV_ERROR_MAX 256       /* one line for a person */
#define SRV_EVENTS_PER_PACKAGE_DEFAULT 200 /* OTA events kept for each device and package */
#define SRV_RELEASE_ARTIFACTS_MAX                                 \
  GW_MANIFEST_COMPONENTS_MAX /* one datagram, see wire/manifest.h \
                              */
#define SRV_ARTIFACT_SIZE_MAX \
  (64u * 1024 * 1024) /* models for microcontrollers; RAM of one upload */
#define SRV_PAGE_SIZE_DEFAULT 100
#define SRV_PAGE_SIZE_MAX 1000
#endif
