/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <string.h>

#include "bignum.h"
#include "godwit/status.h"
#include "wire/utf8.h"

#define MANTISSA_DIGITS_MAX 19
#define EXPONENT_CAP 100000 /* beyond any double, and far from an int's end */

/* Writing --------------------------------------------------------------------- */

struct out {
  char *data;
  size_t size;
  size_t length; /* may pass size: then it did not fit */
};

static void put(struct out *out, char c) {
  if (out->length < out->size) out->data[out->length] = c;
  out->length++;
}

static void put_text(struct out *out, const char *text) {
  while (*text != '\0') put(out, *text++);
}

static void put_times(struct out *out, char c, int count) {
  while (count-- > 0) put(out, c);
}

static void put_uint(struct out *out, uint64_t value) {
  char digits[20];
  int count = 0;
  do {
    digits[count++] = (char)('0' + value % 10);
    value /= 10;
  } while (value != 0);
  while (count > 0) put(out, digits[--count]);
}

static int finish(const struct out *out) {
  return out->length > out->size ? GODWIT_ERR_NO_MEMORY : (int)out->length;
}

int godwit_json_write_bool(char *data, size_t size, bool value) {
  struct out out = {data, size, 0};
  put_text(&out, value ? "true" : "false");
  return finish(&out);
}

int godwit_json_write_int(char *data, size_t size, int64_t value) {
  struct out out = {data, size, 0};
  if (value < 0) put(&out, '-');
  put_uint(&out, value < 0 ? 0u - (uint64_t)value : (uint64_t)value);
  return finish(&out);
}

static void put_digits(struct out *out, const char *digits, int from, int to) {
  for (int i = from; i < to; i++) put(out, digits[i]);
}

/* 0.DIGITS * 10^exponent, in the form that JavaScript chooses, but with a point
 * or an exponent in any case: a double stays one on the way back. */
static void put_decimal(struct out *out, const char *digits, int count, int exponent) {
  if (exponent > 21 || exponent < -5) {
    put(out, digits[0]);
    if (count > 1) put(out, '.');
    put_digits(out, digits, 1, count);
    put(out, 'e');
    if (exponent - 1 < 0) put(out, '-');
    put_uint(out, (uint64_t)(exponent - 1 < 0 ? 1 - exponent : exponent - 1));
  } else if (exponent <= 0) {
    put_text(out, "0.");
    put_times(out, '0', -exponent);
    put_digits(out, digits, 0, count);
  } else if (count <= exponent) {
    put_digits(out, digits, 0, count);
    put_times(out, '0', exponent - count);
    put_text(out, ".0");
  } else {
    put_digits(out, digits, 0, exponent);
    put(out, '.');
    put_digits(out, digits, exponent, count);
  }
}

int godwit_json_write_double(char *data, size_t size, double value) {
  struct out out = {data, size, 0};
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  if ((bits >> 52 & 0x7FF) == 0x7FF) return GODWIT_ERR_ARGUMENT;
  if (bits >> 63 != 0) put(&out, '-');
  bits &= ~((uint64_t)1 << 63);
  if (bits == 0) {
    put_text(&out, "0.0");
    return finish(&out);
  }
  char digits[GODWIT_DIGITS_MAX];
  int exponent;
  memcpy(&value, &bits, sizeof bits);
  int count = godwit_digits_of_double(value, digits, &exponent);
  put_decimal(&out, digits, count, exponent);
  return finish(&out);
}

static void put_escaped(struct out *out, uint8_t c) {
  static const char hex[] = "0123456789abcdef";
  if (c == '"' || c == '\\') {
    put(out, '\\');
    put(out, (char)c);
  } else if (c < 0x20) {
    put_text(out, "\\u00");
    put(out, hex[c >> 4]);
    put(out, hex[c & 15]);
  } else {
    put(out, (char)c);
  }
}

