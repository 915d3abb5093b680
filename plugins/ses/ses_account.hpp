// The channel's settings, and requests that are signed with its keys.
#pragma once

#include <patchbay/connector.hpp>
#include <string>
#include <string_view>

namespace patchbay::ses {

struct Account {
  explicit Account(const Context& context);

  std::string region;
  std::string base_url;     // of the SES API, without a slash at the end
  std::string s3_base_url;  // empty: Amazon's own
  std::string configuration_set;
  std::string bucket;  // the only one; empty: any
  bool session_token = false;
  bool opens_as_read = false;
};

/// Adds the signature; the host computes it when the bytes are made.
HttpRequest signedFor(const Account& account, const char* service, HttpRequest request);

/// The Message-ID that SES gives to a message of ours, without brackets. The API tells only the part before the @.
/// Source: SES developer guide, "Message-ID header": email.amazonses.com in us-east-1, else <region>.amazonses.com.
std::string messageIdOnTheWire(const Account& account, std::string_view id);

/// Where an object of S3 is. The key's segments are percent-encoded once, as the signature wants them.
std::string objectUrl(const Account& account, const std::string& bucket, std::string_view key);

}  // namespace patchbay::ses
