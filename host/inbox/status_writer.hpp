/// The statuses of one outbound message: what its parts had, what arrives, and what of that is to be written.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/event.hpp"
#include "db/lane.hpp"

namespace patchbay::inbox {

/// {"class", "code", "text"}, with secrets scrubbed.
std::string errorJson(const connectors::EventError& error);

class StatusWriter {
 public:
  StatusWriter(std::int64_t message_id, std::int64_t conversation_id, std::string channel_name, std::string status)
      : message_id_(message_id),
        conversation_id_(conversation_id),
        channel_name_(std::move(channel_name)),
        before_(status),
        status_(std::move(status)) {}

  /// A part as the database has it.
  void knowPart(std::string provider_id, std::string status);
  /// `error` of the message as the database has it (JSON); empty: none.
  void knowError(std::string_view json) { known_error_ = json; }
  bool hasPart(std::string_view provider_id) const { return parts_.contains(provider_id); }

  /// More parts may follow: the message itself does not move yet.
  void holdBack() { unfinished_ = true; }
  /// Everything has left, though perhaps nobody named a part: the message is at least sent.
  void complete() { complete_ = true; }

  /// A part whose answer was lost has arrived, and nobody knows whether others should have followed: said with the
  /// message, since an agent can see it on no other way.
  void remarkPerhapsPartial();

  /// A status of part `provider_id` (which may be new). Backward moves change nothing. "sent" with a transient error is
  /// a delay: said with the message until it is delivered or has failed.
  void apply(std::string_view provider_id, std::string_view status, const std::optional<connectors::EventError>& error);

  /// Queues the rows that changed, and message.sent, .delivered, .read or .failed when the message itself moved,
  /// message.updated when there is only something to say about it.
  void write(db::TenantWrite& write);

 private:
  void remarkDelay();

  struct Part {
    std::string status;
    bool changed = false;
  };
  std::int64_t message_id_, conversation_id_;
  std::string channel_name_;
  std::string before_, status_;
  std::map<std::string, Part, std::less<>> parts_;
  std::optional<connectors::EventError> error_;
  std::optional<connectors::EventError> delay_;  // the last one
  std::string known_error_;
  bool bounced_ = false;
  bool unfinished_ = false;
  bool complete_ = false;
  bool remarked_ = false;
};

}  // namespace patchbay::inbox
