#include "simulators/meta/spoil.hpp"

#include "simulators/common/spoil.hpp"
#include "simulators/meta/wire.hpp"

namespace patchbay::simulators::meta {

HttpReply spoil(const Failure& failure, HttpReply reply, const SpoiltAnswers& answers) {
  using What = Failure::What;
  switch (failure.what) {
    case What::kGarbage:
      reply = {200,
               {{"Content-Type", "application/json"}},
               "<!-- \x01 upstream connect error " + std::string(answers.garbage)};
      break;
    case What::kNoId:
      reply = graphJson(200, answers.without_id);
      break;
    case What::kUsage: {
      Json spent{{"call_count", failure.percent}, {"total_time", 25}, {"total_cputime", 20}};
      reply.headers.emplace_back("X-App-Usage", dumpJson(spent));
      spent.update({{"type", answers.product}, {"estimated_time_to_regain_access", failure.minutes}});
      reply.headers.emplace_back("X-Business-Use-Case-Usage",
                                 dumpJson(Json{{std::string(answers.business), Json::array({spent})}}));
      break;
    }
    default:
      spoilConnection(failure, reply);
      break;
  }
  if (failure.retry_after) reply.headers.emplace_back("Retry-After", std::to_string(*failure.retry_after));
  return reply;
}

}  // namespace patchbay::simulators::meta
