/// What host/mail found out about one event of a mail connector, for the inbox.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "connectors/event.hpp"

namespace patchbay::connectors {

struct MailFacts {
  std::string message_id;            ///< without brackets
  std::vector<std::string> answers;  ///< ids of the mails that it answers or is a report about, the most telling first
  std::vector<std::string> tokens;   ///< that may name a conversation: from the addresses it was delivered to
  std::optional<Address> answer_to;  ///< Reply-To, where it is another address than the sender's
  bool automatic = false;            ///< written by a program: never to be answered by one
  bool report = false;               ///< the event is a status or an opt-out that a report told of
  std::string html;                  ///< safe to show; empty: there is none
  std::string full_text;             ///< with what is quoted; empty: the event's text is all of it
  std::string source;                ///< SHA-256 of the raw message in the media store; empty: it came parsed
  std::int64_t source_size = 0;      ///< bytes
  /// The raw message itself, where it is small and goes into the database with the event; null: the store has a file.
  std::shared_ptr<const std::string> source_bytes;
  Json shown;  ///< object, the member `mail` of the message in REST
};

}  // namespace patchbay::connectors
