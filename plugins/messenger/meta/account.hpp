/// Messenger and Instagram speak one protocol: `entry[].messaging[]` in webhooks, the Send API outwards. What differs
/// between them, and between the ways to log in, is here.
#pragma once

#include <cstddef>
#include <patchbay/split_text.hpp>
#include <string>

#include "meta/graph.hpp"

namespace patchbay::meta {

/// A product's fixed properties. Lengths of titles and the like are the same in both.
struct Product {
  const char* name;          ///< for people: "Messenger"
  const char* object;        ///< of webhooks: "page", "instagram"
  const char* address_kind;  ///< of customers: "psid", "igsid"
  std::size_t max_text;      ///< of one message, in `text_unit`
  TextUnit text_unit;
  std::size_t max_images;  ///< that one message takes, by URL
  std::size_t max_file;    ///< bytes
  bool plain_buttons;      ///< of cards: none but links and postbacks
};

/// Meta says "less than 2000 characters" and does not say which; so 1999 UTF-16 units.
inline constexpr Product kMessenger{"Messenger", "page", "psid", 1999, TextUnit::kUtf16, 1, 25U << 20U, false};
/// Bytes of UTF-8, not characters.
inline constexpr Product kInstagram{"Instagram", "instagram", "igsid", 1000, TextUnit::kBytes, 10, 25U << 20U, true};

/// One page or professional account, from the channel's config.
struct Account : Api {
  const Product* product = &kMessenger;
  std::string id;                       ///< as webhooks name it in `entry[].id`
  std::string node;                     ///< as it stands in URLs: an id, or "me"
  std::string app_id;                   ///< empty: any echo with metadata counts as ours
  std::string subscribed_fields;        ///< for setup
  std::string name_fields;              ///< of the account itself, for test
  std::string profile_fields;           ///< of customers
  bool names_messaging_type = true;     ///< `messaging_type` stands in every send
  bool human_agent = false;             ///< the admin allows the tag
  bool only_love = false;               ///< the one reaction that this way to log in takes
  bool upload_names_instagram = false;  ///< uploads say which product they are for
  bool profiles = true;                 ///< ask for the names of those who write
};

}  // namespace patchbay::meta
