#include <algorithm>

#include "api/endpoints/endpoints.hpp"
#include "base/crypto.hpp"
#include "base/log.hpp"
#include "mail/own.hpp"
#include "mail/take_apart.hpp"

namespace patchbay::api {
namespace {

using connectors::Channel;
using connectors::Verdict;
using connectors::WebhookOutcome;

/// Providers that are told nothing else come back in their own rhythm; this is for those that listen.
constexpr const char* kDisabledRetryAfter = "60";
constexpr std::size_t kMaxLoggedDiagnostics = 20;
/// The provider waits for its answer meanwhile, and gives up after 15 s.
constexpr std::chrono::seconds kCertificateTimeout{5};
constexpr std::chrono::seconds kVisitTimeout{10};
constexpr std::size_t kMaxVisitBytes = 64U << 10U;

/// The address of a webhook: which instance, and what follows in its path.
struct Address {
  std::shared_ptr<Channel> channel;
  std::string suffix;
  bool off = false;  ///< it is configured but could not be started
};

http::Response notFound(const http::Request& request) {
  return problem(request, Problem{404, "webhook_not_found", "No channel takes webhooks at this address."});
}

/// For a channel that an admin is about to bring (back) to life: what arrives now must arrive again.
http::Response comeAgain(const http::Request& request, const char* code, const char* detail) {
  return problem(request, Problem{503, code, detail, {}, {{"Retry-After", kDisabledRetryAfter}}});
}

http::Response storeBusy(const http::Request& request) {
  return problem(request, Problem{503, "not_stored", "Nothing could be stored right now; deliver again."});
}

/// The verifier's status and challenge in the form of every other error. Why exactly, only the log says.
http::Response refusal(const http::Request& request, const Verdict& verdict) {
  Problem what;
  what.status = verdict.answer.status;
  const bool handshake = what.status == 403;
  what.code = handshake ? "handshake_refused" : "signature_refused";
  what.detail = handshake ? "The verify token is missing or wrong." : "The webhook's signature is missing or wrong.";
  const auto challenge = http::find(verdict.answer.headers, "WWW-Authenticate");
  if (what.status == 401)
    what.headers.push_back({"WWW-Authenticate", challenge.empty() ? "Signature" : std::string{challenge}});
  return problem(request, what);
}

log::Level levelOf(std::uint32_t severity) {
  return severity >= PB_ERROR ? log::Level::kError : severity >= PB_WARNING ? log::Level::kWarn : log::Level::kDebug;
}

/// What is needed after the request itself has gone to the connector.
http::Request outlineOf(const http::Request& request) {
  http::Request outline;
  outline.path = request.path;
  outline.id = request.id;
  return outline;
}

/// design.md section 2, steps 2 to 6.
class Webhooks : public std::enable_shared_from_this<Webhooks> {
 public:
  Webhooks(const Dependencies& dependencies, TurnQueues& turns)
      : ingest_(dependencies.ingest),
        find_owner_(dependencies.find_owner),
        effects_(dependencies.effects),
        max_body_(dependencies.max_webhook),
        turns_(turns) {}

  /// Before the body: is there such a channel, does it take webhooks there, and how large may they be?
  std::optional<http::Response> gate(const http::Request& head, const Address& address, http::Limits& limits) const {
    if (address.off) return comeAgain(head, "channel_not_started", "This channel could not be started.");
    if (!address.channel) return notFound(head);
    if (!address.channel->settings().enabled)
      return comeAgain(head, "channel_disabled", "This channel is switched off.");
    limits.max_body = std::min(address.channel->maxBody(address.suffix), max_body_);
    if (limits.max_body == 0) return notFound(head);
    return std::nullopt;
  }

  void receive(Call call, const Address& address, Answer answer) const {
    http::Limits unused;
    if (auto refusal = gate(call.request, address, unused)) return answer(std::move(*refusal));
    judge(std::move(call), address, std::move(answer), true);
  }

