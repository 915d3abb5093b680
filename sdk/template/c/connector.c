/* @Name@. Works as it is, with a provider of our imagination: make it yours from the top to the bottom, each change with
 * its transcript. The guide is share/patchbay/README.md of the SDK. */
#include <patchbay/connector.h>
#include <patchbay/json.h>
#include <patchbay/text.h>

#include "patchbay_manifest.h"

struct pb_instance {
  char base_url[512];
};

/* Emits what was written, and frees it. */
static int32_t emit(const pb_call* call, uint32_t kind, pb_json_writer* out) {
  const int32_t status = call->emit(call, kind, pb_json_written(out));
  pb_json_free(out);
  return status == PB_OK ? PB_OK : PB_BUG;
}

/* "timestamp": seconds since 1970, or the time of the turn where the provider gives none. */
static void put_time(pb_json_writer* out, const pb_call* call, pb_json seconds) {
  int64_t ms = 0, s;
  char text[40];
  if (pb_json_integer(seconds, &s) && s >= 0 && s < 253402300800) ms = s * 1000;
  pb_rfc3339(ms > 0 ? ms : call->now_ms, text, sizeof text);
  pb_json_put_text(out, "timestamp", text);
}

/* ---- A channel comes and goes ---- */

static int32_t create(const pb_host* host, pb_str context, const pb_call* call, pb_instance** instance) {
  pb_json document;
  pb_instance* created = calloc(1, sizeof *created);
  (void)host;
  if (created == NULL) return PB_TRANSIENT;
  if (!pb_json_read(context, &document) || pb_json_copy(pb_json_get(pb_json_get(document, "config"), "base_url"),
                                                        created->base_url, sizeof created->base_url) <= 0) {
    call->diag(call, PB_ERROR, pb_text("bad_base_url"), pb_text("/config/base_url"),
               pb_text("base_url must be 1 to 511 bytes"));
    free(created);
    return PB_INVALID_INPUT;
  }
  *instance = created;
  return PB_OK;
}

static void destroy(pb_instance* instance) {
  free(instance);
}

/* ---- In: {"messages": [{"id", "from", "name"?, "text", "sent_at"?}], "statuses": [{"message_id", "status", "at"?}]}
 * ---- */

static int32_t unparsed(const pb_call* call, pb_json item, const char* why) {
  pb_json_writer out = {0};
  pb_str raw = item.text;
  if (raw.size > 65536) raw.size = 65536; /* as much as an event may have */
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "kind", "unparsed");
  pb_json_put_string(&out, "raw", raw);
  pb_json_put_text(&out, "why", why);
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_EVENT, &out);
}

static int is_id(pb_json value) {
  return value.kind == PB_JSON_STRING && value.text.size > 2 && value.text.size < 300;
}

static int32_t message(const pb_call* call, pb_json item) {
  const pb_json id = pb_json_get(item, "id"), from = pb_json_get(item, "from"), text = pb_json_get(item, "text");
  const pb_json name = pb_json_get(item, "name");
  pb_json_writer out = {0};
  if (!is_id(id) || !is_id(from) || text.kind != PB_JSON_STRING)
    return unparsed(call, item, "a message has id, from and text");
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "kind", "message");
  pb_json_put(&out, "id", id);
  pb_json_put_text(&out, "type", "text");
  pb_json_put(&out, "text", text);
  put_time(&out, call, pb_json_get(item, "sent_at"));
  pb_json_put_open(&out, "from", '{');
  pb_json_put_text(&out, "kind", "phone");
  pb_json_put(&out, "address", from);
  if (is_id(name)) pb_json_put(&out, "name", name);
  pb_json_close(&out, '}');
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_EVENT, &out);
}

static int32_t status(const pb_call* call, pb_json item) {
  const pb_json id = pb_json_get(item, "message_id"), word = pb_json_get(item, "status");
  pb_json_writer out = {0};
  if (!is_id(id) || !(pb_json_is(word, "sent") || pb_json_is(word, "delivered") || pb_json_is(word, "read")))
    return unparsed(call, item, "a status has message_id, and is sent, delivered or read");
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "kind", "status");
  pb_json_put(&out, "message_id", id);
  pb_json_put(&out, "status", word);
  put_time(&out, call, pb_json_get(item, "at"));
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_EVENT, &out);
}

static int32_t receive(pb_instance* instance, const pb_call* call, const pb_request* request) {
  pb_json body, item;
  pb_json_items items;
  int32_t result = PB_OK;
  int found = 0;
  (void)instance;
  if (!pb_json_read(request->body, &body)) {
    call->diag(call, PB_ERROR, pb_text("invalid_json"), pb_text(""), pb_text("the body is not JSON"));
    return PB_INVALID_INPUT;
  }
  items = pb_json_iterate(pb_json_get(body, "messages"));
  for (; result == PB_OK && pb_json_next(&items, &item, NULL); found = 1) result = message(call, item);
  items = pb_json_iterate(pb_json_get(body, "statuses"));
  for (; result == PB_OK && pb_json_next(&items, &item, NULL); found = 1) result = status(call, item);
  return result == PB_OK && !found ? PB_IGNORED : result;
}

