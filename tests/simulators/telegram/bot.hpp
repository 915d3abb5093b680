/// A bot as its operator and its users have left it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <patchbay/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace patchbay::simulators::telegram {

/// How Telegram sees a chat that no longer takes what the bot sends.
struct ChatState {
  std::string state;             ///< blocked, deactivated, kicked, unknown, never_written; empty: fine
  std::int64_t migrated_to = 0;  ///< the supergroup that it has become; 0: it has not
};

struct Webhook {
  std::string url;  ///< empty: none, updates wait for getUpdates
  std::string secret_token;
  int max_connections = 40;
  int last_error_date = 0;
  std::string last_error_message;
};

struct StoredFile {
  std::string path;  ///< of the download
  std::string bytes;
  std::string mime_type, filename;
  std::string unique_id;
};

/// One update that waits: for its webhook to be answered, or to be confirmed by an offset.
struct PendingUpdate {
  std::int64_t id = 0;
  Json body;
};

struct Bot {
  std::string token;  ///< "110201543:AAH..."
  std::int64_t id = 0;
  std::string username = "acme_bot";
  std::string label = {};

  Webhook webhook = {};
  std::vector<std::string> allowed_updates = {};  ///< empty: all but those that must be asked for
  std::deque<PendingUpdate> pending = {};
  std::int64_t next_update = 730000001;
  std::map<std::int64_t, std::int64_t> last_message = {};  ///< by chat
  std::map<std::int64_t, ChatState> chats = {};
  std::set<std::string> open_queries = {};       ///< callback queries that nobody has answered
  std::map<std::string, StoredFile> files = {};  ///< by file_id
  std::uint64_t poll = 0;                        ///< counts getUpdates and what ends one: the newest wins
  std::string poll_ended_by = {};                ///< getUpdates, setWebhook
};

}  // namespace patchbay::simulators::telegram