 private:
  /// @param may_fetch  what the verifier needs from outside, which then calls this again
  void judge(Call call, const Address& address, Answer answer, bool may_fetch) const {
    const auto& channel = address.channel;
    const std::string request_id = call.request.id;  // the request itself goes on
    const log::Scope scope(
        {.request_id = request_id, .tenant = channel->settings().tenant, .channel = channel->settings().name});
    const connectors::Webhook webhook{call.request.method, address.suffix, call.request.query, &call.request.headers,
                                      call.request.body};
    auto verdict = channel->verify(webhook);
    if (verdict.kind == Verdict::Kind::kUnknownPath) return answer(notFound(call.request));
    if (verdict.kind == Verdict::Kind::kHandshake) {
      channel->stats().count(WebhookOutcome::kHandshake);
      return answer(std::move(verdict.answer));
    }
    if (verdict.kind == Verdict::Kind::kRefused) {
      channel->stats().count(WebhookOutcome::kRefused);
      channel->stats().refused(now(), verdict.reason);
      log::warn("webhook", "webhook refused", {{"why", verdict.reason}});
      return answer(refusal(call.request, verdict));
    }
    if (verdict.kind == Verdict::Kind::kPending) {
      if (!may_fetch) return withoutCertificate(call.request, address, "it is gone again", answer);
      return fetchCertificate(std::move(call), address, verdict.url, std::move(answer));
    }
    if (verdict.kind == Verdict::Kind::kVisit) return visit(call.request, address, verdict.url, answer);
    if (!channel->isolated()) return takeTurn(std::move(call), address, std::move(answer));
    const auto waiting = std::make_shared<Call>(std::move(call));
    const auto turn = [self = shared_from_this(), waiting, address, answer](bool run) {
      const auto why = run ? address.channel->off() : std::string{"the host stops"};
      if (!why.empty()) return self->refuseTurn(waiting->request, address, why, answer);
      const auto outline = outlineOf(waiting->request);
      try {
        self->takeTurn(std::move(*waiting), address, answer);
      } catch (const std::exception& error) {
        self->refuseTurn(outline, address, error.what(), answer);
      }
    };
    if (!turns_.post(channel.get(), turn))
      refuseTurn(waiting->request, address, "too many wait for its worker", answer);
  }

  /// The webhook goes on in a queue of its channel when the certificate is here: not on the HTTP client's thread.
  void fetchCertificate(Call call, const Address& address, const std::string& url, const Answer& answer) const {
    if (!effects_.fetch) return withoutCertificate(call.request, address, "nothing is fetched here", answer);
    const auto waiting = std::make_shared<Call>(std::move(call));
    const auto go_on = [self = shared_from_this(), waiting, address, answer](bool run) {
      if (!run) return self->withoutCertificate(waiting->request, address, "the host stops", answer);
      const auto outline = outlineOf(waiting->request);
      try {
        self->judge(std::move(*waiting), address, answer, false);
      } catch (const std::exception& error) {
        self->refuseTurn(outline, address, error.what(), answer);
      }
    };
    const auto fetch = [fetch = effects_.fetch, channel = address.channel](
                           const std::string& wanted, connectors::SigningCertificates::Fetched done) {
      fetch(*channel, {wanted, connectors::SigningCertificates::kMaxPem, kCertificateTimeout}, std::move(done));
    };
    address.channel->certificates(address.suffix)
        ->obtain(url, now(), fetch,
                 [self = shared_from_this(), waiting, address, answer, go_on](const std::string& why) {
                   if (!why.empty()) return self->withoutCertificate(waiting->request, address, why, answer);
                   if (!self->turns_.post(address.channel.get(), go_on))
                     self->withoutCertificate(waiting->request, address, "too many wait", answer);
                 });
  }

  /// Our trouble, not the provider's: what it sent comes again.
  void withoutCertificate(const http::Request& request, const Address& address, const std::string& why,
                          const Answer& answer) const {
    address.channel->stats().count(WebhookOutcome::kBusy);
    log::warn("webhook", "webhook not taken: no signing certificate",
              {{"request_id", request.id}, {"channel", address.channel->settings().name}, {"why", why}});
    answer(comeAgain(request, "no_certificate", "The signing certificate cannot be had right now; deliver again."));
  }

