#include "connectors/worker/stimulus.hpp"

#include <vector>

namespace patchbay::connectors {
namespace {

std::vector<pb_header> headersOf(const http::Headers& source) {
  std::vector<pb_header> headers;
  headers.reserve(source.size());
  for (const auto& header : source) headers.push_back({borrow(header.name), borrow(header.value)});
  return headers;
}

std::int32_t receive(const pb_connector& functions, pb_instance* instance, const Webhook& webhook,
                     const pb_call* call) {
  const auto headers = headersOf(*webhook.headers);
  pb_request request{};
  request.struct_size = sizeof request;
  request.header_count = static_cast<std::uint32_t>(headers.size());
  request.method = borrow(webhook.method);
  request.suffix = borrow(webhook.suffix);
  request.query = borrow(webhook.query);
  request.headers = headers.data();
  request.body = borrow(webhook.body);
  std::vector<pb_field> fields;
  fields.reserve(webhook.fields.size());
  for (const auto& field : webhook.fields)
    fields.push_back(
        {borrow(field.name), borrow(field.value), borrow(field.filename), borrow(field.content_type), field.blob});
  request.fields = fields.data();
  request.field_count = fields.size();
  return functions.receive(instance, call, &request);
}

std::int32_t resume(const pb_connector& functions, pb_instance* instance, const Stimulus& stimulus,
                    const pb_call* call) {
  const auto count = stimulus.answers.size();
  std::vector<std::vector<pb_header>> headers(count);
  std::vector<pb_response> responses(count);
  std::vector<const pb_response*> pointers(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto& answer = stimulus.answers[i];
    headers[i] = headersOf(answer.headers);
    auto& response = responses[i];
    response.struct_size = sizeof response;
    response.header_count = static_cast<std::uint32_t>(headers[i].size());
    response.status = answer.status;
    response.failure = answer.failure;
    response.headers = headers[i].data();
    response.body = borrow(answer.body);
    response.blob = answer.blob;
    response.error = borrow(answer.error);
    pointers[i] = &response;
  }
  return functions.resume(instance, call, borrow(stimulus.operation), borrow(stimulus.carry), pointers.data(), count);
}

}  // namespace

bool has(const pb_connector& functions, TurnKind kind) {
  switch (kind) {
    case TurnKind::kCreate:
      return functions.create != nullptr;
    case TurnKind::kReceive:
      return functions.receive != nullptr;
    case TurnKind::kPerform:
      return functions.perform != nullptr;
    case TurnKind::kResume:
    case TurnKind::kResumePoll:
      return functions.resume != nullptr;
    case TurnKind::kPoll:
      return functions.poll != nullptr;
  }
  return false;
}

std::int32_t enter(const pb_connector& functions, const pb_host& host, pb_instance*& instance, const Stimulus& stimulus,
                   const pb_call* call) {
  switch (stimulus.kind) {
    case TurnKind::kCreate:
      return functions.create(&host, borrow(stimulus.context), call, &instance);
    case TurnKind::kReceive:
      return receive(functions, instance, stimulus.webhook, call);
    case TurnKind::kPerform:
      return functions.perform(instance, call, borrow(stimulus.operation));
    case TurnKind::kResume:
    case TurnKind::kResumePoll:
      return resume(functions, instance, stimulus, call);
    case TurnKind::kPoll:
      return functions.poll(instance, call, borrow(stimulus.cursor));
  }
  return PB_UNSUPPORTED;
}

}  // namespace patchbay::connectors
