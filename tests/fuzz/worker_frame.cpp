// What a worker sends to the host, and the host to a worker. Input: the first byte chooses the decoder, the rest is a
// payload. What is taken comes out as the same bytes when it is written again.
#include "connectors/worker/frame.hpp"
#include "fuzz.hpp"

using namespace patchbay::connectors;
using namespace patchbay::connectors::worker;
using patchbay::fuzz::check;

namespace {

void same(const std::string& frame, std::string_view payload) {
  check(std::string_view{frame}.substr(kHeaderSize) == payload, "a payload that is taken has one form");
}

}  // namespace

FUZZ(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto payload = bytes.substr(1);
  switch (static_cast<unsigned char>(bytes[0]) % 6U) {
    case 0:
      if (const auto reply = decodeReply(payload)) {
        check(reply->items.size() <= kMaxItems, "items are counted");
        same(encode(*reply), payload);
      }
      break;
    case 1:
      if (const auto hello = decodeHello(payload)) same(encode(*hello), payload);
      break;
    case 2: {
      TurnFrame frame;
      if (decodeTurn(payload, frame)) same(encode(frame.stimulus, frame.context), payload);
      break;
    }
    case 3:
      if (const auto open = decodeOpen(payload)) same(encode(*open), payload);
      break;
    case 4:
      if (const auto trapped = decodeTrapped(payload)) {
        const auto frame = encodeTrapped(trapped->system_call, trapped->argument);
        same({frame.bytes, sizeof frame.bytes}, payload);
      }
      break;
    default:
      for (const bool from_worker : {false, true})
        if (const auto header = decodeHeader(payload, from_worker))
          check(header->size <= (from_worker ? kMaxFromWorker : kMaxToWorker), "a size has its limit");
      break;
  }
}
