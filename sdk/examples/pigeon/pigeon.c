/* Pigeon Post, an SMS gateway of our imagination: a connector in plain C. README.md has what goes over the wire. */
#include <patchbay/connector.h>
#include <patchbay/json.h>
#include <patchbay/text.h>

#include "patchbay_manifest.h"

/* One channel: read once, never changed, so turns may run at the same time. */
struct pb_instance {
  char url[512];
  char loft[32];
};

/* Emits what was written, and frees it. A writer that failed gives an empty text, which the host refuses. */
static int32_t emit(const pb_call* call, uint32_t kind, pb_json_writer* out) {
  const int32_t status = call->emit(call, kind, pb_json_written(out));
  pb_json_free(out);
  return status == PB_OK ? PB_OK : PB_BUG;
}

static int32_t refuse(const pb_call* call, const char* code, const char* pointer, const char* text) {
  call->diag(call, PB_ERROR, pb_text(code), pb_text(pointer), pb_text(text));
  return PB_INVALID_INPUT;
}

static int32_t create(const pb_host* host, pb_str context, const pb_call* call, pb_instance** instance) {
  pb_instance* made = calloc(1, sizeof *made);
  pb_json document, config;
  char base[480];
  (void)host;
  if (made == NULL) return PB_TRANSIENT;
  pb_json_read(context, &document);
  config = pb_json_get(document, "config"); /* fits the manifest's schema; defaults are filled in */
  if (pb_json_copy(pb_json_get(config, "base_url"), base, sizeof base) <= 0 ||
      pb_json_copy(pb_json_get(config, "loft"), made->loft, sizeof made->loft) <= 0) {
    free(made);
    return refuse(call, "bad_config", "/config", "base_url has 1 to 479 bytes, loft 1 to 31");
  }
  snprintf(made->url, sizeof made->url, "%s/v1/flights", base);
  *instance = made;
  return PB_OK;
}

static void destroy(pb_instance* instance) {
  free(instance);
}

/* ---- In: one thing per webhook ----
 * A text of 1 to `most` bytes; nothing of it is copied or trusted. */
static int is_text(pb_json value, uint64_t most) {
  return value.kind == PB_JSON_STRING && value.text.size > 2 && value.text.size - 2 <= most;
}

static void put_time(pb_json_writer* out, const pb_call* call, pb_json ms) {
  int64_t time;
  char text[32];
  if (!pb_json_integer(ms, &time) || time <= 0) time = call->now_ms;
  pb_rfc3339(time, text, sizeof text);
  pb_json_put_text(out, "timestamp", text);
}

/* {"arrived": {"ring": id, "from": number, "note": text, "at": ms}} */
static int32_t arrived(const pb_call* call, pb_json pigeon) {
  const pb_json id = pb_json_get(pigeon, "ring"), from = pb_json_get(pigeon, "from"),
                note = pb_json_get(pigeon, "note");
  pb_json_writer out = {0};
  if (!is_text(id, 512) || !is_text(from, 320) || note.kind != PB_JSON_STRING)
    return refuse(call, "bad_pigeon", "/arrived", "an arrived pigeon has ring, from and note");
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "kind", "message");
  pb_json_put(&out, "id", id);
  pb_json_put_text(&out, "type", "text");
  pb_json_put(&out, "text", note); /* as it came, escapes and all */
  put_time(&out, call, pb_json_get(pigeon, "at"));
  pb_json_put_open(&out, "from", '{');
  pb_json_put_text(&out, "kind", "phone");
  pb_json_put(&out, "address", from);
  pb_json_close(&out, '}');
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_EVENT, &out);
}

/* {"landed": {"ring": id, "at": ms}}, {"lost": {"ring": id, "at": ms, "why": text}} */
static int32_t ended(const pb_call* call, pb_json pigeon, const char* status) {
  const pb_json id = pb_json_get(pigeon, "ring"), why = pb_json_get(pigeon, "why");
  pb_json_writer out = {0};
  if (!is_text(id, 512)) return refuse(call, "bad_pigeon", "", "a pigeon has a ring");
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "kind", "status");
  pb_json_put(&out, "message_id", id);
  pb_json_put_text(&out, "status", status);
  put_time(&out, call, pb_json_get(pigeon, "at"));
  if (strcmp(status, "failed") == 0) {
    pb_json_put_open(&out, "error", '{');
    pb_json_put_text(&out, "class", "recipient");
    if (is_text(why, 2000)) pb_json_put(&out, "text", why);
    pb_json_close(&out, '}');
  }
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_EVENT, &out);
}

