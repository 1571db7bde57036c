/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SERVER_REST_SCHEMA_H
#define SERVER_REST_SCHEMA_H
/* What answers look like, declared in data. GET /v1/openapi.json is made from
 * these tables, and every answer of the tests is held against that document, in
 * which no object may have a member that it does not name: an encoder and its
 * table cannot drift apart.
 *
 * To describe the answer of a new route:
 *
 *   static const struct srv_property thing_members[] = {
 *       {"id", SRV_VALUE_TEXT, 0, NULL, "24 hex digits"},
 *       {"size", SRV_VALUE_INTEGER, 0, NULL, "bytes"},
 *       {"endedAt", SRV_VALUE_TIME, SRV_PROPERTY_NULL, NULL, "null while it runs"},
 *       {"parts", SRV_VALUE_OBJECT, SRV_PROPERTY_LIST, &part_shape, "what it is made of"},
 *       {0}};
 *   const struct srv_shape srv_shape_thing = {"Thing", thing_members, false};
 *
 * beside the encoder, `extern` below, and a row {srv_get_thing, &srv_shape_thing}
 * in the table `answers` of schema.c: it is then what stands in {"data": ...}, or
 * in the {"list": [...]} of a list. A route whose kind is no SRV_KIND_COUNT and
 * which answers rows of it needs no row there; kinds
 * have their shapes in schema.c (srv_shape_of_kind). A test fails while a route
 * that answers JSON has no shape. */
#include <stdbool.h>

#include "server/store/store.h"

enum srv_value_type {
  SRV_VALUE_TEXT,
  SRV_VALUE_TIME,    /* RFC 3339 */
  SRV_VALUE_INTEGER, /* a whole number */
  SRV_VALUE_NUMBER,
  SRV_VALUE_INT64, /* a whole number as a string of digits */
  SRV_VALUE_BOOL,
  SRV_VALUE_OBJECT, /* of the member's shape */
  SRV_VALUE_ANY,    /* any JSON value */
};

enum srv_property_flags {
  SRV_PROPERTY_NULL = 1,     /* may be null */
  SRV_PROPERTY_OPTIONAL = 2, /* may be absent */
  SRV_PROPERTY_LIST = 4,     /* a list of such values */
  SRV_PROPERTY_MAP = 8,      /* an object: any names, such values */
};

struct srv_shape;
struct srv_property {
  const char *name; /* NULL ends a list */
  enum srv_value_type type;
  unsigned flags;
  const struct srv_shape *shape; /* of SRV_VALUE_OBJECT, else NULL */
  /* What it means; with the unit. "one of: a, b, c" at its beginning lists all
   * the texts there can be, up to a ';'. */
  const char *summary;
};

struct srv_shape {
  const char *name;                   /* unique, of its schema in the document; "Thing" */
  const struct srv_property *members; /* NULL: any JSON value */
  bool whole;                         /* it is the answer itself, not what stands in data or list */
};

/* Answers that several routes may give. */
extern const struct srv_shape srv_shape_empty;          /* {} */
extern const struct srv_shape srv_shape_any;            /* {data: any JSON value} */
extern const struct srv_shape srv_shape_virtual_device; /* virtual.c */
extern const struct srv_shape srv_shape_shadow;         /* shadow.c */

struct srv_route;
/* What the route's answer holds. NULL: it answers bytes, or nobody has said. */
const struct srv_shape *srv_shape_of_route(const struct srv_route *route);
/* Of a kind's rows. NULL: they are never shown. */
const struct srv_shape *srv_shape_of_kind(enum srv_kind kind);
#endif
