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
};

Draft readDraft(const Json& body);

/// What the channel cannot carry is refused before anything is stored.
/// @return kInvalid: type_not_supported, content_missing, text_too_long, reply_window_closed, media_missing
std::optional<Error> checkDraft(const Draft& draft, const connectors::Channel& channel, const Outlet& outlet,
                                Timestamp now);

/// operation.schema.json, kind "message".
std::string operationJson(const Draft& draft, std::int64_t message_id, const std::string& ref, const Outlet& outlet,
                          Timestamp now);

}  // namespace patchbay::inbox
