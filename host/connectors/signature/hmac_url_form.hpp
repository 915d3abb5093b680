/// The scheme `hmac_url_form`: HMAC-SHA1, base64, over the public URL of the webhook and what the form says.
#pragma once

#include "connectors/signature/guard.hpp"

namespace patchbay::connectors {

/// What is covered:
/// - a POST of an urlencoded form: the URL, then name and value of every field, sorted by name in byte order and
/// without
///   separators; of fields with one name the values are sorted, and equal ones count once;
/// - a GET: the URL alone, whose query holds the fields;
/// - any other body: the URL alone, whose query has `bodySHA256` (lower-case hex), and the body must have that digest.
///
/// The URL is that of the configuration, never of the Host header, which the sender chooses. Providers sign it with and
/// without its port, whatever their documentation says: both are taken, and so is the scheme's usual port where the URL
/// names none.
class HmacUrlFormGuard : public Guard {
 public:
  /// @param url  of the webhook without the path's suffix; user and fragment are dropped
  /// @param other_url  another one that leads to the same webhook, and may be the signed one; empty: none
  /// @return kInvalid when one is no http(s) URL
  static Result<std::unique_ptr<Guard>> make(const SignatureScheme& scheme, const Keys& keys, const std::string& url,
                                             const std::string& other_url);

  std::string why(const Webhook& webhook, Timestamp now) const override;
  void sign(UnsignedWebhook& webhook, Timestamp now) const override;

 private:
  HmacUrlFormGuard(const SignatureScheme& scheme, const Keys& keys, std::vector<std::string> bases);

  SignatureScheme scheme_;
  std::vector<std::string> keys_;   // every live value, newest first
  std::vector<std::string> bases_;  // spellings of the URL, the configured one first
};

}  // namespace patchbay::connectors
