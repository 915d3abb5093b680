/// From the body of POST messages to an operation for a connector: reading, refusing early, rendering. Pure.
#pragma once

#include <optional>
#include <patchbay/json.hpp>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "connectors/channel.hpp"

namespace patchbay::inbox {

/// What a client asks to write down, and perhaps to send.
struct Draft {
  std::string direction, type, content, media_url, external_id, client_ref, subject, status;
  bool is_note = false;
  std::optional<std::int64_t> reply_to_id;
  Json media = Json::array();  ///< [{"url" | "sha256", "mime_type", "filename"}]
  Json quick_replies, message_template;
  Json extra;  ///< location, contacts, list: passed on as they are
};

/// Where a draft leaves.
struct Outlet {
  connectors::Address to;
  std::optional<Timestamp> window_closes_at;  ///< nothing: free answers are always allowed
  std::optional<std::string> reply_to;        ///< the provider's id of the message that is quoted
  std::string thread_key;                     ///< of a group; empty: to that one person
};

/// What a mail gets beside its texts: operation.schema.json, `thread` and `mail`.
struct MailAnswer {
  std::string subject;
  std::string message_id;  ///< without brackets
  Json thread, mail;
  Json shown;  ///< the member `mail` of the message in REST
};

/// Does the manifest say that messages can go to groups of people with that kind of address?
bool reachesGroups(const connectors::Channel& channel, const std::string& address_kind);

Draft readDraft(const Json& body);

/// What the channel cannot carry is refused before anything is stored.
/// @return kInvalid: type_not_supported, content_missing, text_too_long, reply_window_closed, media_missing
std::optional<Error> checkDraft(const Draft& draft, const connectors::Channel& channel, const Outlet& outlet,
                                Timestamp now);

/// operation.schema.json, kind "message".
/// @param mail  null for what is no mail
std::string operationJson(const Draft& draft, std::int64_t message_id, const std::string& ref, const Outlet& outlet,
                          Timestamp now, const MailAnswer* mail);

}  // namespace patchbay::inbox