/* ---- Out ---- */

static int32_t perform(pb_instance* instance, const pb_call* call, pb_str operation) {
  pb_json document, to, text, ref;
  pb_json_writer out = {0};
  char url[sizeof instance->base_url + 16];
  if (!pb_json_read(operation, &document)) return PB_INVALID_INPUT;
  if (!pb_json_is(pb_json_get(document, "kind"), "message") || !pb_json_is(pb_json_get(document, "type"), "text"))
    return PB_UNSUPPORTED;
  to = pb_json_get(pb_json_get(document, "to"), "address");
  text = pb_json_get(document, "text");
  ref = pb_json_get(document, "ref");
  if (to.kind != PB_JSON_STRING || text.kind != PB_JSON_STRING || ref.kind != PB_JSON_STRING) return PB_INVALID_INPUT;
  snprintf(url, sizeof url, "%s/messages", instance->base_url);
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "method", "POST");
  pb_json_put_text(&out, "url", url);
  pb_json_put_text(&out, "repeat", "unsafe"); /* a lost answer may have had its effect */
  pb_json_put_open(&out, "auth", '[');
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "scheme", "bearer");
  pb_json_put_text(&out, "key", "api_key"); /* a key of the config; the host knows its value */
  pb_json_close(&out, '}');
  pb_json_close(&out, ']');
  pb_json_put_open(&out, "json", '{');
  pb_json_put(&out, "to", to);
  pb_json_put(&out, "text", text);
  pb_json_put(&out, "reference", ref);
  pb_json_close(&out, '}');
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_REQUEST, &out);
}

static int32_t failed(const pb_call* call, const char* class_, int32_t http_status, pb_json text, int64_t retry_after) {
  pb_json_writer out = {0};
  char code[16] = "";
  if (http_status > 0) snprintf(code, sizeof code, "%d", (int)http_status);
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "status", "failed");
  pb_json_put_open(&out, "error", '{');
  pb_json_put_text(&out, "class", class_);
  pb_json_put_text(&out, "code", code);
  pb_json_name(&out, "text");
  if (text.kind == PB_JSON_STRING && text.text.size < 2000)
    pb_json_value(&out, text);
  else
    pb_json_text(&out, http_status > 0 ? "the provider gave no reason" : "no whole answer");
  if (retry_after > 0) {
    pb_json_put_number(&out, "retry_after", retry_after);
    pb_json_put_text(&out, "scope", "channel");
  }
  pb_json_close(&out, '}');
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_RESULT, &out);
}

/* Seconds of the header Retry-After; a minute where it does not say. */
static int64_t retry_after(const pb_response* answer) {
  pb_str text = pb_header_value(answer->headers, answer->header_count, "Retry-After");
  pb_json number;
  int64_t seconds;
  return pb_json_read(text, &number) && pb_json_integer(number, &seconds) && seconds > 0 && seconds <= 3600 ? seconds
                                                                                                            : 60;
}

static int32_t resume(pb_instance* instance, const pb_call* call, pb_str operation, pb_str carry,
                      const pb_response* const* responses, uint64_t response_count) {
  const pb_response* answer;
  pb_json body, id, error;
  (void)carry;
  if (response_count == 0) return perform(instance, call, operation); /* the host asks for the step again */
  answer = responses[0];
  pb_json_read(answer->body, &body); /* absent when it is not JSON */
  id = pb_json_get(body, "id");
  error = pb_json_get(body, "error");
  if (answer->failure == PB_NOT_SENT) return failed(call, "transient", 0, error, 0);
  if (answer->failure != PB_ANSWERED) return failed(call, "unknown", 0, error, 0);
  if (answer->status == 401 || answer->status == 403) return failed(call, "auth", answer->status, error, 0);
  if (answer->status == 429) return failed(call, "rate_limited", answer->status, error, retry_after(answer));
  if (answer->status >= 500) return failed(call, "transient", answer->status, error, 0);
  if (answer->status >= 400) return failed(call, "request", answer->status, error, 0);
  if (answer->status >= 200 && answer->status < 300 && is_id(id)) {
    pb_json_writer out = {0};
    pb_json_open(&out, '{');
    pb_json_put_text(&out, "status", "sent");
    pb_json_put_open(&out, "ids", '[');
    pb_json_value(&out, id);
    pb_json_close(&out, ']');
    pb_json_close(&out, '}');
    return emit(call, PB_EMIT_RESULT, &out);
  }
  return failed(call, "unknown", answer->status, error, 0);
}

static const pb_connector descriptor = {.struct_size = sizeof(pb_connector),
                                        .abi_minor_built = PB_ABI_MINOR,
                                        .manifest = {(const char*)patchbay_manifest, PATCHBAY_MANIFEST_SIZE},
                                        .create = create,
                                        .destroy = destroy,
                                        .receive = receive,
                                        .perform = perform,
                                        .resume = resume};

const pb_connector* patchbay_connector_v1(void) {
  return &descriptor;
}
