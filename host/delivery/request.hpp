/// From request.schema.json to the bytes of a request: secrets filled in, rules checked, nothing sent yet.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "connectors/secrets.hpp"
#include "delivery/blobs.hpp"
#include "delivery/body.hpp"
#include "delivery/egress.hpp"
#include "delivery/url.hpp"

namespace patchbay::delivery {

/// What a request may draw on. Shared, since requests outlive the turn that made them.
struct RequestContext {
  std::shared_ptr<const EgressRules> egress;
  const connectors::Secrets* secrets = nullptr;  ///< borrowed for the call of prepareRequest()
  const Json* config = nullptr;                  ///< of the channel, for keys of `auth` that are not secret
  const Blobs* blobs = nullptr;
  Timestamp now;  ///< for signatures over a time
};

struct RequestHeader {
  std::string name;
  std::string value;
  bool secret = false;  ///< does not follow a redirect to another server
};

/// Ready for HttpClient. Holds secrets: never logged.
struct PreparedRequest {
  std::string method;
  Url url;
  std::vector<RequestHeader> headers;
  Body body;
  bool unsafe = true;
  int follow = 0;
  bool into_blob = false;
  bool has_secrets = false;
  std::uint64_t max_response = 1U << 20U;  ///< bytes
  std::optional<std::chrono::milliseconds> timeout;  ///< in total; nothing: HttpClient's own
  std::shared_ptr<const EgressRules> egress;
};

/// @param request  fits request.schema.json (the connector's turn was checked)
/// @return kInvalid or kForbidden with the rule that is broken; the request must then not be made: PB_NOT_SENT
Result<PreparedRequest> prepareRequest(const Json& request, const RequestContext& context);

/// The plain download of a customer's or client's file: GET without secrets, up to 3 redirects, into the store.
Result<PreparedRequest> prepareDownload(const std::string& url, std::shared_ptr<const EgressRules> egress,
                                        std::uint64_t max_bytes);

/// Applies `auth` of the request in its order: adds headers and query parameters. Internal to host/delivery.
std::optional<Error> applyAuth(const Json& auth, const RequestContext& context, PreparedRequest& request);

/// Adds a header after checking it: name a token and none of the transport's own, value without control characters.
std::optional<Error> addHeader(PreparedRequest& request, std::string name, std::string value, bool secret);

}  // namespace patchbay::delivery
