/* The reading half of <patchbay/json.h>, which says how the two are used. */
#ifndef PATCHBAY_JSON_READ_H
#define PATCHBAY_JSON_READ_H

#include <patchbay/connector.h>
#include <string.h>

#define PB_JSON_MAX_BYTES (32u << 20) /* the most that pb_json_read() takes, as much as a webhook may have */
#define PB_JSON_MAX_DEPTH 64          /* brackets within brackets, reading and writing */

/* Kinds of values. */
#define PB_JSON_ABSENT 0
#define PB_JSON_NULL 1
#define PB_JSON_BOOLEAN 2
#define PB_JSON_NUMBER 3
#define PB_JSON_STRING 4
#define PB_JSON_ARRAY 5
#define PB_JSON_OBJECT 6

typedef struct pb_json {
  pb_str text; /* the value as it stands, without blanks around it; a string with its quotes */
  uint32_t kind;
  uint32_t reserved;
} pb_json;

/* ---- Inside: a cursor over the text ---- */

typedef struct pb_json_cursor_ {
  const unsigned char* at;
  const unsigned char* end;
} pb_json_cursor_;

static inline void pb_json_blanks_(pb_json_cursor_* c) {
  while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r')) ++c->at;
}

/* The value of four hexadecimal digits, or -1. */
static inline int pb_json_hex4_(const unsigned char* digits, const unsigned char* end) {
  int value = 0, i;
  if (end - digits < 4) return -1;
  for (i = 0; i < 4; ++i) {
    const int d = digits[i];
    const int v = d >= '0' && d <= '9'   ? d - '0'
                  : d >= 'a' && d <= 'f' ? d - 'a' + 10
                  : d >= 'A' && d <= 'F' ? d - 'A' + 10
                                         : -1;
    if (v < 0) return -1;
    value = value * 16 + v;
  }
  return value;
}

/* Bytes of the UTF-8 sequence at `s`, 0 when it is none: overlong forms, surrogates and what is over U+10FFFF are none.
 */
static inline unsigned pb_json_utf8_(const unsigned char* s, const unsigned char* end) {
  const unsigned char lead = *s;
  const unsigned n = lead < 0x80                   ? 1
                     : lead >= 0xC2 && lead < 0xE0 ? 2
                     : (lead & 0xF0) == 0xE0       ? 3
                     : lead >= 0xF0 && lead < 0xF5 ? 4
                                                   : 0;
  unsigned i;
  if (n == 0 || (uint64_t)(end - s) < n) return 0;
  for (i = 1; i < n; ++i)
    if ((s[i] & 0xC0) != 0x80) return 0;
  if ((lead == 0xE0 && s[1] < 0xA0) || (lead == 0xED && s[1] >= 0xA0) || (lead == 0xF0 && s[1] < 0x90) ||
      (lead == 0xF4 && s[1] >= 0x90))
    return 0;
  return n;
}

