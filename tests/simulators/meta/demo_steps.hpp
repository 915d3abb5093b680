/// What the demos of Meta's products tell alike.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <patchbay/json.hpp>

#include "simulators/meta/webhooks.hpp"

namespace patchbay::simulators::meta {

/// What a customer did, and what the host said to it.
Json stepOf(const std::string& title, const std::string& label, const Json& event, const DeliveredWebhook& record);

/// @param id  the member of a sent message that its statuses name
/// @return {"customers": steps, "sent": [... with "statuses"], "total", "read"}
template <class Journal, class Sent>
Json demoState(const Journal& journal, std::string Sent::*id) {
  constexpr std::string_view kStatus = "status:";
  const auto webhooks = journal.webhooks();
  Json list = Json::array();
  std::size_t read = 0;
  for (const Sent& message : journal.sent()) {
    Json statuses = Json::array();
    for (const DeliveredWebhook& webhook : webhooks)
      if (webhook.ok() && webhook.kind.starts_with(kStatus) && !webhook.ids.empty() && webhook.ids[0] == message.*id)
        statuses.push_back(webhook.kind.substr(kStatus.size()));
    if (std::find(statuses.begin(), statuses.end(), "read") != statuses.end()) ++read;
    Json one = toJson(message);
    one["statuses"] = std::move(statuses);
    list.push_back(std::move(one));
  }
  const auto total = list.size();
  return {{"customers", journal.demo()}, {"sent", std::move(list)}, {"total", total}, {"read", read}};
}

}  // namespace patchbay::simulators::meta
