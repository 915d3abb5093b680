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

void react(const Call& call, delivery::ChannelDesk* desk, Answer answer) {
  if (desk == nullptr)
    return answer(
        problem(call.request, Problem{503, "providers_unavailable", "This host does not speak to providers."}));
  const auto& emoji = call.body.at("emoji");
  desk->react(writeContext(call), call.path.at("id"), emoji.is_null() ? "" : emoji.get<std::string>(),
              [reply = replyWith(call, answer), answer,
               request = call.request](std::variant<inbox::Document, Error, delivery::DirectOutcome> outcome) {
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
  table["reactToMessage"] = {
      [desk = dependencies.desk](const Call& call, Answer answer) { react(call, desk, std::move(answer)); }};
}

}  // namespace patchbay::api