/* One code point of a string's inside; moves over it. -1: not JSON. */
static inline int32_t pb_json_character_(pb_json_cursor_* c) {
  static const char kEscapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
  const unsigned char* s = c->at;
  const char* e;
  unsigned n;
  int high, low;
  if (s >= c->end || *s < 0x20) return -1;
  if (*s != '\\') {
    n = pb_json_utf8_(s, c->end);
    c->at += n;
    if (n == 1) return s[0];
    if (n == 2) return (s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    if (n == 3) return (s[0] & 0x0F) << 12 | (s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    if (n == 4) return (s[0] & 0x07) << 18 | (s[1] & 0x3F) << 12 | (s[2] & 0x3F) << 6 | (s[3] & 0x3F);
    return -1;
  }
  if (c->end - s < 2) return -1;
  if (s[1] != 'u') {
    for (e = kEscapes; *e; e += 2)
      if (s[1] == (unsigned char)e[0]) {
        c->at += 2;
        return e[1];
      }
    return -1;
  }
  high = pb_json_hex4_(s + 2, c->end);
  if (high < 0 || (high >= 0xDC00 && high <= 0xDFFF)) return -1; /* half a pair is no character */
  c->at += 6;
  if (high < 0xD800 || high > 0xDBFF) return high;
  if (c->end - c->at < 2 || c->at[0] != '\\' || c->at[1] != 'u') return -1;
  low = pb_json_hex4_(c->at + 2, c->end);
  if (low < 0xDC00 || low > 0xDFFF) return -1;
  c->at += 6;
  return 0x10000 + (high - 0xD800) * 0x400 + (low - 0xDC00);
}

static inline int pb_json_skip_string_(pb_json_cursor_* c) {
  if (c->at >= c->end || *c->at != '"') return 0;
  ++c->at;
  for (;;) {
    if (c->at >= c->end) return 0;
    if (*c->at == '"') {
      ++c->at;
      return 1;
    }
    if (pb_json_character_(c) < 0) return 0;
  }
}

static inline int pb_json_digits_(pb_json_cursor_* c) {
  const unsigned char* begin = c->at;
  while (c->at < c->end && *c->at >= '0' && *c->at <= '9') ++c->at;
  return c->at > begin;
}

static inline int pb_json_skip_number_(pb_json_cursor_* c) {
  if (c->at < c->end && *c->at == '-') ++c->at;
  if (c->at < c->end && *c->at == '0')
    ++c->at;
  else if (!pb_json_digits_(c))
    return 0;
  if (c->at < c->end && *c->at == '.') {
    ++c->at;
    if (!pb_json_digits_(c)) return 0;
  }
  if (c->at < c->end && (*c->at == 'e' || *c->at == 'E')) {
    ++c->at;
    if (c->at < c->end && (*c->at == '+' || *c->at == '-')) ++c->at;
    if (!pb_json_digits_(c)) return 0;
  }
  return 1;
}

static inline int pb_json_skip_word_(pb_json_cursor_* c, const char* word) {
  const size_t n = strlen(word);
  if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0) return 0;
  c->at += n;
  return 1;
}

/* Moves over a value that is no array and no object; its kind, or PB_JSON_ABSENT when it is not JSON. */
static inline uint32_t pb_json_skip_scalar_(pb_json_cursor_* c) {
  if (c->at >= c->end) return PB_JSON_ABSENT;
  switch (*c->at) {
    case '"':
      return pb_json_skip_string_(c) ? PB_JSON_STRING : PB_JSON_ABSENT;
    case 'n':
      return pb_json_skip_word_(c, "null") ? PB_JSON_NULL : PB_JSON_ABSENT;
    case 't':
      return pb_json_skip_word_(c, "true") ? PB_JSON_BOOLEAN : PB_JSON_ABSENT;
    case 'f':
      return pb_json_skip_word_(c, "false") ? PB_JSON_BOOLEAN : PB_JSON_ABSENT;
    default:
      return pb_json_skip_number_(c) ? PB_JSON_NUMBER : PB_JSON_ABSENT;
  }
}

/* Moves over one value of any kind, without recursion; its kind, or PB_JSON_ABSENT when it is not JSON or too deep. */
static inline uint32_t pb_json_skip_(pb_json_cursor_* c) {
  char open[PB_JSON_MAX_DEPTH];
  unsigned depth = 0;
  uint32_t first = PB_JSON_ABSENT, kind;
  for (;;) {
    /* A value begins here. */
    pb_json_blanks_(c);
    if (c->at >= c->end) return PB_JSON_ABSENT;
    kind = *c->at == '{' ? PB_JSON_OBJECT : *c->at == '[' ? PB_JSON_ARRAY : pb_json_skip_scalar_(c);
    if (kind == PB_JSON_ABSENT) return PB_JSON_ABSENT;
    if (first == PB_JSON_ABSENT) first = kind;
    if (kind >= PB_JSON_ARRAY) {
      if (depth == PB_JSON_MAX_DEPTH) return PB_JSON_ABSENT;
      open[depth++] = kind == PB_JSON_OBJECT ? '}' : ']';
      ++c->at;
      pb_json_blanks_(c);
      if (c->at < c->end && *c->at == (unsigned char)open[depth - 1])
        --depth, ++c->at;
      else if (kind == PB_JSON_ARRAY)
        continue;
      else
        goto name;
    }
    /* A value has ended: what is open goes on with a comma, or ends too. */
    for (;;) {
      if (depth == 0) return first;
      pb_json_blanks_(c);
      if (c->at >= c->end) return PB_JSON_ABSENT;
      if (*c->at == ',') break;
      if (*c->at != (unsigned char)open[depth - 1]) return PB_JSON_ABSENT;
      --depth, ++c->at;
    }
    ++c->at;
    if (open[depth - 1] == ']') continue;
    pb_json_blanks_(c);
  name:
    if (!pb_json_skip_string_(c)) return PB_JSON_ABSENT;
    pb_json_blanks_(c);
    if (c->at >= c->end || *c->at != ':') return PB_JSON_ABSENT;
    ++c->at;
  }
}

static inline pb_json pb_json_view_(const unsigned char* begin, const unsigned char* end, uint32_t kind) {
  pb_json value;
  value.text.data = (const char*)begin;
  value.text.size = (uint64_t)(end - begin);
  value.kind = kind;
  value.reserved = 0;
  return value;
}

static inline pb_json_cursor_ pb_json_inside_(pb_json value) {
  pb_json_cursor_ c;
  c.at = (const unsigned char*)(value.kind == PB_JSON_ABSENT ? "" : value.text.data);
  c.end = c.at + value.text.size;
  return c;
}

/* ---- Reading ---- */

static inline pb_json pb_json_absent(void) {
  return pb_json_view_(NULL, NULL, PB_JSON_ABSENT);
}

/* Is all of `text` one JSON value, in UTF-8, within the limits? Then *value is it, else an absent one.
 * @return 1 or 0 */
static inline int pb_json_read(pb_str text, pb_json* value) {
  pb_json_cursor_ c;
  const unsigned char* begin;
  uint32_t kind;
  *value = pb_json_absent();
  if (text.data == NULL || text.size == 0 || text.size > PB_JSON_MAX_BYTES) return 0;
  c.at = (const unsigned char*)text.data;
  c.end = c.at + text.size;
  if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) c.at += 3; /* a byte order mark */
  pb_json_blanks_(&c);
  begin = c.at;
  kind = pb_json_skip_(&c);
  if (kind == PB_JSON_ABSENT) return 0;
  *value = pb_json_view_(begin, c.at, kind);
  pb_json_blanks_(&c);
  if (c.at == c.end) return 1;
  *value = pb_json_absent();
  return 0;
}

