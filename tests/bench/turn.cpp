// What one WhatsApp webhook costs between the socket and the lane: verify, receive, decode. One thread.
//
//     patchbay-bench-turn build/connectors/whatsapp.so [seconds]
//
// The references are measured in the same run, in alternation, so the ratios hold on a busy machine too.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <stdexcept>

#include "base/crypto.hpp"
#include "connectors/channel_factory.hpp"

namespace {

using namespace std::chrono_literals;
namespace connectors = patchbay::connectors;
using Clock = std::chrono::steady_clock;

constexpr int kRound = 200;  // calls between two looks at the clock

/// A text message as the provider sends it: escaped to ASCII, with the members that it really has.
const std::string kBody =
    R"({"object":"whatsapp_business_account","entry":[{"id":"301200000000001","changes":[{"value":{"messaging_product":"whatsapp",)"
    R"("metadata":{"display_phone_number":"15550109999","phone_number_id":"401200000000002"},"contacts":[{"profile":{"name":"Ines Mor\u00e9au",)"
    R"("username":"@inesm"},"wa_id":"33611112222","user_id":"FR.7781234500991122"}],"messages":[{"context":{"from":"15550109999",)"
    R"("id":"wamid.HBgLMzM2MTExMTIyMjIVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA"},"from":"33611112222","from_user_id":"FR.7781234500991122",)"
    R"("id":"wamid.HBgLMzM2MTExMTIyMjIVAgASGBQzQTRGNzA4QjA2RkI4M0ZGNEIA","timestamp":"1790000000","type":"text","text":{"body":"Bonjour, je voudrais )"
    R"(savoir o\u00f9 en est ma commande 4711, pass\u00e9e lundi sur https:\/\/shop.example.test\/commandes\/4711. Merci beaucoup! \ud83d\ude00 )"
    R"(Elle devait arriver mercredi et je serai absente \u00e0 partir de vendredi midi."}}]},"field":"messages"}]}]})";

/// Microseconds per call: the median of the rounds so far.
class Meter {
 public:
  explicit Meter(std::function<void()> call) : call_(std::move(call)) {}
  void round() {
    const auto started = Clock::now();
    for (int i = 0; i < kRound; ++i) call_();
    rounds_.push_back(std::chrono::duration<double, std::micro>(Clock::now() - started).count() / kRound);
  }
  double median() {
    std::nth_element(rounds_.begin(), rounds_.begin() + static_cast<std::ptrdiff_t>(rounds_.size() / 2), rounds_.end());
    return rounds_[rounds_.size() / 2];
  }
  double best() const { return *std::min_element(rounds_.begin(), rounds_.end()); }

 private:
  std::function<void()> call_;
  std::vector<double> rounds_;
};

void require(bool condition, const std::string& what) {
  if (!condition) throw std::runtime_error(what);
}

int run(const std::string& library, std::chrono::seconds duration) {
  connectors::ConnectorSet set({library}, "");
  require(set.entries().at(0).manifest.has_value(), library + ": " + set.entries()[0].error);
  connectors::ChannelFactory factory(set);
  connectors::ChannelSettings settings;
  settings.tenant = settings.name = "bench";
  settings.connector = set.entries()[0].manifest->id;
  settings.config = {{"phone_number_id", "401200000000002"},
                     {"access_token", "a-token"},
                     {"app_secret", "bench-secret"},
                     {"verify_token", "x"}};
  auto made = factory.create(settings);
  require(made.ok(), made ? "" : made.error().message);
  const auto channel = *made;

  const patchbay::http::Headers headers = {
      {"Host", "patchbay.example"},
      {"User-Agent", "facebookexternalua"},
      {"Content-Type", "application/json"},
      {"Accept", "*/*"},
      {"Content-Length", std::to_string(kBody.size())},
      {"X-Hub-Signature-256", "sha256=" + patchbay::crypto::hexEncode(patchbay::crypto::hmac(
                                              patchbay::crypto::Hash::kSha256, "bench-secret", kBody))}};
  const connectors::Webhook webhook{"POST", "", "", &headers, kBody};
  std::vector<connectors::Effect> effects;
  connectors::TurnContext context;
  context.now = patchbay::now();
  context.record = &effects;
  require(channel->verify(webhook).kind == connectors::Verdict::Kind::kPass, "the signature was refused");
  const auto first = channel->receive(webhook, context);
  require(first.ok() && first.events.size() == 1, "the turn failed: " + first.error);
  context.record = nullptr;
  const auto event = effects.at(0).text;

  std::size_t sink = 0;
  Meter hmac([&] { sink += patchbay::crypto::hmac(patchbay::crypto::Hash::kSha256, "bench-secret", kBody).size(); });
  Meter parse([&] { sink += patchbay::parseJson(kBody).size(); });
  Meter verify([&] { sink += channel->verify(webhook).kind == connectors::Verdict::Kind::kPass ? 1 : 0; });
  Meter receive([&] { sink += channel->receive(webhook, context).events.size(); });
  Meter decode([&] { sink += connectors::decodeEvent(event, context.now)->id.size(); });
  Meter whole([&] {
    if (channel->verify(webhook).kind == connectors::Verdict::Kind::kPass)
      sink += channel->receive(webhook, context).events.size();
  });
  const auto end = Clock::now() + duration;
  do {
    for (auto* meter : {&hmac, &parse, &verify, &receive, &decode, &whole}) meter->round();
  } while (Clock::now() < end);

  const double reference = hmac.median() + parse.median();
  std::printf("webhook of %zu bytes, event of %zu bytes; microseconds per call, one thread\n\n", kBody.size(),
              event.size());
  std::printf("%-44s %8s %8s %10s\n", "", "median", "best", "of whole");
  const auto line = [&](const char* name, Meter& meter) {
    std::printf("%-44s %8.2f %8.2f %9.0f%%\n", name, meter.median(), meter.best(),
                100 * meter.median() / whole.median());
  };
  line("verify + receive + decode", whole);
  line("  verify (HMAC-SHA256 and compare)", verify);
  line("  receive (the connector, and decoding)", receive);
  line("    decodeEvent alone", decode);
  line("reference: HMAC-SHA256 alone", hmac);
  line("reference: parseJson of the body alone", parse);
  std::printf("\nratio to HMAC + one parse: %.2f   one core could do %.0f webhooks/s\n", whole.median() / reference,
              1e6 / whole.median());
  return sink == 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || std::string_view{argv[1]} == "--help") {
    std::fprintf(argc < 2 ? stderr : stdout,
                 "usage: patchbay-bench-turn LIBRARY [SECONDS]\nTimes one WhatsApp webhook turn against the whatsapp "
                 "connector.\n");
    return argc < 2 ? 2 : 0;
  }
  try {
    return run(argv[1], argc > 2 ? std::chrono::seconds{std::stoi(argv[2])} : 5s);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "patchbay-bench-turn: %s\n", error.what());
    return 1;
  }
}
