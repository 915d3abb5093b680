/*
 * Patchbay connector ABI, version 1.0. This header is all of it.
 *
 * A connector joins Patchbay to one provider (WhatsApp, Twilio, ...). It is a shared library that exports ONE function,
 * patchbay_connector_v1(), and it does one kind of thing: it computes. Each call is a turn, a function
 *
 *     (configuration, one stimulus, the clock)  ->  a list of effects
 *
 * A turn opens no socket or file, starts no thread, reads no clock and keeps nothing for the next turn. What should
 * happen in the world is emitted as an effect ("this event came in", "make this HTTP request"), and the host does it:
 * durably, with the secrets, the deadlines and the retries. So a turn can be recorded, replayed, fuzzed and tested
 * without a network, all with the same library.
 *
 * C++ authors include <patchbay/connector.hpp>, which wraps this in one class and one macro line.
 *
 * RULES, once for everything below
 *   Strings    pointer + length, UTF-8, not NUL-terminated. An empty one may have a null pointer.
 *   JSON       the documents in events, operations, requests and results are described by sdk/schema/.
 *   Ownership  what you are given is yours to read until the call returns; what you pass to a callback is copied before
 *              the callback returns. Nobody ever frees the other side's memory.
 *   Threads    tags on each function: [instance] is never entered twice at once for one instance, unless the manifest
 *              says "reentrant"; different instances run in parallel. [main] is called by one thread at a time, also while
 *              other instances run turns. [turn] may be
 *              called only by the thread that runs the turn, before the turn returns.
 *   Errors     every function returns a PB_ status. Nothing is thrown across this boundary. Effects of a turn that does
 *              not return PB_OK or PB_IGNORED are discarded as a whole.
 *   Layout     LP64, little or big endian; fixed-width integers; no bool, enum, bitfield or padding. The static asserts
 *              at the end are the contract.
 *   Limits     of one turn: 5,000 events, 64 requests, 100 throttles, 1,000 blobs of 64 MiB together, 32 MiB of
 *              effects; one reply, carry (64 KiB), result, cursor (64 KiB) and next_poll (up to 7 days; the host keeps
 *              it between 20 ms and one day); 100 diagnostics (further ones are dropped). An effect over a limit is
 *              refused, and with it the turn. An operation has at most 200 steps.
 *   1.0 hosts  carry out all that is described here. Polling: one poll at a time per channel, across all hosts that share
 *              a database, and at most 5,000 events in all steps of one poll. What a host cannot do it refuses.
 *   Growth     a struct only grows at its end, with the minor version. Each side sets struct_size to the size that it
 *              was compiled with, a multiple of 8; the reader takes the smaller of the two sizes and treats the rest as
 *              zero. Symbols, sizes and meanings of 1.0 stay for as long as patchbay_connector_v1 exists.
 */
#ifndef PATCHBAY_CONNECTOR_H
#define PATCHBAY_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PB_ABI_MAJOR 1 /* part of the entry symbol's name: another major is another symbol */
#define PB_ABI_MINOR 0 /* minor version that this header describes */

/* ---- Status: what a turn says of itself. The connector classifies, the host alone decides about retries. ---- */

#define PB_OK 0            /* done; the effects count */
#define PB_IGNORED 1       /* understood and nothing to do (an event kind we do not map); the effects count */
#define PB_INVALID_INPUT 2 /* the stimulus breaks the provider's own format */
#define PB_AUTH 3          /* the provider refuses our credentials: the channel needs its admin */
#define PB_RATE_LIMITED                                                                                               \
  4                    /* too fast. An operation rather ends with a result of class rate_limited, which says for whom \
                          and how long; effects of a turn with this status are discarded, PB_EMIT_THROTTLE too */
#define PB_TRANSIENT 5 /* the same again may succeed later */
#define PB_REJECTED 6  /* the same again will never succeed */
#define PB_UNSUPPORTED 7 /* this connector, or this provider, cannot do that */
#define PB_BUG 8         /* the connector itself failed (an exception, an impossible state) */

/* ---- Effects: what a turn asks for. `json` of pb_emit_fn, by kind. ---- */

#define PB_EMIT_EVENT 1 /* something happened at the provider: event.schema.json */
#define PB_EMIT_REPLY 2 /* answer to the webhook itself: {"status", "content_type", "body"}; receive only */
#define PB_EMIT_REQUEST                                                                             \
  3 /* make this HTTP request: request.schema.json. All requests of one turn are one step: they run \
       in parallel and resume() gets all answers. At most one of them may be "repeat":"unsafe" */
