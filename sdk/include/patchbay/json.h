/*
 * JSON for connectors in C: a reader that copies nothing and a writer that grows. Everything is `static inline`, needs
 * only the C library, and is bounded: a text from outside can make it fail, and nothing else. (C++ authors have
 * <patchbay/json.hpp>.)
 *
 *     pb_json body, item;
 *     pb_json_items items;
 *     if (!pb_json_read(request->body, &body)) return PB_INVALID_INPUT;
 *     items = pb_json_iterate(pb_json_get(body, "messages"));
 *     while (pb_json_next(&items, &item, NULL)) {
 *       pb_json_writer out = {0};
 *       pb_json_open(&out, '{');
 *       pb_json_put_text(&out, "kind", "message");
 *       pb_json_put(&out, "text", pb_json_get(item, "text"));   // as it came
 *       pb_json_close(&out, '}');
 *       status = call->emit(call, PB_EMIT_EVENT, pb_json_written(&out));
 *       pb_json_free(&out);
 *     }
 *
 * READING  A pb_json is a view of one value inside a text that pb_json_read() has accepted as a whole, and is good for
 * as long as that text is. What is not there (a missing member, a member of something that is no object) is an absent
 * value: its `kind` is PB_JSON_ABSENT, and every question about it is answered with "no". So look-ups chain without a
 * check after each. A look-up walks the object: it costs time in proportion to its size. WRITING  A writer never fails
 * in the middle: when memory is out, a value is absent or brackets do not match, it stays failed, and pb_json_written()
 * gives an empty text, which the host refuses as an effect.
 */
#ifndef PATCHBAY_JSON_H
#define PATCHBAY_JSON_H

#include <patchbay/json_read.h>
#include <patchbay/json_write.h>

#endif /* PATCHBAY_JSON_H */
