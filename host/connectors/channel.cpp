#include "connectors/channel.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "connectors/channel_host.hpp"
#include "connectors/library.hpp"
#include "connectors/turn_runner.hpp"

namespace patchbay::connectors {

Channel::Channel() = default;

Channel::~Channel() {
  if (instance_ == nullptr) return;
  const log::Scope scope({.tenant = settings_.tenant, .channel = settings_.name});
  try {
    // Before library_ and host_ go: the instance's code and its way to log.
    library_->functions().destroy(instance_);
  } catch (const std::exception& error) {
    log::error("connectors", "destroy threw; what it left behind stays", {{"why", error.what()}});
  } catch (...) {
    log::error("connectors", "destroy threw; what it left behind stays");
  }
}

bool LogAllowance::take(std::chrono::steady_clock::time_point now, std::uint64_t& left_out) {
  const std::lock_guard lock(mutex_);
  if (filled_ != std::chrono::steady_clock::time_point{})
    lines_ = std::min(kBurst, lines_ + std::chrono::duration<double>(now - filled_).count() * kPerSecond);
  filled_ = now;
  if (lines_ < 1) {
    ++left_out_;
    return false;
  }
  lines_ -= 1;
  left_out = std::exchange(left_out_, 0);
  return true;
}

Channel::HostServices::HostServices(std::string channel) : who(std::move(channel)) {
  table.struct_size = sizeof table;
  table.abi_minor = PB_ABI_MINOR;
  table.host_data = this;
  table.log = [](const pb_host* host, std::uint32_t severity, pb_str text) {
    try {
      const auto level = severity == PB_DEBUG     ? log::Level::kDebug
                         : severity == PB_WARNING ? log::Level::kWarn
                         : severity >= PB_ERROR   ? log::Level::kError
                                                  : log::Level::kInfo;
      auto& services = *static_cast<HostServices*>(host->host_data);
      std::uint64_t left_out = 0;
      if (!log::enabled(level) || !services.allowance.take(std::chrono::steady_clock::now(), left_out)) return;
      const std::string_view who = services.who;
      const auto slash = who.find('/');
      const log::Scope scope({.tenant = who.substr(0, slash), .channel = who.substr(slash + 1)});
      log::write(level, "connector", view(text));
      if (left_out > 0) log::warn("connector", "logs too much: lines were left out", {{"lines", left_out}});
    } catch (const std::exception&) {
      // Out of memory in a log line: nothing may be thrown into the connector, and there is nobody else to tell.
    }
  };
}

const Manifest& Channel::manifest() const {
  return library_->manifest();
}

const Verifier* Channel::verifierFor(std::string_view suffix) const {
  for (const auto& verifier : verifiers_)
    if (verifier->matches(suffix)) return verifier.get();
  return nullptr;
}

Verdict Channel::verify(const Webhook& webhook) const {
  return verify(webhook, now());
}

Verdict Channel::verify(const Webhook& webhook, Timestamp now) const {
  const auto* verifier = verifierFor(webhook.suffix);
  if (verifier == nullptr) return {Verdict::Kind::kUnknownPath, {}, "the connector has no webhook at this path"};
  return verifier->verify(webhook, now);
}

void Channel::sign(UnsignedWebhook& webhook, Timestamp now) const {
  // By the path of the manifest: a token in the path is still to be added to it.
  for (const auto& verifier : verifiers_)
    if (verifier->path().suffix == webhook.suffix) return verifier->sign(webhook, now);
}

const SignatureScheme* Channel::signatureScheme(std::string_view suffix) const {
  for (const auto& verifier : verifiers_)
    if (verifier->path().suffix == suffix) return &verifier->scheme();
  return nullptr;
}

std::size_t Channel::maxBody(std::string_view suffix) const {
  const auto* verifier = verifierFor(suffix);
  return verifier == nullptr ? 0 : verifier->path().max_body;
}

http::Response Channel::acknowledgement(std::string_view suffix) const {
  http::Response answer;
  if (const auto* verifier = verifierFor(suffix)) {
    answer.status = verifier->path().ack_status;
    answer.body = verifier->path().ack_body;
    if (!answer.body.empty()) answer.headers.push_back({"Content-Type", verifier->path().ack_content_type});
  }
  return answer;
}

std::unique_lock<std::mutex> Channel::lockTurn() {
  return manifest().reentrant ? std::unique_lock<std::mutex>{} : std::unique_lock{turn_};
}

namespace {

/// The answer to a turn that the connector has no function for.
Turn unsupported(const char* what) {
  Turn turn;
  turn.status = PB_UNSUPPORTED;
  turn.error = std::string{"the connector has no "} + what;
  return turn;
}

/// Requests whose answers nobody would read: made all the same, a message that arrives would be reported as failed.
Turn needingResume(Turn turn, const pb_connector& functions) {
  if (functions.resume != nullptr || turn.requests.empty()) return turn;
  Turn bug;
  bug.status = PB_BUG;
  bug.error = "requests of a connector without resume: write resume(), which gets their answers and tells the outcome";
  bug.diagnostics = std::move(turn.diagnostics);
  bug.took = turn.took;
  return bug;
}

}  // namespace

Turn Channel::receive(const Webhook& webhook, const TurnContext& context) {
  const auto function = library_->functions().receive;
  if (function == nullptr) return unsupported("receive");
  std::vector<pb_header> headers;
  headers.reserve(webhook.headers->size());
  for (const auto& header : *webhook.headers) headers.push_back({borrow(header.name), borrow(header.value)});
  pb_request request{};
  request.struct_size = sizeof request;
  request.header_count = static_cast<std::uint32_t>(headers.size());
  request.method = borrow(webhook.method);
  request.suffix = borrow(webhook.suffix);
  request.query = borrow(webhook.query);
  request.headers = headers.data();
  request.body = borrow(webhook.body);
  const auto lock = lockTurn();
  return runTurn(TurnKind::kReceive, host_->who, context,
                 [&](const pb_call* call) { return function(instance_, call, &request); });
}

Turn Channel::perform(const Json& operation, const TurnContext& context) {
  const auto function = library_->functions().perform;
  if (function == nullptr) return unsupported("perform");
  const auto text = dumpJson(operation);
  const auto lock = lockTurn();
  return needingResume(runTurn(TurnKind::kPerform, host_->who, context,
                               [&](const pb_call* call) { return function(instance_, call, borrow(text)); }),
                       library_->functions());
}

Turn Channel::resume(const Json& operation, std::string_view carry, std::span<const Answer> answers,
                     const TurnContext& context) {
  const auto function = library_->functions().resume;
  if (function == nullptr) return unsupported("resume");
  const auto text = dumpJson(operation);
  std::vector<std::vector<pb_header>> headers(answers.size());
  std::vector<pb_response> responses(answers.size());
  std::vector<const pb_response*> pointers(answers.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto& answer = answers[i];
    for (const auto& header : answer.headers) headers[i].push_back({borrow(header.name), borrow(header.value)});
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
  const auto kind =
      operation.is_object() && operation.value("kind", Json{}) == "poll" ? TurnKind::kResumePoll : TurnKind::kResume;
  const auto lock = lockTurn();
  return runTurn(kind, host_->who, context, [&](const pb_call* call) {
    return function(instance_, call, borrow(text), borrow(carry), pointers.data(), pointers.size());
  });
}

Turn Channel::poll(std::string_view cursor, const TurnContext& context) {
  const auto function = library_->functions().poll;
  if (function == nullptr) return unsupported("poll");
  const auto lock = lockTurn();
  return needingResume(runTurn(TurnKind::kPoll, host_->who, context,
                               [&](const pb_call* call) { return function(instance_, call, borrow(cursor)); }),
                       library_->functions());
}

}  // namespace patchbay::connectors