#define PB_EMIT_CARRY 4  /* bytes (not JSON to the host), at most 64 KiB, kept durably and given to the next resume() \
                          */
#define PB_EMIT_RESULT 5 /* the operation has ended: result.schema.json. Without one and without requests: a bug */
#define PB_EMIT_CURSOR 6 /* poll only: {"cursor": "text"}, stored in the transaction that stores the events */
#define PB_EMIT_NEXT_POLL 7 /* poll only: {"after_ms": n} */
#define PB_EMIT_THROTTLE 8  /* {"scope": "recipient" | "channel" | "account", "until": RFC 3339 time} */

/* ---- Severity, for diag() and log() ---- */

#define PB_DEBUG 0
#define PB_INFO 1
#define PB_WARNING 2
#define PB_ERROR 3

/* ---- Why pb_response has no answer ---- */

#define PB_ANSWERED 0  /* status, headers and body hold the provider's answer */
#define PB_NOT_SENT 1  /* no byte of the request left: name not found, refused, TLS failed, egress forbidden */
#define PB_NO_ANSWER 2 /* sent, and no whole answer came: deadline, connection lost */
#define PB_TOO_LARGE \
  3 /* an answer came, with more than max_response; its status and headers are there, body is empty */

/* ---- Values. These three never grow. ---- */

typedef struct pb_str {
  const char* data;
  uint64_t size; /* bytes */
} pb_str;

typedef struct pb_header {
  pb_str name; /* as received; compare without regard to case */
  pb_str value;
} pb_header;

/* One field of an urlencoded or multipart body, for webhooks whose manifest says "decode": "form". Fields are in the
 * order of the body, a name as often as it is there. Texts are the bytes that were sent, not trimmed, and UTF-8 only if
 * the sender wrote UTF-8. A part of a multipart body is a file when its header has a filename, be it empty. At most 2,000
 * fields, 500 of them files, names of 1,024 bytes; a form over that, or broken, never reaches the connector. */
typedef struct pb_field {
  pb_str name;
  pb_str value;        /* text of the field; empty for a file */
  pb_str filename;     /* empty unless a file; as the sender wrote it, perhaps with a path */
  pb_str content_type; /* empty unless given */
  uint64_t blob;       /* id of the file's bytes in the host, 0 unless a file: for effects of this turn to name */
} pb_field;

typedef struct pb_instance pb_instance; /* the connector's own; the host only hands the pointer back */

/* ---- A webhook, as it came in. Its signature has been verified over exactly these bytes. ---- */

typedef struct pb_request {
  uint32_t struct_size;
  uint32_t header_count;
  pb_str method; /* upper case */
  pb_str suffix; /* path after /webhooks/{tenant}/{channel}, without the leading slash; percent-encoded */
  pb_str query;  /* raw, without '?' */
  const pb_header* headers;
  pb_str body; /* empty when the body was a form and has been decoded */
  const pb_field* fields;
  uint64_t field_count;
} pb_request;

/* ---- The answer to one PB_EMIT_REQUEST ---- */

typedef struct pb_response {
  uint32_t struct_size;
  uint32_t header_count;
  int32_t status;  /* HTTP status; 0 with PB_NOT_SENT and PB_NO_ANSWER, which have no headers either */
  int32_t failure; /* PB_ANSWERED, PB_NOT_SENT, ... */
  const pb_header* headers;
  pb_str body;   /* empty when the request said "into": "blob" */
  uint64_t blob; /* id of the body's bytes in the host, 0 unless so asked */
  pb_str error;  /* what went wrong, for people; empty with PB_ANSWERED */
} pb_response;

/* ---- One turn: the clock, the luck, and the way out ---- */

typedef struct pb_call pb_call;

/* [turn] One effect. PB_OK, or PB_INVALID_INPUT when the host refuses it (not JSON, against the schema, not legal in
 * this turn, over a limit); the reason is then in the host's log, and the turn should end with PB_BUG. */
typedef int32_t (*pb_emit_fn)(const pb_call* call, uint32_t kind, pb_str json);

/* [turn] Hands bytes to the host and stores their id, which the effects of this turn may name as {"$blob": id}, and
 * media of events as "blob". PB_OK; PB_REJECTED over a limit; PB_INVALID_INPUT in create, which has no effects. */
