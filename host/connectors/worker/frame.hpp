/// What the host and a worker say to each other over their socket, and nothing of how.
///
/// A frame is a header of 8 bytes (type, then size of the payload: both uint32, little endian) and the payload. One
/// frame goes out, one comes back; the worker never speaks first. In a payload, numbers are little endian and a text is
/// a uint32 with its size followed by its bytes. The host takes a worker for hostile: every decoder here returns
/// nothing when one byte is too few or too many, a count is over its limit, or a value is out of range. They never
/// throw, and what they return borrows from the payload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/worker/stimulus.hpp"

namespace patchbay::connectors::worker {

inline constexpr std::uint32_t kProtocol = 2;  ///< both programs come from one build; anything else is refused

enum class FrameType : std::uint32_t {
  kOpen = 1,     ///< to the worker, first: load this library
  kHello = 2,    ///< from the worker, answers kOpen: loaded, or why not
  kTurn = 3,     ///< to the worker
  kReply = 4,    ///< from the worker, answers kTurn
  kTrapped = 5,  ///< from the worker, instead of an answer: its last words before the sandbox ended it
};

inline constexpr std::size_t kHeaderSize = 8;
inline constexpr std::size_t kMaxToWorker = 160U << 20U;  ///< bytes of a payload; a larger stimulus is refused
/// Bytes of a payload: the effects, blobs and diagnostics of the largest turn that the host accepts, and their
/// envelope.
inline constexpr std::size_t kMaxFromWorker = kMaxTurnJson + kMaxTurnBlobs + (8U << 20U);
inline constexpr std::size_t kMaxItems = 10'000;  ///< of a reply; over all limits of turn.hpp together
inline constexpr std::size_t kMaxLogLines = 100;  ///< of one turn; further ones are dropped
inline constexpr std::size_t kMaxWords = 16'000;  ///< bytes of a diagnostic's or a log line's text; the rest is cut off

struct Header {
  FrameType type;
  std::size_t size;
};

/// @return nothing when the type is unknown or the size over what this direction allows
std::optional<Header> decodeHeader(std::string_view bytes, bool from_worker);

struct Open {
  std::string library;  ///< absolute path
  bool drop = false;    ///< the worker runs as root: become this user first
  std::uint32_t uid = 0, gid = 0;
  std::uint64_t memory = 0;  ///< limit of the address space in bytes; 0: none (sanitizers)
};

struct Hello {
  std::string_view error;            ///< why the library cannot be used; empty: it can, and the rest counts
  std::string_view manifest_digest;  ///< SHA-256 of the manifest's bytes, hex
  std::uint32_t functions = 0;       ///< bit 1 << TurnKind for each function that the connector has
  std::string_view note;             ///< what of the sandbox this kernel does not offer; empty: nothing is missing
};

/// One turn, as the worker needs it.
struct TurnFrame {
  Stimulus stimulus;
  TurnContext context;
  // What the stimulus points to, besides the payload.
  http::Headers headers;
  std::vector<FormField> fields;
  std::vector<Answer> answers;
};

/// What the connector did, in its order.
struct Item {
  enum class Kind : std::uint8_t { kEffect = 1, kBlob = 2, kDiag = 3, kLog = 4 } kind = Kind::kEffect;
  bool broken = false;       ///< a text was a null pointer with a length
  std::uint32_t number = 0;  ///< kEffect: PB_EMIT_...; kDiag, kLog: severity
  std::string_view text;     ///< JSON, carry, blob, words
  std::string_view code;     ///< kDiag
  std::string_view pointer;  ///< kDiag
};

struct Reply {
  enum class End : std::uint8_t { kReturned = 0, kThrew = 1, kThrewUnknown = 2 } end = End::kReturned;
  std::int32_t status = 0;
  bool instance = false;        ///< of kCreate: it made one
  std::string_view error;       ///< what() of kThrew
  std::uint32_t too_large = 0;  ///< kind of an effect that was over kMaxTurnJson and is not among the items; 0: none
  std::vector<Item> items;
};

struct Trapped {
  std::int32_t system_call = 0;  ///< number, of this machine's architecture
  std::int64_t argument = 0;     ///< its first
};

/// Whole frames, header included.
std::string encode(const Open& open);
std::string encode(const Hello& hello);
std::string encode(const Stimulus& stimulus, const TurnContext& context);
std::string encode(const Reply& reply);

/// Payloads.
std::optional<Open> decodeOpen(std::string_view payload);
std::optional<Hello> decodeHello(std::string_view payload);
/// @param frame  set on success; not to be moved after, since its stimulus points into it
bool decodeTurn(std::string_view payload, TurnFrame& frame);
std::optional<Reply> decodeReply(std::string_view payload);
std::optional<Trapped> decodeTrapped(std::string_view payload);

/// The frame of a Trapped, written by a signal handler: no allocation.
struct TrappedFrame {
  char bytes[kHeaderSize + 12];
};
TrappedFrame encodeTrapped(std::int32_t system_call, std::int64_t argument) noexcept;

}  // namespace patchbay::connectors::worker
