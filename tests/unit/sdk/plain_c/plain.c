/* The smallest connector in C: one event per webhook, one request per operation. */
#include <patchbay/connector.h>
#include <stdlib.h>
#include <string.h>

#include "patchbay_manifest.h"

struct pb_instance {
  uint32_t turns;
};

static pb_str text(const char* s) {
  pb_str str = {s, strlen(s)};
  return str;
}

static int contains(pb_str whole, const char* part) {
  const uint64_t size = strlen(part);
  for (uint64_t at = 0; at + size <= whole.size; ++at)
    if (memcmp(whole.data + at, part, size) == 0) return 1;
  return 0;
}

static int32_t create(const pb_host* host, pb_str context, const pb_call* call, pb_instance** instance) {
  (void)context;
  (void)call;
  *instance = calloc(1, sizeof(struct pb_instance));
  if (*instance == NULL) return PB_TRANSIENT;
  host->log(host, PB_INFO, text("plain C is here"));
  return PB_OK;
}

static void destroy(pb_instance* instance) {
  free(instance);
}

static int32_t receive(pb_instance* instance, const pb_call* call, const pb_request* request) {
  (void)instance;
  if (request->body.size == 0) {
    call->diag(call, PB_ERROR, text("empty"), text(""), text("the body is empty"));
    return PB_INVALID_INPUT;
  }
  return call->emit(
      call, PB_EMIT_EVENT,
      text("{\"kind\":\"message\",\"id\":\"1\",\"timestamp\":\"2026-01-05T10:00:00.000Z\",\"type\":\"text\","
           "\"text\":\"hello\",\"from\":{\"kind\":\"phone\",\"address\":\"+15550100\"}}"));
}

static int32_t perform(pb_instance* instance, const pb_call* call, pb_str operation) {
  (void)instance;
  /* A member of the document: good enough for a test, and no parser is needed. */
  if (!contains(operation, "\"kind\":\"message\"")) return PB_UNSUPPORTED;
  if (call->emit(call, PB_EMIT_CARRY, text("first")) != PB_OK) return PB_BUG;
  return call->emit(
      call, PB_EMIT_REQUEST,
      text("{\"method\":\"POST\",\"url\":\"https://plain.example.test/send\",\"json\":{},\"repeat\":\"unsafe\"}"));
}

static int32_t resume(pb_instance* instance, const pb_call* call, pb_str operation, pb_str carry,
                      const pb_response* const* responses, uint64_t response_count) {
  if (response_count == 0) return perform(instance, call, operation);
  if (carry.size != 5 || memcmp(carry.data, "first", 5) != 0) return PB_BUG;
  if (responses[0]->failure != PB_ANSWERED || responses[0]->status != 200)
    return call->emit(call, PB_EMIT_RESULT,
                      text("{\"status\":\"failed\",\"error\":{\"class\":\"transient\",\"text\":\"try again\"}}"));
  return call->emit(call, PB_EMIT_RESULT, text("{\"status\":\"sent\",\"ids\":[\"p-1\"]}"));
}

static const pb_connector kDescriptor = {
    .struct_size = sizeof(pb_connector),
    .abi_minor_built = PB_ABI_MINOR,
    .manifest = {(const char*)patchbay_manifest, PATCHBAY_MANIFEST_SIZE},
    .create = create,
    .destroy = destroy,
    .receive = receive,
    .perform = perform,
    .resume = resume,
};

const pb_connector* patchbay_connector_v1(void) {
  return &kDescriptor;
}