/* Steps through an array, or through the members of an object. */
typedef struct pb_json_items {
  pb_json_cursor_ rest;
  uint32_t kind; /* of what is stepped through; PB_JSON_ABSENT: nothing is left */
} pb_json_items;

static inline pb_json_items pb_json_iterate(pb_json value) {
  pb_json_items items;
  items.rest = pb_json_inside_(value);
  items.kind = value.kind >= PB_JSON_ARRAY ? value.kind : PB_JSON_ABSENT;
  if (items.kind != PB_JSON_ABSENT) ++items.rest.at, --items.rest.end; /* the brackets */
  return items;
}

/* The next item, and of an object its name (a string value) unless `name` is null.
 * @return 0 when there is none */
static inline int pb_json_next(pb_json_items* items, pb_json* item, pb_json* name) {
  pb_json_cursor_* c = &items->rest;
  const unsigned char* begin;
  uint32_t kind;
  *item = pb_json_absent();
  if (name) *name = pb_json_absent();
  if (items->kind == PB_JSON_ABSENT) return 0;
  pb_json_blanks_(c);
  if (c->at < c->end && *c->at == ',') ++c->at, pb_json_blanks_(c);
  if (c->at >= c->end) {
    items->kind = PB_JSON_ABSENT;
    return 0;
  }
  if (items->kind == PB_JSON_OBJECT) {
    begin = c->at;
    pb_json_skip_string_(c);
    if (name) *name = pb_json_view_(begin, c->at, PB_JSON_STRING);
    pb_json_blanks_(c);
    ++c->at; /* the colon */
    pb_json_blanks_(c);
  }
  begin = c->at;
  kind = pb_json_skip_(c);
  *item = pb_json_view_(begin, c->at, kind);
  return 1;
}