int godwit_json_write_string(char *data, size_t size, const char *value) {
  struct out out = {data, size, 0};
  size_t length = strlen(value);
  if (!gw_utf8_is_valid((const uint8_t *)value, length)) return GODWIT_ERR_ARGUMENT;
  put(&out, '"');
  for (size_t i = 0; i < length; i++) put_escaped(&out, (uint8_t)value[i]);
  put(&out, '"');
  return finish(&out);
}

/* Reading --------------------------------------------------------------------- */

struct in {
  const uint8_t *at, *end;
};

static bool is_space(uint8_t c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

static struct in trim(const uint8_t *text, size_t size) {
  while (size > 0 && is_space(text[0])) text++, size--;
  while (size > 0 && is_space(text[size - 1])) size--;
  return (struct in){text, size > 0 ? text + size : text};
}

static bool equals(const struct in *in, const char *word) {
  size_t size = (size_t)(in->end - in->at);
  return size == strlen(word) && memcmp(in->at, word, size) == 0;
}

/* What is no value of the type: nothing there, or something else? */
static int not_of_type(const struct in *in) {
  return in->at == in->end || equals(in, "null") ? GODWIT_ERR_NOT_FOUND : GODWIT_ERR_FORMAT;
}

int godwit_json_read_bool(const uint8_t *text, size_t size, bool *value) {
  struct in in = trim(text, size);
  *value = equals(&in, "true");
  return *value || equals(&in, "false") ? GODWIT_OK : not_of_type(&in);
}

/* -? (0 | 1-9 digits*) [. digits+] [e [+-] digits+] as mantissa * 10^exponent.
 * Digits beyond the nineteenth only count. */
struct number {
  bool negative, has_point_or_exponent, cut;
  uint64_t mantissa;
  int digits; /* of the mantissa, without zeros in front */
  int exponent;
};

static bool is_digit(const struct in *in) {
  return in->at < in->end && *in->at >= '0' && *in->at <= '9';
}

/* At least one digit; exponent_step is what each digit does to the exponent. */
static bool read_digits(struct in *in, struct number *number, int exponent_step) {
  if (!is_digit(in)) return false;
  for (; is_digit(in); in->at++) {
    uint8_t digit = (uint8_t)(*in->at - '0');
    if (number->digits == MANTISSA_DIGITS_MAX) {
      if (digit != 0) number->cut = true;
      number->exponent += exponent_step + 1;
    } else {
      number->mantissa = number->mantissa * 10 + digit;
      if (number->mantissa != 0) number->digits++;
      number->exponent += exponent_step;
    }
    if (number->exponent > EXPONENT_CAP) return false;
  }
  return true;
}

static bool read_exponent(struct in *in, int *exponent) {
  bool negative = in->at < in->end && *in->at == '-';
  int value = 0;
  if (in->at < in->end && (*in->at == '-' || *in->at == '+')) in->at++;
  if (!is_digit(in)) return false;
  for (; is_digit(in); in->at++) {
    if (value < EXPONENT_CAP) value = value * 10 + (*in->at - '0');
  }
  *exponent += negative ? -value : value;
  return true;
}

static bool read_number(struct in in, struct number *number) {
  *number = (struct number){0};
  number->negative = in.at < in.end && *in.at == '-';
  if (number->negative) in.at++;
  const uint8_t *first = in.at;
  if (!read_digits(&in, number, 0)) return false;
  if (*first == '0' && in.at - first > 1) return false;
  if (in.at < in.end && *in.at == '.') {
    number->has_point_or_exponent = true;
    in.at++;
    if (!read_digits(&in, number, -1)) return false;
  }
  if (in.at < in.end && (*in.at == 'e' || *in.at == 'E')) {
    number->has_point_or_exponent = true;
    in.at++;
    if (!read_exponent(&in, &number->exponent)) return false;
  }
  return in.at == in.end;
}

int godwit_json_read_int(const uint8_t *text, size_t size, int64_t *value) {
  struct in in = trim(text, size);
  struct number number;
  if (!read_number(in, &number)) return not_of_type(&in);
  if (number.has_point_or_exponent || number.cut || number.exponent != 0) return GODWIT_ERR_FORMAT;
  uint64_t limit = (uint64_t)INT64_MAX + (number.negative ? 1 : 0);
  if (number.mantissa > limit) return GODWIT_ERR_FORMAT;
  *value = number.negative ? (int64_t)(0u - number.mantissa) : (int64_t)number.mantissa;
  return GODWIT_OK;
}

int godwit_json_read_double(const uint8_t *text, size_t size, double *value) {
  struct in in = trim(text, size);
  struct number number;
  if (!read_number(in, &number)) return not_of_type(&in);
  if (!godwit_double_of_digits(number.mantissa, number.exponent, value)) return GODWIT_ERR_FORMAT;
  if (number.negative) *value = -*value;
  return GODWIT_OK;
}

static int hex_value(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  uint8_t lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool read_unit(struct in *in, uint32_t *unit) {
  *unit = 0;
  if (in->end - in->at < 4) return false;
  for (int i = 0; i < 4; i++) {
    int digit = hex_value(*in->at++);
    if (digit < 0) return false;
    *unit = *unit << 4 | (uint32_t)digit;
  }
  return true;
}

/* Behind "\u": one unit, or two that make a pair. */
static bool read_code_point(struct in *in, uint32_t *point) {
  uint32_t low;
  if (!read_unit(in, point)) return false;
  if (*point < 0xD800 || *point > 0xDFFF) return *point != 0;
  if (*point > 0xDBFF || in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u')
    return false;
  in->at += 2;
  if (!read_unit(in, &low) || low < 0xDC00 || low > 0xDFFF) return false;
  *point = 0x10000 + ((*point - 0xD800) << 10) + (low - 0xDC00);
  return true;
}

static void put_utf8(struct out *out, uint32_t point) {
  if (point < 0x80) {
    put(out, (char)point);
    return;
  }
  int more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
  uint32_t mark = more == 1 ? 0xC0 : more == 2 ? 0xE0 : 0xF0;
  put(out, (char)(uint8_t)(mark | point >> (6 * more)));
  while (more-- > 0) put(out, (char)(uint8_t)(0x80 | (point >> (6 * more) & 0x3F)));
}

/* Behind the backslash. */
static bool read_escape(struct in *in, struct out *out) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  uint32_t point;
  if (in->at == in->end) return false;
  uint8_t c = *in->at++;
  if (c == 'u') {
    if (!read_code_point(in, &point)) return false;
    put_utf8(out, point);
    return true;
  }
  const char *found = c != 0 ? strchr(from, c) : NULL;
  if (found == NULL) return false;
  put(out, to[found - from]);
  return true;
}

int godwit_json_read_string(const uint8_t *text, size_t size, char *value, size_t value_size) {
  struct in in = trim(text, size);
  if (value_size == 0) return GODWIT_ERR_NO_MEMORY;
  if (in.end - in.at < 2 || in.at[0] != '"' || in.end[-1] != '"') return not_of_type(&in);
  in.at++;
  in.end--;
  if (!gw_utf8_is_valid(in.at, (size_t)(in.end - in.at))) return GODWIT_ERR_FORMAT;
  struct out out = {value, value_size - 1, 0};
  while (in.at < in.end) {
    uint8_t c = *in.at++;
    if (c < 0x20 || c == '"') return GODWIT_ERR_FORMAT;
    if (c != '\\') {
      put(&out, (char)c);
    } else if (!read_escape(&in, &out)) {
      return GODWIT_ERR_FORMAT;
    }
  }
  if (out.length > out.size) return GODWIT_ERR_NO_MEMORY;
  value[out.length] = '\0';
  return GODWIT_OK;
}