typedef int32_t (*pb_blob_fn)(const pb_call* call, const void* bytes, uint64_t size, uint64_t* id);

/* [turn] Says what is wrong, and where in the stimulus (a JSON pointer, or empty). `code` is stable and snake_case.
 * Goes to the host's log (of operations: warnings and errors). The last warning or error of a turn that fails is also
 * the reason that is kept with the message. From create(), a pointer /config/KEY names the setting to the admin.
 * Always PB_OK. */
typedef int32_t (*pb_diag_fn)(const pb_call* call, uint32_t severity, pb_str code, pb_str pointer, pb_str text);

struct pb_call {
  uint32_t struct_size;
  uint32_t attempt;    /* 1 for the first try of an operation; 0 where there are no tries */
  int64_t now_ms;      /* the time, in milliseconds since 1970-01-01T00:00:00Z. There is no other clock. */
  int64_t deadline_ms; /* the turn should have returned by then, same scale */
  pb_str trace_id;     /* for diagnostics; opaque */
  uint8_t random[32];  /* the same in a replay of this turn */
  void* host_data;     /* the host's own */
  pb_emit_fn emit;
  pb_blob_fn blob;
  pb_diag_fn diag;
};

/* ---- What the host offers outside of turns: a log, and nothing else ---- */

typedef struct pb_host {
  uint32_t struct_size;
  uint32_t abi_minor; /* of the host */
  void* host_data;
  /* [any thread] */
  void (*log)(const struct pb_host* host, uint32_t severity, pb_str text);
} pb_host;

/* ---- The connector. A null function means "not supported". ---- */

typedef struct pb_connector {
  uint32_t struct_size;
  uint32_t abi_minor_built;  /* PB_ABI_MINOR of the header it was compiled with */
  uint32_t abi_minor_needed; /* the oldest host minor it runs on; 0 unless it uses something newer */
  uint32_t reserved;         /* 0, else the connector is not loaded */
  pb_str manifest;           /* the same bytes as in the ELF section .patchbay.manifest: manifest.schema.json */

  /* [main] A channel of the admin's configuration comes to life. `context` is {"config": {...}, "tenant": slug,
   * "channel": name, "webhook_url": url}; the configuration fits the manifest's schema, and secrets in it are markers.
   * On PB_OK *instance is set; otherwise diag() says why, and the channel stays off. `host` lives longer than the
   * instance. */
  int32_t (*create)(const pb_host* host, pb_str context, const pb_call* call, pb_instance** instance);

  /* [any thread] Once, when no turn of this instance is running or will be; other instances may be running theirs. */
  void (*destroy)(pb_instance* instance);

  /* [instance] A webhook came in: emit its events, in its order. One item that cannot be understood becomes an event of
   * kind "unparsed"; only a body of which nothing can be read is PB_INVALID_INPUT. Requests are stored with the events
   * and made afterwards; a webhook that is delivered twice makes them twice. Then resume() is called, whose operation is
   * {"kind":"receive","id":...}; it goes on or ends with a result, as for any operation. */
  int32_t (*receive)(pb_instance* instance, const pb_call* call, const pb_request* request);

  /* [instance] Something to do: operation.schema.json, by "kind". Emits requests (and perhaps carry), or a result;
   * neither is a bug, and so are requests of a connector without resume(), whose answers nobody would read. An unknown
   * kind is PB_UNSUPPORTED. May be called again for the same operation, with the same "ref". */
  int32_t (*perform)(pb_instance* instance, const pb_call* call, pb_str operation);

  /* [instance] All requests of the last step have ended. `responses` are in the order in which they were emitted;
   * `carry` is what the step emitted, or empty. Emits the next step, or a result. With response_count 0: make the step
   * that emitted this carry again. The host asks so after a crash (an unsafe step only if no byte of it had left), after
   * results that are made again (transient, rate_limited, auth, account), and when the channel's policy or a person sends
   * an unknown one again. What earlier steps achieved stands in the carry and is not repeated. A step that leaves no carry can only be made again from the start, by perform(): after an unsafe
   * request of the operation has been answered, a step without a carry is PB_BUG. Not called after an unsafe request
   * with PB_NO_ANSWER or PB_TOO_LARGE: it may have had its effect, so the operation ends as "unknown". */
  int32_t (*resume)(pb_instance* instance, const pb_call* call, pb_str operation, pb_str carry,
                    const pb_response* const* responses, uint64_t response_count);

  /* [instance] At the manifest's interval: emits requests; resume() (operation {"kind":"poll","cursor":...}) then ends the
   * poll: with events and a cursor, with a failed result (it is made again from the same cursor), or with nothing new. */
  int32_t (*poll)(pb_instance* instance, const pb_call* call, pb_str cursor);

  /* [any thread] What comes after 1.0: a pointer to a static struct that `id` names, or null. Hosts of
   * 1.0 never call it. */
  const void* (*extension)(pb_str id);
} pb_connector;

