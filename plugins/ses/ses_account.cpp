#include "ses_account.hpp"

#include <utility>

namespace patchbay::ses {
namespace {

std::string withoutSlash(std::string url) {
  while (!url.empty() && url.back() == '/') url.pop_back();
  return url;
}

}  // namespace

Account::Account(const Context& context)
    : region(context.setting("region")),
      base_url(withoutSlash(context.setting("base_url", "https://email." + region + ".amazonaws.com"))),
      s3_base_url(withoutSlash(context.setting("s3_base_url", ""))),
      configuration_set(context.setting("configuration_set", "")),
      bucket(context.setting("bucket", "")),
      session_token(context.config().contains("session_token")),
      opens_as_read(context.config().value("opens_as_read", false)) {}

HttpRequest signedFor(const Account& account, const char* service, HttpRequest request) {
  Json auth = {{"scheme", "sigv4"},
               {"service", service},
               {"region", account.region},
               {"access_key", "access_key_id"},
               {"secret_key", "secret_access_key"}};
  if (account.session_token) auth["session_token"] = "session_token";
  request.auth(std::move(auth));
  return request;
}

std::string messageIdOnTheWire(const Account& account, std::string_view id) {
  return std::string(id) + "@" + (account.region == "us-east-1" ? "email" : account.region) + ".amazonses.com";
}

std::string objectUrl(const Account& account, const std::string& bucket, std::string_view key) {
  const auto path = "/" + percentEncoded(key, "/");
  if (!account.s3_base_url.empty()) return account.s3_base_url + "/" + bucket + path;
  const auto s3 = "s3." + account.region + ".amazonaws.com";
  // No certificate covers a name with more dots than S3 has expected.
  if (bucket.find('.') != std::string::npos) return "https://" + s3 + "/" + bucket + path;
  return "https://" + bucket + "." + s3 + path;
}

}  // namespace patchbay::ses
