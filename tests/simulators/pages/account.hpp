/// A Facebook page or an Instagram professional account that the simulator plays, and its customers.
#pragma once

#include <string>
#include <string_view>

namespace patchbay::simulators::pages {

enum class Product { kMessenger, kInstagram };

inline std::string_view wordOf(Product product) {
  return product == Product::kMessenger ? "messenger" : "instagram";
}

/// Empty members get defaults when the account is registered.
struct Account {
  Product product = Product::kMessenger;
  std::string id = {};            ///< page id, or id of the professional account: `entry[].id`
  std::string callback_url = {};  ///< where its webhooks go
  std::string page_id = {};       ///< Instagram behind a page: the page, which stands in URLs then
  std::string app_secret = {};    ///< signs its webhooks
  std::string token = {};         ///< of its Graph calls
  std::string verify_token = {};  ///< of the hub.challenge handshake
  std::string label = {};         ///< in stories; the last two parts of the callback's path

  /// Meta allows reactions other than the heart to Instagram's own login alone.
  bool behindPage() const { return product == Product::kInstagram && !page_id.empty(); }
  bool isNode(std::string_view node) const { return node == id || (!page_id.empty() && node == page_id); }
};

/// Someone who writes to an account.
struct Customer {
  std::string id = {};    ///< PSID or IGSID; digits, beyond what a double holds
  std::string name = {};  ///< in the profile, never in webhooks; may be empty
};

}  // namespace patchbay::simulators::pages
