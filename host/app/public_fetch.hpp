/// Getting what anybody may get: certificates and confirmation pages that signed webhooks name.
#pragma once

#include <functional>
#include <string>

#include "api/api.hpp"
#include "delivery/http_client.hpp"

namespace patchbay::app {

/// As api::ReceiveEffects::fetch describes it.
void fetchPublic(delivery::HttpClient& http, const connectors::Channel& channel, const api::PublicPage& page,
                 std::function<void(Result<std::string> body)> done);

}  // namespace patchbay::app