/* The one exported symbol. [main] Returns a pointer to a static descriptor, always the same. */
#if defined(__GNUC__)
#define PB_EXPORT __attribute__((visibility("default")))
#else
#define PB_EXPORT
#endif
PB_EXPORT const pb_connector* patchbay_connector_v1(void);

/* ---- The layout, held in place ---- */

#ifdef __cplusplus
#define PB_ASSERT(condition) static_assert(condition, #condition)
#else
#define PB_ASSERT(condition) _Static_assert(condition, #condition)
#endif
#define PB_LAYOUT(type, member, offset) PB_ASSERT(offsetof(type, member) == (offset))

PB_ASSERT(sizeof(void*) == 8 && sizeof(pb_str) == 16 && sizeof(pb_header) == 32 && sizeof(pb_field) == 72);
PB_LAYOUT(pb_str, size, 8);
PB_LAYOUT(pb_header, value, 16);
PB_LAYOUT(pb_field, value, 16);
PB_LAYOUT(pb_field, filename, 32);
PB_LAYOUT(pb_field, content_type, 48);
PB_LAYOUT(pb_field, blob, 64);

PB_ASSERT(sizeof(pb_request) == 96);
PB_LAYOUT(pb_request, header_count, 4);
PB_LAYOUT(pb_request, method, 8);
PB_LAYOUT(pb_request, suffix, 24);
PB_LAYOUT(pb_request, query, 40);
PB_LAYOUT(pb_request, headers, 56);
PB_LAYOUT(pb_request, body, 64);
PB_LAYOUT(pb_request, fields, 80);
PB_LAYOUT(pb_request, field_count, 88);

PB_ASSERT(sizeof(pb_response) == 64);
PB_LAYOUT(pb_response, header_count, 4);
PB_LAYOUT(pb_response, status, 8);
PB_LAYOUT(pb_response, failure, 12);
PB_LAYOUT(pb_response, headers, 16);
PB_LAYOUT(pb_response, body, 24);
PB_LAYOUT(pb_response, blob, 40);
PB_LAYOUT(pb_response, error, 48);

PB_ASSERT(sizeof(pb_call) == 104);
PB_LAYOUT(pb_call, attempt, 4);
PB_LAYOUT(pb_call, now_ms, 8);
PB_LAYOUT(pb_call, deadline_ms, 16);
PB_LAYOUT(pb_call, trace_id, 24);
PB_LAYOUT(pb_call, random, 40);
PB_LAYOUT(pb_call, host_data, 72);
PB_LAYOUT(pb_call, emit, 80);
PB_LAYOUT(pb_call, blob, 88);
PB_LAYOUT(pb_call, diag, 96);

PB_ASSERT(sizeof(pb_host) == 24);
PB_LAYOUT(pb_host, abi_minor, 4);
PB_LAYOUT(pb_host, host_data, 8);
PB_LAYOUT(pb_host, log, 16);

PB_ASSERT(sizeof(pb_connector) == 88);
PB_LAYOUT(pb_connector, abi_minor_built, 4);
PB_LAYOUT(pb_connector, abi_minor_needed, 8);
PB_LAYOUT(pb_connector, reserved, 12);
PB_LAYOUT(pb_connector, manifest, 16);
PB_LAYOUT(pb_connector, create, 32);
PB_LAYOUT(pb_connector, destroy, 40);
PB_LAYOUT(pb_connector, receive, 48);
PB_LAYOUT(pb_connector, perform, 56);
PB_LAYOUT(pb_connector, resume, 64);
PB_LAYOUT(pb_connector, poll, 72);
PB_LAYOUT(pb_connector, extension, 80);

#undef PB_LAYOUT
#undef PB_ASSERT

#ifdef __cplusplus
}
#endif

#endif /* PATCHBAY_CONNECTOR_H */
