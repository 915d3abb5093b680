#include "connectors/channel.hpp"

#include <algorithm>

#include "connectors/form.hpp"

namespace patchbay::connectors {

Channel::Channel() = default;

Channel::~Channel() = default;

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

std::shared_ptr<SigningCertificates> Channel::certificates(std::string_view suffix) const {
  const auto* verifier = verifierFor(suffix);
  return verifier == nullptr ? nullptr : verifier->certificates();
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

namespace {

/// The answer to a turn that the connector has no function for.
Turn unsupported(const char* what) {
  Turn turn;
  turn.status = PB_UNSUPPORTED;
  turn.error = std::string{"the connector has no "} + what;
  return turn;
}

/// Requests whose answers nobody would read: made all the same, a message that arrives would be reported as failed.
Turn withoutReader(Turn turn) {
  Turn bug;
  bug.status = PB_BUG;
  bug.error = "requests of a connector without resume: write resume(), which gets their answers and tells the outcome";
  bug.diagnostics = std::move(turn.diagnostics);
  bug.took = turn.took;
  return bug;
}

Turn unreadable(std::string why) {
  Turn turn;
  turn.status = PB_INVALID_INPUT;
  turn.error = std::move(why);
  return turn;
}

/// Is {"$blob": id} somewhere in the request?
bool names(const Json& value, std::uint64_t id) {
  if (value.is_object()) {
    const auto blob = value.find("$blob");
    if (blob != value.end() && blob->is_number_unsigned() && *blob == id) return true;
  }
  return value.is_structured() && std::any_of(value.begin(), value.end(), [&](const Json& v) { return names(v, id); });
}

/// Keeps the files that the turn uses. Most forms bring some that nobody asked for: they are not stored.
void addFiles(const Form& form, Turn& turn) {
  for (std::size_t i = 0; i < form.files.size(); ++i) {
    const std::uint64_t id = i + 1;
    const bool used =
        std::any_of(turn.events.begin(), turn.events.end(),
                    [&](const Event& event) {
                      return event.mime == id || std::any_of(event.media.begin(), event.media.end(),
                                                             [&](const MediaItem& item) { return item.blob == id; });
                    }) ||
        std::any_of(turn.requests.begin(), turn.requests.end(),
                    [&](const Json& request) { return names(request, id); });
    if (used) turn.blobs.emplace(id, form.files[i]);
  }
}

TurnFunction counted(TurnKind kind) {
  switch (kind) {
    case TurnKind::kPerform:
      return TurnFunction::kPerform;
    case TurnKind::kResume:
    case TurnKind::kResumePoll:
      return TurnFunction::kResume;
    case TurnKind::kPoll:
      return TurnFunction::kPoll;
    default:
      return TurnFunction::kReceive;
  }
}

}  // namespace

Turn Channel::runWatched(const Stimulus& stimulus, const TurnContext& context) {
  if (isolated_) return instance_->run(stimulus, context);
  const auto mark = stats().running.begin(RunningTurns::Clock::now());
  return instance_->run(stimulus, context);
}

Turn Channel::run(const Stimulus& stimulus, const TurnContext& context, const char* function) {
  if (!instance_->has(stimulus.kind)) return unsupported(function);
  auto turn = runWatched(stimulus, context);
  const bool steps =
      stimulus.kind == TurnKind::kPerform || stimulus.kind == TurnKind::kPoll || stimulus.kind == TurnKind::kReceive;
  if (steps && !turn.requests.empty() && !instance_->has(TurnKind::kResume)) turn = withoutReader(std::move(turn));
  stats().count(counted(stimulus.kind), turn.status, turn.took);
  if (turn.status == PB_BUG) stats().failed(now(), turn.error);
  return turn;
}

Turn Channel::receive(const Webhook& webhook, const TurnContext& context) {
  Stimulus stimulus;
  stimulus.kind = TurnKind::kReceive;
  stimulus.webhook = webhook;
  const auto* verifier = verifierFor(webhook.suffix);
  if (verifier == nullptr || !verifier->path().decode_form) return run(stimulus, context, "receive");
  const auto form = decodeForm(*webhook.headers, webhook.body);
  if (!form) {
    stats().count(TurnFunction::kReceive, PB_INVALID_INPUT, {});
    return unreadable(form.error().message);
  }
  if (form->kind == FormKind::kNone) return run(stimulus, context, "receive");
  stimulus.webhook.body = {};
  stimulus.webhook.fields = form->fields;
  auto with_files = context;
  with_files.files = form->files.size();
  auto turn = run(stimulus, with_files, "receive");
  if (turn.ok()) addFiles(*form, turn);
  return turn;
}

Turn Channel::perform(const Json& operation, const TurnContext& context) {
  const auto text = dumpJson(operation);
  Stimulus stimulus;
  stimulus.kind = TurnKind::kPerform;
  stimulus.operation = text;
  return run(stimulus, context, "perform");
}

Turn Channel::resume(const Json& operation, std::string_view carry, std::span<const Answer> answers,
                     const TurnContext& context) {
  const auto text = dumpJson(operation);
  Stimulus stimulus;
  stimulus.kind =
      operation.is_object() && operation.value("kind", Json{}) == "poll" ? TurnKind::kResumePoll : TurnKind::kResume;
  stimulus.operation = text;
  stimulus.carry = carry;
  stimulus.answers = answers;
  return run(stimulus, context, "resume");
}

Turn Channel::poll(std::string_view cursor, const TurnContext& context) {
  Stimulus stimulus;
  stimulus.kind = TurnKind::kPoll;
  stimulus.cursor = cursor;
  return run(stimulus, context, "poll");
}

}  // namespace patchbay::connectors
