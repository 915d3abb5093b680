/* A connector that uses all functions and every member of 1.0; ID is its name. With FROM_TOMORROW it was built with a
 * newer header, and uses what is new there where the host has it. */
#include <patchbay/connector.h>
#include <stdio.h>
#include <string.h>

#define TEXT                                                                                                           \
  "{\"id\": \"" ID                                                                                                     \
  "\", \"name\": \"Frozen\", \"version\": \"1.0.0\", \"platform\": \"frozen\", \"egress\": [\"api.frozen.example\"], " \
  "\"config\": {\"type\": \"object\", \"properties\": {}}, \"capabilities\": {\"phone\": {\"types\": [\"text\"]}}, "   \
  "\"webhooks\": [{\"signatures\": [{\"scheme\": \"none\"}]}]}"

#ifdef __clang__
__attribute__((no_sanitize("address"))) /* else its red zone is in the section too */
#endif
__attribute__((section(".patchbay.manifest"), used, retain)) const char manifest[sizeof(TEXT) - 1] = TEXT;

struct pb_instance {
  const pb_host* host;
};
static pb_instance the_instance;

static pb_str str(const char* text) {
  pb_str s;
  s.data = text;
  s.size = strlen(text);
  return s;
}

#ifdef FROM_TOMORROW
/* The rule for what is new: only when the other side's struct is long enough. */
#define NEW(pointer) \
  ((pointer)->struct_size >= sizeof *(pointer) && (pointer)->from_tomorrow ? (pointer)->from_tomorrow : "nothing new")
#else
#define NEW(pointer) "nothing new"
#endif

static int32_t create(const pb_host* host, pb_str context, const pb_call* call, pb_instance** instance) {
  if (context.size == 0 || call->now_ms == 0) return PB_INVALID_INPUT;
  the_instance.host = host;
  host->log(host, PB_DEBUG, str("created"));
  *instance = &the_instance;
  return PB_OK;
}

static void destroy(pb_instance* instance) {
  (void)instance;
}

/* Tells in one event what it was given. */
static int32_t receive(pb_instance* instance, const pb_call* call, const pb_request* request) {
  char text[600];
  uint64_t blob = 0;
  if (instance != &the_instance || call->blob(call, "bytes", 5, &blob) != PB_OK) return PB_BUG;
  call->diag(call, PB_INFO, str("seen"), str("/body"), str("a webhook"));
  snprintf(
      text, sizeof text,
      "{\"kind\": \"account\", \"text\": \"%.*s %.*s ?%.*s %.*s=%.*s %.*s fields:%llu now:%lld random:%u %s %s\"}",
      (int)request->method.size, request->method.data, (int)request->suffix.size, request->suffix.data,
      (int)request->query.size, request->query.data, (int)(request->header_count ? request->headers[0].name.size : 0),
      request->header_count ? request->headers[0].name.data : "",
      (int)(request->header_count ? request->headers[0].value.size : 0),
      request->header_count ? request->headers[0].value.data : "", (int)request->body.size, request->body.data,
      (unsigned long long)request->field_count, (long long)call->now_ms, call->random[31], NEW(request), NEW(call));
  return call->emit(call, PB_EMIT_EVENT, str(text)) == PB_OK ? PB_OK : PB_BUG;
}

static int32_t perform(pb_instance* instance, const pb_call* call, pb_str operation) {
  if (instance != &the_instance || operation.size == 0) return PB_BUG;
  if (call->emit(call, PB_EMIT_CARRY, str("from perform")) != PB_OK) return PB_BUG;
  return call->emit(call, PB_EMIT_REQUEST,
                    str("{\"method\": \"POST\", \"url\": \"https://api.frozen.example/\", \"repeat\": \"unsafe\", "
                        "\"json\": {}}")) == PB_OK
             ? PB_OK
             : PB_BUG;
}

static int32_t resume(pb_instance* instance, const pb_call* call, pb_str operation, pb_str carry,
                      const pb_response* const* responses, uint64_t response_count) {
  char text[300];
  if (response_count == 0) return perform(instance, call, operation);
  if (carry.size != 12 || memcmp(carry.data, "from perform", 12) != 0) return PB_BUG;
  snprintf(text, sizeof text, "{\"status\": \"sent\", \"ids\": [\"%d %d %u %.*s %s\"]}", (int)responses[0]->status,
           (int)responses[0]->failure, responses[0]->header_count, (int)responses[0]->body.size,
           responses[0]->body.data, NEW(responses[0]));
  return call->emit(call, PB_EMIT_RESULT, str(text)) == PB_OK ? PB_OK : PB_BUG;
}

static int32_t poll(pb_instance* instance, const pb_call* call, pb_str cursor) {
  (void)instance, (void)cursor;
  return call->emit(call, PB_EMIT_NEXT_POLL, str("{\"after_ms\": 5000}")) == PB_OK ? PB_OK : PB_BUG;
}

static const void* extension(pb_str id) {
  (void)id;
  return NULL;
}

static const pb_connector descriptor = {.struct_size = sizeof(pb_connector),
                                        .abi_minor_built = PB_ABI_MINOR,
#ifdef NEEDS_TOMORROW
                                        .abi_minor_needed = PB_ABI_MINOR,
#endif
                                        .manifest = {manifest, sizeof manifest},
                                        .create = create,
                                        .destroy = destroy,
                                        .receive = receive,
                                        .perform = perform,
                                        .resume = resume,
                                        .poll = poll,
                                        .extension = extension,
#ifdef FROM_TOMORROW
                                        .from_tomorrow = "what today's hosts do not know"
#endif
};

PB_EXPORT const pb_connector* patchbay_connector_v1(void) {
  return &descriptor;
}
