#include "simulators/whatsapp/command.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <optional>

#include "simulators/common/bad_input.hpp"
#include "simulators/meta/command.hpp"
#include "simulators/whatsapp/whatsapp_simulator.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

constexpr std::array<OptionRule, 24> kOptions{{
    {"number", "ID=CALLBACK_URL",
     "a WhatsApp number and where its webhooks go; repeat for more. More settings after commas:\n"
     "                                    "
     "ID=URL,app-secret=S,token=T,verify-token=V,display=15550100100,waba=3012,label=L"},
    {"host", "ADDRESS", "listen address (127.0.0.1)"},
    {"port", "PORT", "0 lets the system choose (0)"},
    {"app-secret", "SECRET", "signs the webhooks (simulator-app-secret)"},
    {"token", "TOKEN", "bearer token that Graph calls must carry (simulator-access-token)"},
    {"verify-token", "TOKEN", "for the hub.challenge handshake (simulator-verify-token)"},
    {"verify", "", "do the handshake with every number at start; failing it ends the program with 1"},
    {"wait", "SECONDS", "with --verify or --demo: how long to wait until the callbacks answer (30)"},
    {"fail", "what=...,...",
     "a failure to play; repeat for more. what: an HTTP status, error (with code=), timeout,\n"
     "                                    close_after_request, close_before_request, garbage, no_id, dribble. More: "
     "times=N|always,\n"
     "                                    to=+33..., on=messages|upload|media|download, retry_after=SECONDS, "
     "counts=false"},
    {"statuses", "LIST", "what follows an accepted send (sent,delivered,read); empty for nothing; failed too"},
    {"status-delay", "MS", "before each of them (20)"},
    {"statuses-before-response", "", "deliver them before the send call is answered"},
    {"failed-code", "CODE", "error code of a failed status (131026)"},
    {"media-url-seconds", "N", "life of a download URL (300)"},
    {"delivery-threads", "N", "status webhooks under way at once (4)"},
    {"seed", "N", "repeatable ids; without it they differ at each start"},
    {"demo", "", "customers write at once, then agents' answers are awaited"},
    {"demo-answers", "N", "answers (each read by its customer) that end the demo (one per number)"},
    {"demo-timeout", "SECONDS", "give up waiting for answers after this long (300)"},
    {"exit-after-demo", "", "exit when the demo is over: 0, or 1 when a webhook was refused or answers did not come"},
    {"quiet", "", "print the listening line only"},
    {"with-parent", "", "end when the process that started this one ends"},
    {"help", "", "this text"},
    {"version", "", "the version"},
}};

Options optionsFrom(const CommandLine& line) {
  Options options;
  meta::readOptions(line, options, options.statuses);
  options.media_url_lifetime = std::chrono::seconds(line.number("media-url-seconds", 300, 0, 86'400));
  options.delivery_threads = static_cast<unsigned>(line.number("delivery-threads", 4, 1, 64));
  options.statuses.before_response = line.has("statuses-before-response");
  options.statuses.failed_code = static_cast<int>(line.number("failed-code", 131026, 0, 9'999'999));
  for (const auto* name : {"app-secret", "token", "verify-token"})
    if (line.has(name) && line.get(name, "").empty()) throw BadInput(std::string("--") + name + " must not be empty");
  return options;
}

bool verifyAll(WhatsAppSimulator& meta, const sigset_t& stop, std::chrono::seconds patience) {
  const auto numbers = meta.numbers();
  return std::all_of(numbers.begin(), numbers.end(), [&](const Number& number) {
    return meta::verified([&] { return meta.verify(number.phone_number_id); }, number.callback_url, stop, patience);
  });
}

/// Plays the customers and waits for the agents. @return whether all went well.
bool playDemo(WhatsAppSimulator& meta, const sigset_t& stop, const CommandLine& line) {
  const auto wanted =
      static_cast<std::size_t>(line.number("demo-answers", static_cast<long long>(meta.numbers().size()), 0, 10'000));
  const auto give_up =
      std::chrono::steady_clock::now() + std::chrono::seconds(line.number("demo-timeout", 300, 0, 86'400));
  if (!meta.playDemoCustomers()["ok"].get<bool>()) {
    std::fprintf(stderr, "patchbay-simulate: a webhook of the demo was not answered with 200\n");
    return false;
  }
  std::printf("waiting for %zu answer%s\n", wanted, wanted == 1 ? "" : "s");
  std::fflush(stdout);
  for (;;) {
    const std::size_t read = meta.demoState()["read"].get<std::size_t>();
    if (read >= wanted) return true;
    if (std::chrono::steady_clock::now() >= give_up || stopped(stop, std::chrono::milliseconds(100))) {
      std::fprintf(stderr, "patchbay-simulate: %zu of %zu answers were sent and read\n", read, wanted);
      return false;
    }
  }
}

}  // namespace

Number numberFromText(const std::string& text) {
  Number number;
  readSettings("number", text, number.phone_number_id, number.callback_url,
               {{"app-secret", &number.app_secret},
                {"token", &number.token},
                {"verify-token", &number.verify_token},
                {"display", &number.display_phone_number},
                {"waba", &number.waba_id},
                {"label", &number.label}});
  return number;
}

int run(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printed(
          line, kOptions,
          "patchbay-simulate whatsapp: plays Meta's WhatsApp Cloud API for tests and demos.\n\n"
          "  patchbay-simulate whatsapp --number 1061=http://127.0.0.1:8003/api/v1/webhooks/acme/whatsapp --demo\n\n"
          "The first line it prints is \"listening on URL\": the base URL for the connector, and, under\n"
          "URL/_simulator/, a control API to deliver webhooks, order failures and see what was sent."))
    return 0;
  const Options options = optionsFrom(line);
  std::vector<Number> numbers;
  for (const std::string& text : line.all("number")) numbers.push_back(numberFromText(text));
  std::vector<Failure> failures = failuresOf(line);
  if (line.has("demo") && numbers.empty()) throw BadInput("--demo needs at least one --number");

  followParent(line);
  WhatsAppSimulator meta(options);
  for (Number& number : numbers) meta.registerNumber(std::move(number));
  for (Failure& failure : failures) meta.failNext(std::move(failure));
  announce(meta.url());

  const std::chrono::seconds patience(line.number("wait", 30, 0, 3600));
  if ((line.has("verify") || line.has("demo")) && !verifyAll(meta, stop, patience)) return 1;
  bool demo_ok = true;
  if (line.has("demo")) {
    demo_ok = playDemo(meta, stop, line);
    if (line.has("exit-after-demo")) return demo_ok ? 0 : 1;
  }
  waitForStop(stop);
  return demo_ok ? 0 : 1;
}

}  // namespace patchbay::simulators::whatsapp