  /// The handshake of a provider that wants a URL to be called.
  void visit(const http::Request& request, const Address& address, const std::string& url, const Answer& answer) const {
    const auto done = [outline = outlineOf(request), channel = address.channel,
                       answer](const Result<std::string>& page) {
      const auto& name = channel->settings().name;
      if (page.ok()) {
        channel->stats().count(WebhookOutcome::kHandshake);
        log::info("webhook", "subscription confirmed", {{"channel", name}});
        return answer(http::Response{200, {}, {}});
      }
      channel->stats().count(WebhookOutcome::kBusy);
      log::warn("webhook", "subscription not confirmed", {{"channel", name}, {"why", page.error().message}});
      answer(comeAgain(outline, "not_confirmed", "The subscription could not be confirmed right now; deliver again."));
    };
    if (!effects_.fetch) return done(Error{ErrorKind::kUnavailable, "no_fetch", "nothing is fetched here"});
    effects_.fetch(*address.channel, {url, kMaxVisitBytes, kVisitTimeout}, done);
  }

  /// Everything after the signature. In the thread of receive(), or in one of the queues for an isolated channel.
  void takeTurn(Call call, const Address& address, Answer answer) const {
    const auto& channel = address.channel;
    const std::string request_id = call.request.id;  // the request itself goes to the ingest
    const log::Scope scope(
        {.request_id = request_id, .tenant = channel->settings().tenant, .channel = channel->settings().name});
    const connectors::Webhook webhook{call.request.method, address.suffix, call.request.query, &call.request.headers,
                                      call.request.body};
    connectors::TurnContext context;
    context.now = now();
    context.trace_id = call.request.trace_id;
    const auto random = crypto::randomBytes(context.random.size());
    std::copy(random.begin(), random.end(), context.random.begin());
    auto turn = channel->receive(webhook, context);
    report(turn);
    if (!turn.ok()) return quarantine(std::move(call), address, turn.error, std::move(answer));
    turn.events = mail::takeApart(std::move(turn.events), turn.blobs, context.now, mail::ownAddresses(*channel));
    if (turn.requests.empty()) mail::takeSmallSources(turn.events, turn.blobs);  // else a request may name the bytes
    const bool more = !turn.blobs.empty() || !turn.requests.empty() || !turn.throttles.empty();
    if (more && !effects_.keep)
      return quarantine(std::move(call), address, "its blobs, requests or throttles are not carried out here",
                        std::move(answer));
    if (!turn.throttles.empty()) effects_.throttle(*channel, turn.throttles);
    if (turn.blobs.empty()) return store(std::move(call), address, std::move(turn), {}, answer);
    keepBlobs(std::move(call), address, std::move(turn), std::move(answer));
  }

  /// On files and requests the turn goes on when they are durable.
  void keepBlobs(Call call, const Address& address, connectors::Turn turn, Answer answer) const {
    struct Waiting {
      std::shared_ptr<const Webhooks> self;
      Call call;
      Address address;
      connectors::Turn turn;
      Answer answer;
    };
    auto blobs = std::move(turn.blobs);
    const auto waiting = std::make_shared<Waiting>(
        Waiting{shared_from_this(), std::move(call), address, std::move(turn), std::move(answer)});
    effects_.keep(std::move(blobs), [waiting](Result<inbox::StoredBlobs> stored) {
      const auto& self = *waiting->self;
      if (stored.ok())
        return self.store(std::move(waiting->call), waiting->address, std::move(waiting->turn), std::move(*stored),
                          waiting->answer);
      if (stored.error().kind == ErrorKind::kUnavailable)
        return self.refuseBusy(outlineOf(waiting->call.request), *waiting->address.channel, waiting->answer);
      self.quarantine(std::move(waiting->call), waiting->address, stored.error().message, waiting->answer);
    });
  }

