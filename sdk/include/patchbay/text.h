/*
 * What a connector in C needs beside JSON (<patchbay/json.h>): texts, headers and times. `static inline`, no allocation.
 * (C++ authors have it in <patchbay/connector.hpp>.)
 */
#ifndef PATCHBAY_TEXT_H
#define PATCHBAY_TEXT_H

#include <patchbay/connector.h>
#include <stdio.h>
#include <string.h>

/* A view of a NUL-terminated text. */
static inline pb_str pb_text(const char* text) {
  pb_str view;
  view.data = text;
  view.size = strlen(text);
  return view;
}

/* The value of the first header of that name, without regard to case; empty when there is none.
 * @param headers  of a pb_request or a pb_response, with its header_count */
static inline pb_str pb_header_value(const pb_header* headers, uint32_t count, const char* name) {
  const size_t size = strlen(name);
  uint32_t i;
  size_t k;
  for (i = 0; i < count; ++i) {
    if (headers[i].name.size != size) continue;
    for (k = 0; k < size; ++k) {
      const char a = headers[i].name.data[k], b = name[k];
      if ((a >= 'A' && a <= 'Z' ? a + 32 : a) != (b >= 'A' && b <= 'Z' ? b + 32 : b)) break;
    }
    if (k == size) return headers[i].value;
  }
  return pb_text("");
}

/* Writes a time as documents have it, "2026-01-05T10:00:00.123Z", with a NUL behind it. A time before 1970 or after the
 * year 9999 is written as the nearest of the two.
 * @param ms    since 1970-01-01T00:00:00Z, as pb_call.now_ms
 * @param size  of `text`, at least 25 */
static inline void pb_rfc3339(int64_t ms, char* text, size_t size) {
  int64_t day, era_day, era, year_of_era, day_of_year, month, year, of_day;
  if (ms < 0) ms = 0;
  if (ms > 253402300799999) ms = 253402300799999;
  of_day = ms % 86400000;
  /* The civil calendar from days, in years that begin on 1 March and eras of 400 of them. */
  day = ms / 86400000 + 719468;
  era = day / 146097;
  era_day = day % 146097;
  year_of_era = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
  day_of_year = era_day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  month = (5 * day_of_year + 2) / 153;
  year = era * 400 + year_of_era + (month >= 10 ? 1 : 0);
  snprintf(text, size, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(year % 10000),
           (unsigned)((month + 2) % 12 + 1) % 13U, (unsigned)(day_of_year - (153 * month + 2) / 5 + 1) % 32U,
           (unsigned)(of_day / 3600000) % 24U, (unsigned)(of_day / 60000 % 60), (unsigned)(of_day / 1000 % 60),
           (unsigned)(of_day % 1000));
}

#endif /* PATCHBAY_TEXT_H */