static int32_t receive(pb_instance* instance, const pb_call* call, const pb_request* request) {
  pb_json body, pigeon;
  (void)instance;
  if (!pb_json_read(request->body, &body)) return refuse(call, "invalid_json", "", "the body is not JSON");
  if ((pigeon = pb_json_get(body, "arrived")).kind != PB_JSON_ABSENT) return arrived(call, pigeon);
  if ((pigeon = pb_json_get(body, "landed")).kind != PB_JSON_ABSENT) return ended(call, pigeon, "delivered");
  if ((pigeon = pb_json_get(body, "lost")).kind != PB_JSON_ABSENT) return ended(call, pigeon, "failed");
  return PB_IGNORED; /* Pigeon tells of weather, too */
}

/* ---- Out: POST /v1/flights with a form, answered with {"ring": id} or {"why": text} ---- */
static void put_field(pb_json_writer* out, const char* name, pb_json value) {
  pb_json_open(out, '['), pb_json_text(out, name), pb_json_value(out, value), pb_json_close(out, ']');
}

static int32_t perform(pb_instance* instance, const pb_call* call, pb_str operation) {
  pb_json document, to, text;
  pb_json_writer out = {0};
  pb_json_read(operation, &document);
  if (!pb_json_is(pb_json_get(document, "kind"), "message") || !pb_json_is(pb_json_get(document, "type"), "text"))
    return PB_UNSUPPORTED;
  to = pb_json_get(pb_json_get(document, "to"), "address");
  text = pb_json_get(document, "text");
  if (!is_text(to, 320) || text.kind != PB_JSON_STRING)
    return refuse(call, "bad_message", "", "it has no to or no text");
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "method", "POST");
  pb_json_put_text(&out, "url", instance->url);
  pb_json_put_text(&out, "repeat", "unsafe"); /* when the answer is lost, the pigeon may be on its way */
  pb_json_put_open(&out, "auth", '[');
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "scheme", "header"), pb_json_put_text(&out, "name", "X-Loft-Key");
  pb_json_put_text(&out, "key", "loft_key"); /* the host puts the value there; it is never ours */
  pb_json_close(&out, '}');
  pb_json_close(&out, ']');
  pb_json_put_open(&out, "form", '[');
  pb_json_open(&out, '['), pb_json_text(&out, "from"), pb_json_text(&out, instance->loft), pb_json_close(&out, ']');
  put_field(&out, "to", to);
  put_field(&out, "note", text);
  pb_json_close(&out, ']');
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_REQUEST, &out);
}

static int32_t failed(const pb_call* call, const char* error_class, pb_json why) {
  pb_json_writer out = {0};
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "status", "failed");
  pb_json_put_open(&out, "error", '{');
  pb_json_put_text(&out, "class", error_class);
  if (strcmp(error_class, "rate_limited") == 0)
    pb_json_put_number(&out, "retry_after", 60), pb_json_put_text(&out, "scope", "account");
  pb_json_name(&out, "text");
  is_text(why, 2000) ? pb_json_value(&out, why) : pb_json_text(&out, "Pigeon gave no reason");
  pb_json_close(&out, '}');
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_RESULT, &out);
}

static int32_t resume(pb_instance* instance, const pb_call* call, pb_str operation, pb_str carry,
                      const pb_response* const* responses, uint64_t count) {
  pb_json_writer out = {0};
  pb_json body, ring, why;
  int32_t status;
  (void)carry;
  if (count == 0) return perform(instance, call, operation); /* the host asks for the step again */
  status = responses[0]->status;
  pb_json_read(responses[0]->body, &body); /* absent when it is not JSON, and so are its members */
  ring = pb_json_get(body, "ring"), why = pb_json_get(body, "why");
  if (responses[0]->failure == PB_NOT_SENT || status == 503) return failed(call, "transient", why);
  if (responses[0]->failure != PB_ANSWERED) return failed(call, "unknown", why);
  if (status == 401 || status == 403) return failed(call, "auth", why);
  if (status == 404) return failed(call, "recipient", why);
  if (status == 429) return failed(call, "rate_limited", why);
  if (status >= 400 && status < 500) return failed(call, "request", why);
  if (status != 200 || !is_text(ring, 512)) return failed(call, "unknown", why);
  pb_json_open(&out, '{');
  pb_json_put_text(&out, "status", "sent");
  pb_json_put_open(&out, "ids", '[');
  pb_json_value(&out, ring);
  pb_json_close(&out, ']');
  pb_json_close(&out, '}');
  return emit(call, PB_EMIT_RESULT, &out);
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
