/// What every call of the Graph API has in common: where it goes and how it proves who we are.
#pragma once

#include <optional>
#include <patchbay/http.hpp>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

namespace patchbay::whatsapp {

/// Where the API is and which number we are; from the channel's config.
struct Account {
  std::string base_url;     ///< without a slash at the end
  std::string api_version;  ///< "v23.0"
  std::string phone_number_id;
  std::string waba_id;  ///< may be empty
  bool appsecret_proof = false;
};

/// "https://graph.facebook.com/v23.0/<path>"
std::string urlOf(const Account& account, std::string_view path);

/// With the token in the header, where no log sees it, and with appsecret_proof where the app requires it.
HttpRequest authorised(const Account& account, HttpRequest request);

std::string percentEncoded(std::string_view text);

/// A text at that path of an answer, a number as text; empty when it is not there.
std::string textAt(const std::optional<Json>& body, const char* pointer);

}  // namespace patchbay::whatsapp