  void store(Call call, const Address& address, connectors::Turn turn, inbox::StoredBlobs blobs,
             const Answer& answer) const {
    auto acknowledgement = acknowledge(turn, *address.channel, address.suffix);
    if (turn.events.empty() && turn.requests.empty()) {
      address.channel->stats().count(WebhookOutcome::kIgnored);
      return answer(std::move(acknowledgement));
    }
    for (auto& event : turn.events)
      for (auto& item : event.media)
        if (const auto found = blobs.find(item.blob); found != blobs.end()) {
          item.sha256 = found->second.sha256;
          item.size = found->second.size;
        }
    const auto outline = outlineOf(call.request);
    auto received = sorted(std::move(turn.events), address, std::move(call.request));
    const auto outcome = received.quarantine.empty() ? WebhookOutcome::kAccepted : WebhookOutcome::kQuarantined;
    auto done = afterCommit(outline, address.channel, outcome, std::move(acknowledgement), answer);
    if (!turn.requests.empty()) {
      const auto follow_up = inbox::followUpOf(*address.channel, turn, std::move(blobs), now());
      received.follow_ups.push_back(inbox::toPayload(follow_up, *address.channel));
      done = [done = std::move(done), queued = effects_.queued](bool stored) {
        if (stored && queued) queued();  // before the answer: whoever has it may end us
        done(stored);
      };
    }
    if (!ingest_.submit(std::move(received), std::move(done))) refuseBusy(outline, *address.channel, answer);
  }

  static void report(const connectors::Turn& turn) {
    for (std::size_t i = 0; i < std::min(turn.diagnostics.size(), kMaxLoggedDiagnostics); ++i) {
      const auto& one = turn.diagnostics[i];
      log::write(levelOf(one.severity), "webhook", "connector says",
                 {{"why", one.text}, {"code", one.code}, {"at", one.pointer}});
    }
  }

  static http::Response acknowledge(const connectors::Turn& turn, const Channel& channel, std::string_view suffix) {
    if (!turn.reply) return channel.acknowledgement(suffix);
    http::Response response{turn.reply->status, {}, turn.reply->body};
    if (!turn.reply->content_type.empty()) response.headers.push_back({"Content-Type", turn.reply->content_type});
    return response;
  }

  /// Gives each event to the instance whose account it is about. What is about nobody's keeps the whole request in
  /// quarantine: the provider mixes the numbers of an app, and one of them may be configured tomorrow.
  inbox::Received sorted(std::vector<connectors::Event> events, const Address& address, http::Request request) const {
    inbox::Received received;
    received.tenant = address.channel->settings().tenant;
    received.channel_name = address.channel->settings().name;
    received.request_id = request.id;
    std::string stranger;
    for (auto& event : events) {
      const auto owner = find_owner_ ? find_owner_(address.channel, event.account) : address.channel;
      if (!owner) {
        stranger = event.account;
        continue;
      }
      if (received.arrivals.empty() || received.arrivals.back().channel != owner)
        received.arrivals.push_back({owner, {}});
      received.arrivals.back().events.push_back(std::move(event));
    }
    received.request = rawOf(std::move(request), address.suffix);
    if (stranger.empty()) return received;
    log::warn("webhook", "webhook about an account of no channel, kept in quarantine", {{"account", stranger}});
    received.quarantine = "no channel of this tenant has the account " + stranger;
    return received;
  }

  static inbox::RawRequest rawOf(http::Request request, const std::string& suffix) {
    return {std::move(request.method), suffix, std::move(request.query), std::move(request.headers),
            std::move(request.body)};
  }

  static inbox::Ingest::Stored afterCommit(const http::Request& request, const std::shared_ptr<Channel>& channel,
                                           WebhookOutcome outcome, http::Response acknowledgement,
                                           const Answer& answer) {
    return [channel, outcome, outline = outlineOf(request), acknowledgement = std::move(acknowledgement),
            answer](bool stored) mutable {
      channel->stats().count(stored ? outcome : WebhookOutcome::kBusy);
      if (stored) channel->stats().inbound(now());
      answer(stored ? std::move(acknowledgement) : storeBusy(outline));
    };
  }

