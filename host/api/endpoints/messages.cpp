#include "api/endpoints/endpoints.hpp"
#include "delivery/channel_desk.hpp"

namespace patchbay::api {
namespace {

/// The calls of contract.md section 3, messages.
class Messages {
 public:
  Messages(inbox::Service& inbox, delivery::ChannelDesk* desk) : inbox_(inbox), desk_(desk) {}

  http::Response list(const Call& call) const {
    inbox::MessageQuery query;
    query.conversation_id = call.queryValue<std::int64_t>("conversation_id");
    query.skip = call.query.at("skip");
    query.limit = call.query.at("limit");
    return documentResponse(call, inbox_.messages(call.tenant, query));
  }

  http::Response thread(const Call& call) const {
    inbox::ThreadQuery query;
    query.conversation_id = id(call);
    query.skip = call.query.at("skip");
    query.limit = call.query.at("limit");
    query.anchor = call.queryValue<std::string>("anchor");
    query.before = call.queryValue<std::int64_t>("before").value_or(0);
    query.after = call.queryValue<std::int64_t>("after").value_or(0);
    return documentResponse(call, inbox_.thread(call.tenant, query));
  }

  http::Response get(const Call& call) const { return documentResponse(call, inbox_.message(call.tenant, id(call))); }

  void create(const Call& call, Answer answer) const {
    inbox::Reply reply = replyWith(call, std::move(answer), 201, "/messages");
    if (desk_ != nullptr)
      reply = [plain = std::move(reply), desk = desk_, tenant = call.tenant,
               conversation = call.body.at("conversation_id").get<std::int64_t>()](Result<inbox::Document> document) {
        if (document.ok() || document.error().code != "reply_window_closed") return plain(std::move(document));
        desk->nameTemplates(tenant, conversation, document.error(), plain);
      };
    inbox_.createMessage(writeContext(call), call.body, std::move(reply));
  }

  void setStatus(const Call& call, Answer answer) const {
    inbox_.setMessageStatus(writeContext(call), id(call), call.body.at("status"), replyWith(call, std::move(answer)));
  }

  void retry(const Call& call, Answer answer) const {
    inbox_.retryMessage(writeContext(call), id(call), replyWith(call, std::move(answer), 202));
  }

  Result<Done> exists(const Call& call) const {
    const auto found = inbox_.message(call.tenant, id(call));
    return found.ok() ? Result<Done>(Done{}) : Result<Done>(found.error());
  }

 private:
  static std::int64_t id(const Call& call) { return call.path.at("id"); }

  inbox::Service& inbox_;
  delivery::ChannelDesk* desk_;
};

}  // namespace

void addMessageEndpoints(Endpoints& table, inbox::Service& inbox, delivery::ChannelDesk* desk) {
  const Messages messages(inbox, desk);
  table["listMessages"] = {immediate([messages](const Call& call) { return messages.list(call); })};
  table["listConversationMessages"] = {immediate([messages](const Call& call) { return messages.thread(call); })};
  table["getMessage"] = {immediate([messages](const Call& call) { return messages.get(call); })};
  table["createMessage"] = {[messages](const Call& call, Answer answer) { messages.create(call, std::move(answer)); }};
  table["retryMessage"] = {[messages](const Call& call, Answer answer) { messages.retry(call, std::move(answer)); },
                           nullptr, [messages](const Call& call) { return messages.exists(call); }};
  table["setMessageStatus"] = {
      [messages](const Call& call, Answer answer) { messages.setStatus(call, std::move(answer)); }, nullptr,
      [messages](const Call& call) { return messages.exists(call); }};
}

}  // namespace patchbay::api
