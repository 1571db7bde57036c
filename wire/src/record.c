/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/record.h"

size_t gw_record_whole(const uint8_t *datagram, size_t size, size_t cid_size) {
  size_t end = 0;
  while (size - end >= GW_RECORD_HEADER_SIZE) {
    size_t header = GW_RECORD_HEADER_SIZE + (datagram[end] == GW_RECORD_TLS12_CID ? cid_size : 0);
    if (size - end < header) break;
    const uint8_t *length = datagram + end + header - 2;
    size_t record = header + ((size_t)length[0] << 8 | length[1]);
    if (size - end < record) break;
    end += record;
  }
  return end;
}
