#include "api/endpoints/endpoints.hpp"
#include "delivery/channel_desk.hpp"
#include "inbox/write.hpp"

namespace patchbay::api {
namespace {

/// A date stands for its first moment, or, as an upper bound, for its last.
std::optional<Timestamp> timeOf(const std::optional<std::string>& text, bool upper) {
  if (!text) return std::nullopt;
  if (auto time = parseRfc3339(*text)) return time;
  auto day = parseRfc3339(*text + "T00:00:00Z");
  if (day && upper) *day += std::chrono::days{1} - std::chrono::microseconds{1};
  return day;
}

/// The calls of contract.md section 3, conversations.
class Conversations {
 public:
  Conversations(inbox::Service& inbox, delivery::ChannelDesk* desk) : inbox_(inbox), desk_(desk) {}

  http::Response list(const Call& call) const {
    inbox::ConversationQuery query;
    query.status = call.queryValue<std::string>("status");
    query.channel = call.queryValue<std::string>("channel");
    query.connector = call.queryValue<std::string>("connector");
    query.assigned_to = call.queryValue<std::string>("assigned_to");
    query.priority = call.queryValue<std::string>("priority");
    query.tag = call.queryValue<std::string>("tag");
    query.search = call.queryValue<std::string>("search");
    query.is_spam = call.queryValue<bool>("is_spam");
    query.is_lead = call.queryValue<bool>("is_lead");
    query.date_from = timeOf(call.queryValue<std::string>("date_from"), false);
    query.date_to = timeOf(call.queryValue<std::string>("date_to"), true);
    query.include_spam = call.query.at("include_spam");
    query.sort = call.query.at("sort");
    query.skip = call.query.at("skip");
    query.limit = call.query.at("limit");
    return documentResponse(call, inbox_.conversations(call.tenant, query));
  }

  http::Response get(const Call& call) const {
    return documentResponse(call, inbox_.conversation(call.tenant, id(call)));
  }

  void create(const Call& call, Answer answer) const {
    inbox_.createConversation(writeContext(call), call.body, replyWith(call, std::move(answer), 201, "/conversations"));
  }

  void update(const Call& call, Answer answer) const {
    const auto condition = ifMatch(call);
    if (!condition.ok()) return answer(problem(call.request, condition.error()));
    inbox_.updateConversation(writeContext(call), id(call), call.body, *condition, replyWith(call, std::move(answer)));
  }

  void assign(const Call& call, Answer answer) const {
    const auto& user = call.body.at("assigned_to");
    inbox_.assignConversation(writeContext(call), id(call),
                              user.is_null() ? std::nullopt : std::optional<std::string>(user),
                              replyWith(call, std::move(answer)));
  }

  void markRead(const Call& call, Answer answer) const {
    // The provider hears of it when it is durable and answered, and nobody waits for that.
    inbox_.markRead(writeContext(call), id(call),
                    [reply = replyWith(call, std::move(answer)), desk = desk_, tenant = call.tenant,
                     id = id(call)](Result<inbox::Document> document) {
                      const bool done = document.ok();
                      reply(std::move(document));
                      if (done && desk != nullptr) desk->read(tenant, id);
                    });
  }

  void archive(const Call& call, Answer answer) const {
    // Who asks for erasure must not be told that it was done.
    if (call.queryValue<bool>("purge").value_or(false))
      return answer(problem(call.request, inbox::invalid("purge_not_supported", "query:purge",
                                                         "a conversation can be archived, not erased yet")));
    inbox_.archiveConversation(writeContext(call), id(call), replyWith(call, std::move(answer), 204));
  }

  Result<Done> exists(const Call& call) const {
    const auto found = inbox_.conversation(call.tenant, id(call));
    return found.ok() ? Result<Done>(Done{}) : Result<Done>(found.error());
  }

 private:
  static std::int64_t id(const Call& call) { return call.path.at("id"); }

  inbox::Service& inbox_;
  delivery::ChannelDesk* desk_;
};

}  // namespace

void addConversationEndpoints(Endpoints& table, inbox::Service& inbox, delivery::ChannelDesk* desk) {
  const Conversations conversations(inbox, desk);
  const Exists exists = [conversations](const Call& call) { return conversations.exists(call); };
  const Run update = [conversations](const Call& call, Answer answer) {
    conversations.update(call, std::move(answer));
  };
  const Run assign = [conversations](const Call& call, Answer answer) {
    conversations.assign(call, std::move(answer));
  };
  const Run read = [conversations](const Call& call, Answer answer) {
    conversations.markRead(call, std::move(answer));
  };

  table["listConversations"] = {immediate([conversations](const Call& call) { return conversations.list(call); })};
  table["createConversation"] = {
      [conversations](const Call& call, Answer answer) { conversations.create(call, std::move(answer)); }};
  table["getConversation"] = {immediate([conversations](const Call& call) { return conversations.get(call); })};
  table["updateConversation"] = {update, nullptr, exists};
  table["patchConversation"] = {update, nullptr, exists};
  table["archiveConversation"] = {
      [conversations](const Call& call, Answer answer) { conversations.archive(call, std::move(answer)); }};
  table["assignConversation"] = {assign, nullptr, exists};
  table["putAssignment"] = {assign, nullptr, exists};
  table["markConversationRead"] = {read};
  table["putConversationRead"] = {read};
}

}  // namespace patchbay::api