  static void refuseBusy(const http::Request& request, const Channel& channel, const Answer& answer) {
    channel.stats().count(WebhookOutcome::kBusy);
    answer(storeBusy(request));
  }

  /// The channel's worker has more to do than it can or has failed too often, or our own side fails. Nothing is lost:
  /// the provider delivers again.
  void refuseTurn(const http::Request& request, const Address& address, const std::string& why,
                  const Answer& answer) const {
    address.channel->stats().count(WebhookOutcome::kBusy);
    log::warn("webhook", "webhook not taken",
              {{"request_id", request.id}, {"channel", address.channel->settings().name}, {"why", why}});
    answer(comeAgain(request, "channel_busy", "This channel takes no webhooks right now; deliver again."));
  }

  /// Well signed, but our side cannot make sense of it: kept whole, and the provider need not send it again.
  void quarantine(Call call, const Address& address, const std::string& why, Answer answer) const {
    log::error("webhook", "webhook quarantined", {{"why", why}});
    address.channel->stats().failed(now(), "webhook quarantined: " + why);
    auto done = afterCommit(call.request, address.channel, WebhookOutcome::kQuarantined,
                            address.channel->acknowledgement(address.suffix), answer);
    const auto outline = outlineOf(call.request);
    const bool taken =
        ingest_.quarantine(address.channel, why, rawOf(std::move(call.request), address.suffix), std::move(done));
    if (!taken) refuseBusy(outline, *address.channel, answer);
  }

  inbox::Ingest& ingest_;
  FindOwner find_owner_;
  ReceiveEffects effects_;
  std::size_t max_body_;
  TurnQueues& turns_;
};

/// Finds the instance from the values of the path, in their order.
using Locate = std::function<Address(const std::vector<std::string>& values)>;

Endpoint endpoint(std::shared_ptr<const Webhooks> webhooks, Locate locate) {
  return {[webhooks, locate](Call call, Answer answer) {
            std::vector<std::string> values;
            for (const char* name : {"tenant_slug", "channel", "suffix"})
              if (const auto value = call.path.find(name); value != call.path.end()) values.push_back(*value);
            const auto address = locate(values);
            webhooks->receive(std::move(call), address, std::move(answer));
          },
          [webhooks, locate](const http::Request& head, const std::vector<std::string>& values, http::Limits& limits) {
            return webhooks->gate(head, locate(values), limits);
          },
          nullptr,
          // A mail is taken apart after the turn, and its HTML alone may take a while.
          [locate](const std::vector<std::string>& values) {
            const auto channel = locate(values).channel;
            return channel && channel->manifest().mail;
          }};
}

}  // namespace

void addWebhookEndpoints(Endpoints& table, const Dependencies& dependencies, TurnQueues& turns) {
  const auto webhooks = std::make_shared<Webhooks>(dependencies, turns);
  const auto named = endpoint(webhooks, [find = dependencies.find_channel,
                                         is_off = dependencies.is_off](const std::vector<std::string>& values) {
    auto channel = find(values.at(0), values.at(1));
    const bool off = !channel && is_off && is_off(values[0], values[1]);
    return Address{std::move(channel), values.size() > 2 ? values[2] : std::string{}, off};
  });
  const auto legacy =
      endpoint(webhooks, [find = dependencies.find_legacy_channel](const std::vector<std::string>& values) {
        return Address{find ? find(values.at(0)) : nullptr, {}};
      });
  for (const char* id : {"receiveWebhook", "verifyWebhook", "receiveWebhookAt", "verifyWebhookAt"}) table[id] = named;
  for (const char* id : {"receiveLegacyWebhook", "verifyLegacyWebhook"}) table[id] = legacy;
}

}  // namespace patchbay::api
