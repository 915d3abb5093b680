/* The writing half of <patchbay/json.h>, which says how the two are used. */
#ifndef PATCHBAY_JSON_WRITE_H
#define PATCHBAY_JSON_WRITE_H

#include <patchbay/json_read.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Begin with {0}; give it to pb_json_free() in the end. Commas are put where they belong. */
typedef struct pb_json_writer {
  char* data;
  uint64_t size;
  uint64_t capacity;
  uint32_t depth;
  uint32_t failed;
  char open[PB_JSON_MAX_DEPTH];
} pb_json_writer;

static inline void pb_json_raw_(pb_json_writer* w, const char* bytes, uint64_t size) {
  if (w->failed || size > PB_JSON_MAX_BYTES || w->size > PB_JSON_MAX_BYTES - size) {
    w->failed = 1;
    return;
  }
  if (w->capacity - w->size < size) {
    const uint64_t capacity = (w->size + size) * 2 + 64;
    char* grown = (char*)realloc(w->data, capacity);
    if (grown == NULL) {
      w->failed = 1;
      return;
    }
    w->data = grown;
    w->capacity = capacity;
  }
  if (size > 0) memcpy(w->data + w->size, bytes, size);
  w->size += size;
}

/* Before a value or a name: the comma. Members of an object need a name first, and a text is one value. */
static inline void pb_json_before_(pb_json_writer* w, int is_name) {
  const char last = w->size > 0 ? w->data[w->size - 1] : 0;
  const int in_object = w->depth > 0 && w->open[w->depth - 1] == '}';
  const int named = last == ':';
  if (w->failed) return;
  if (is_name ? !in_object || named : (in_object && !named) || (w->depth == 0 && w->size > 0)) {
    w->failed = 1;
    return;
  }
  if (w->size > 0 && !named && last != '{' && last != '[') pb_json_raw_(w, ",", 1);
}

static inline void pb_json_quoted_(pb_json_writer* w, pb_str text) {
  pb_json_cursor_ c;
  const unsigned char* plain;
  c.at = (const unsigned char*)(text.data ? text.data : "");
  c.end = c.at + (text.data ? text.size : 0);
  pb_json_raw_(w, "\"", 1);
  for (plain = c.at; c.at < c.end && !w->failed;) {
    const unsigned n = pb_json_utf8_(c.at, c.end);
    if (n > 0 && *c.at >= 0x20 && *c.at != '"' && *c.at != '\\') {
      c.at += n;
      continue;
    }
    pb_json_raw_(w, (const char*)plain, (uint64_t)(c.at - plain));
    if (n == 0) {
      pb_json_raw_(w, "\xEF\xBF\xBD", 3); /* not UTF-8: U+FFFD */
    } else {
      char escape[8];
      const int size = snprintf(escape, sizeof escape, *c.at < 0x20 ? "\\u%04x" : "\\%c", *c.at);
      pb_json_raw_(w, escape, (uint64_t)size);
    }
    plain = ++c.at;
  }
  pb_json_raw_(w, (const char*)plain, (uint64_t)(c.at - plain));
  pb_json_raw_(w, "\"", 1);
}

/* '{' or '[' */
static inline void pb_json_open(pb_json_writer* w, char bracket) {
  pb_json_before_(w, 0);
  if (w->depth == PB_JSON_MAX_DEPTH || (bracket != '{' && bracket != '[')) w->failed = 1;
  if (w->failed) return;
  w->open[w->depth++] = bracket == '{' ? '}' : ']';
  pb_json_raw_(w, &bracket, 1);
}

/* '}' or ']', the one that belongs to what is open. */
static inline void pb_json_close(pb_json_writer* w, char bracket) {
  if (w->depth == 0 || w->open[w->depth - 1] != bracket || (w->size > 0 && w->data[w->size - 1] == ':')) w->failed = 1;
  if (w->failed) return;
  --w->depth;
  pb_json_raw_(w, &bracket, 1);
}

/* The name of the member that follows. */
static inline void pb_json_name(pb_json_writer* w, const char* name) {
  pb_str text;
  text.data = name;
  text.size = strlen(name);
  pb_json_before_(w, 1);
  pb_json_quoted_(w, text);
  pb_json_raw_(w, ":", 1);
}

/* A string of any bytes; those that are not UTF-8 become U+FFFD. */
static inline void pb_json_string(pb_json_writer* w, pb_str text) {
  pb_json_before_(w, 0);
  pb_json_quoted_(w, text);
}

static inline void pb_json_text(pb_json_writer* w, const char* text) {
  pb_str str;
  str.data = text;
  str.size = strlen(text);
  pb_json_string(w, str);
}

static inline void pb_json_number(pb_json_writer* w, int64_t number) {
  char text[24];
  const int size = snprintf(text, sizeof text, "%lld", (long long)number);
  pb_json_before_(w, 0);
  pb_json_raw_(w, text, (uint64_t)size);
}

static inline void pb_json_boolean(pb_json_writer* w, int yes) {
  pb_json_before_(w, 0);
  pb_json_raw_(w, yes ? "true" : "false", yes ? 4 : 5);
}

/* A value that was read, as it stands. Fails on an absent one. */
static inline void pb_json_value(pb_json_writer* w, pb_json value) {
  pb_json_before_(w, 0);
  if (value.kind == PB_JSON_ABSENT) w->failed = 1;
  pb_json_raw_(w, value.text.data, value.text.size);
}

/* ---- Members of an object: name and value in one ---- */

static inline void pb_json_put(pb_json_writer* w, const char* name, pb_json value) {
  pb_json_name(w, name);
  pb_json_value(w, value);
}

static inline void pb_json_put_text(pb_json_writer* w, const char* name, const char* text) {
  pb_json_name(w, name);
  pb_json_text(w, text);
}

static inline void pb_json_put_string(pb_json_writer* w, const char* name, pb_str text) {
  pb_json_name(w, name);
  pb_json_string(w, text);
}

static inline void pb_json_put_number(pb_json_writer* w, const char* name, int64_t number) {
  pb_json_name(w, name);
  pb_json_number(w, number);
}

static inline void pb_json_put_open(pb_json_writer* w, const char* name, char bracket) {
  pb_json_name(w, name);
  pb_json_open(w, bracket);
}

/* What was written; empty when the writer has failed or brackets are open. Good until the writer is used again. */
static inline pb_str pb_json_written(const pb_json_writer* w) {
  pb_str text;
  text.data = w->failed || w->depth > 0 ? NULL : w->data;
  text.size = text.data ? w->size : 0;
  return text;
}

static inline void pb_json_free(pb_json_writer* w) {
  free(w->data);
  memset(w, 0, sizeof *w);
}

#endif /* PATCHBAY_JSON_WRITE_H */