/* Is it this text? Compared as read, not as written: "\u0061" is "a". */
static inline int pb_json_is(pb_json value, const char* text) {
  pb_json_cursor_ c = pb_json_inside_(value), expected;
  if (value.kind != PB_JSON_STRING) return 0;
  ++c.at, --c.end;
  expected.at = (const unsigned char*)text;
  expected.end = expected.at + strlen(text);
  while (c.at < c.end) {
    const int32_t is = pb_json_character_(&c);
    int32_t wanted;
    if (expected.at == expected.end) return 0;
    if (*expected.at < 0x20 || *expected.at == '\\')
      wanted = *expected.at++;
    else
      wanted = pb_json_character_(&expected);
    if (is != wanted) return 0;
  }
  return expected.at == expected.end;
}

/* A member of an object; an absent value when it is not there. The last one, when there are several of that name. */
static inline pb_json pb_json_get(pb_json object, const char* name) {
  pb_json found = pb_json_absent(), item, its_name;
  pb_json_items items = pb_json_iterate(object);
  if (object.kind != PB_JSON_OBJECT) return found;
  while (pb_json_next(&items, &item, &its_name))
    if (pb_json_is(its_name, name)) found = item;
  return found;
}

static inline int pb_json_is_true(pb_json value) {
  return value.kind == PB_JSON_BOOLEAN && value.text.size == 4;
}

/* A whole number that fits (1.0 and 1e3 are none).
 * @return 1, or 0 and *number is 0 */
static inline int pb_json_integer(pb_json value, int64_t* number) {
  const int negative = value.kind == PB_JSON_NUMBER && value.text.data[0] == '-';
  uint64_t sum = 0, i;
  *number = 0;
  if (value.kind != PB_JSON_NUMBER) return 0;
  for (i = negative ? 1 : 0; i < value.text.size; ++i) {
    const uint64_t digit = (uint64_t)(unsigned char)value.text.data[i] - '0';
    if (digit > 9 || sum > (UINT64_MAX - digit) / 10) return 0;
    sum = sum * 10 + digit;
  }
  if (sum > (uint64_t)INT64_MAX + (negative ? 1u : 0u)) return 0;
  *number = negative ? (int64_t)(0 - sum) : (int64_t)sum;
  return 1;
}

/* Writes one code point as UTF-8; its bytes. */
static inline unsigned pb_json_encode_(int32_t c, char out[4]) {
  if (c < 0x80) return out[0] = (char)c, 1;
  if (c < 0x800) return out[0] = (char)(0xC0 | c >> 6), out[1] = (char)(0x80 | (c & 0x3F)), 2;
  if (c < 0x10000)
    return out[0] = (char)(0xE0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 0x3F)), out[2] = (char)(0x80 | (c & 0x3F)),
           3;
  out[0] = (char)(0xF0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 0x3F)), out[2] = (char)(0x80 | (c >> 6 & 0x3F));
  return out[3] = (char)(0x80 | (c & 0x3F)), 4;
}

/* Copies the text of a string, with its escapes resolved and a NUL behind it. It may contain NULs itself.
 * @return its bytes without that NUL; -1 (and an empty text) when the value is no string or does not fit into `size` */
static inline int64_t pb_json_copy(pb_json value, char* buffer, uint64_t size) {
  pb_json_cursor_ c = pb_json_inside_(value);
  uint64_t used = 0;
  if (size == 0) return -1;
  buffer[0] = 0;
  if (value.kind != PB_JSON_STRING) return -1;
  ++c.at, --c.end;
  while (c.at < c.end) {
    char bytes[4];
    const unsigned n = pb_json_encode_(pb_json_character_(&c), bytes);
    if (size - used <= n) return buffer[0] = 0, -1;
    memcpy(buffer + used, bytes, n);
    used += n;
  }
  buffer[used] = 0;
  return (int64_t)used;
}

#endif /* PATCHBAY_JSON_READ_H */
