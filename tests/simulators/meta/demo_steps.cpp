#include "simulators/meta/demo_steps.hpp"

namespace patchbay::simulators::meta {

Json stepOf(const std::string& title, const std::string& label, const Json& event, const DeliveredWebhook& record) {
  Json step{
      {"step", title},           {"number", label},         {record.account_name, record.account}, {"ids", record.ids},
      {"status", record.status}, {"answer", record.answer}, {"milliseconds", record.milliseconds}};
  if (event.contains("from")) step["customer"] = event["from"];
  if (!record.error.empty()) step["error"] = record.error;
  return step;
}

}  // namespace patchbay::simulators::meta
