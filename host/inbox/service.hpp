/// The inbox: what REST clients and the webhook route may ask of it. Answers are JSON text as contract.md section 3
/// defines it: the database renders it, nobody takes it apart on the way out.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "connectors/channel.hpp"
#include "db/lane.hpp"
#include "db/pool.hpp"

namespace patchbay::inbox {

/// A thing as JSON, ready to be sent.
struct Document {
  std::string json;
  std::int64_t version = 0;  ///< of a conversation: its ETag; else 0
  bool created = true;       ///< false: the thing was there before (a repeat)
  bool replayed = false;     ///< true: the stored answer to an earlier request with the same Idempotency-Key
};
using Reply = std::function<void(Result<Document>)>;

/// `Idempotency-Key` of a request: the same key by the same principal with the same fingerprint gets the first answer
/// again.
struct IdempotencyKey {
  std::string key;          ///< 1 to 255 printable ASCII characters, checked by the API
  std::string fingerprint;  ///< raw SHA-256 of method, path and body
};

/// Who writes, and where.
struct WriteContext {
  std::string tenant;  ///< slug of a tenant that exists
  db::Actor actor;
  std::optional<IdempotencyKey> idempotency = std::nullopt;
};

struct ConversationQuery {
  std::optional<std::string> status, channel, connector, assigned_to, priority, tag, search;
  std::optional<bool> is_spam, is_lead;
  std::optional<Timestamp> date_from, date_to;  ///< on created_at
  bool include_spam = false;
  std::string sort = "-last_message_at";  ///< or created_at, priority, unread_count
  std::int64_t skip = 0;
  std::int64_t limit = 100;
};

struct MessageQuery {
  std::optional<std::int64_t> conversation_id = std::nullopt;
  std::int64_t skip = 0;
  std::int64_t limit = 100;
};

/// A window of one conversation, oldest first. `anchor`: "newest", "first_unread" or a message id, with `before` and
/// `after` messages around it; without an anchor `skip` and `limit` count from the oldest.
struct ThreadQuery {
  std::int64_t conversation_id = 0;
  std::int64_t skip = 0;
  std::int64_t limit = 100;
  std::optional<std::string> anchor = std::nullopt;
  std::int64_t before = 0;
  std::int64_t after = 0;
};

/// Finds the channel instance that an outbound message leaves by; null when it is not connected (any more).
using FindChannel =
    std::function<std::shared_ptr<connectors::Channel>(std::string_view tenant, std::string_view channel)>;

/// Thread-safe. Reading functions use a pool connection and block: worker threads only. Writing functions return at
/// once and call `reply` after COMMIT, on a lane's thread.
class Service {
 public:
  Service(db::Lanes& lanes, db::Pool& reads, FindChannel find_channel)
      : lanes_(lanes), reads_(reads), find_channel_(std::move(find_channel)) {}

  Result<Document> conversations(const std::string& tenant, const ConversationQuery& query);
  Result<Document> conversation(const std::string& tenant, std::int64_t id);
  Result<Document> messages(const std::string& tenant, const MessageQuery& query);
  Result<Document> thread(const std::string& tenant, const ThreadQuery& query);
  Result<Document> message(const std::string& tenant,
                           std::int64_t id);  ///< with `attempt_log`: each try of an outbound one

  // Bodies fit the schemas of openapi.yaml (types, lengths, enumerations); the rules of the domain are checked here.
  void createConversation(const WriteContext& context, const Json& body, Reply reply);
  void updateConversation(const WriteContext& context, std::int64_t id, const Json& patch,
                          std::optional<std::int64_t> if_match, Reply reply);
  void assignConversation(const WriteContext& context, std::int64_t id, std::optional<std::string> user, Reply reply);
  void markRead(const WriteContext& context, std::int64_t id, Reply reply);
  void archiveConversation(const WriteContext& context, std::int64_t id, Reply reply);
  void createMessage(const WriteContext& context, const Json& body, Reply reply);
  void retryMessage(const WriteContext& context, std::int64_t id, Reply reply);  ///< dead_letters.hpp
  void setMessageStatus(const WriteContext& context, std::int64_t id, const std::string& status, Reply reply);

  /// Called when an outbound message has been queued and committed: wakes the dispatcher. Set once, before serving.
  void onQueued(std::function<void()> callback) { on_queued_ = std::move(callback); }

 private:
  db::Lanes& lanes_;
  db::Pool& reads_;
  FindChannel find_channel_;
  std::function<void()> on_queued_;
};

}  // namespace patchbay::inbox
