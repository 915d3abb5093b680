#include "simulators/common/spoil.hpp"

namespace patchbay::simulators {

void spoilConnection(const Failure& failure, HttpReply& reply) {
  using What = Failure::What;
  switch (failure.what) {
    case What::kHttpStatus:
      reply = {failure.status,
               {{"Content-Type", "text/html"}},
               "<html><body><h1>" + std::to_string(failure.status) + "</h1></body></html>"};
      break;
    case What::kTimeout:
      reply.manner = Manner::kNeverAnswer;
      break;
    case What::kCloseAfterRequest:
    case What::kCloseBeforeRequest:
      reply.manner = Manner::kClose;
      break;
    case What::kDribble:
      reply.manner = Manner::kDribble;
      reply.dribble_pause = std::chrono::milliseconds(failure.dribble_ms);
      break;
    default:
      break;
  }
}

}  // namespace patchbay::simulators
