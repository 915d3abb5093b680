#include <functional>

#include "api/endpoints/endpoints.hpp"
#include "delivery/channel_desk.hpp"

namespace patchbay::api {
namespace {

http::Response typing(const Call& call, delivery::ChannelDesk* desk, inbox::Service& inbox) {
  const std::int64_t id = call.path.at("id");
  if (desk == nullptr) {
    const auto found = inbox.conversation(call.tenant, id);
    return found.ok() ? http::Response{202, {}, {}} : problem(call.request, found.error());
  }
  const auto done = desk->typing(call.tenant, id, call.body.at("is_typing"));
  return done.ok() ? http::Response{202, {}, {}} : problem(call.request, done.error());
}

/// Asks the provider something about the message that the path names. @param ask  desk.react and its like
void change(const Call& call, delivery::ChannelDesk* desk, Answer answer,
            const std::function<void(std::int64_t, delivery::ChannelDesk::Changed)>& ask) {
  if (desk == nullptr)
    return answer(
        problem(call.request, Problem{503, "providers_unavailable", "This host does not speak to providers."}));
  ask(call.path.at("id"), [reply = replyWith(call, answer), answer, request = call.request](
                              std::variant<inbox::Document, Error, delivery::DirectOutcome> outcome) {
    if (const auto* refusal = std::get_if<delivery::DirectOutcome>(&outcome))
      return answer(problem(request, providerProblem(*refusal)));
    if (const auto* error = std::get_if<Error>(&outcome)) return reply(*error);
    reply(std::get<inbox::Document>(std::move(outcome)));
  });
}

}  // namespace

void addSignalEndpoints(Endpoints& table, const Dependencies& dependencies) {
  table["typeInConversation"] = {immediate(
      [desk = dependencies.desk, &inbox = dependencies.inbox](const Call& call) { return typing(call, desk, inbox); })};
  table["reactToMessage"] = {[desk = dependencies.desk](const Call& call, Answer answer) {
    change(call, desk, std::move(answer), [&](std::int64_t id, auto done) {
      const auto& emoji = call.body.at("emoji");
      desk->react(writeContext(call), id, emoji.is_null() ? "" : emoji.get<std::string>(), std::move(done));
    });
  }};
  table["editMessage"] = {[desk = dependencies.desk](const Call& call, Answer answer) {
    change(call, desk, std::move(answer), [&](std::int64_t id, auto done) {
      desk->edit(writeContext(call), id, call.body.at("content"), std::move(done));
    });
  }};
  table["withdrawMessage"] = {[desk = dependencies.desk](const Call& call, Answer answer) {
    change(call, desk, std::move(answer),
           [&](std::int64_t id, auto done) { desk->withdraw(writeContext(call), id, std::move(done)); });
  }};
}

}  // namespace patchbay::api
