#include "simulators/twilio/command.hpp"

#include <array>
#include <csignal>
#include <cstdio>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/command_line.hpp"
#include "simulators/common/console.hpp"
#include "simulators/twilio/twilio_simulator.hpp"

namespace patchbay::simulators::twilio {
namespace {

constexpr std::array<OptionRule, 16> kOptions{{
    {"callback", "URL", "where inbound messages go, as it is configured at the provider"},
    {"host", "ADDRESS", "listen address (127.0.0.1)"},
    {"port", "PORT", "0 lets the system choose (0)"},
    {"account-sid", "SID", "the account (AC00112233445566778899aabbccddeeff)"},
    {"auth-token", "TOKEN", "signs the webhooks, and calls must carry it (simulator-auth-token)"},
    {"from", "NUMBER", "the business's number (+15550002222)"},
    {"whatsapp-from", "NUMBER", "and on WhatsApp (+15550003333)"},
    {"statuses", "LIST", "what follows an accepted send (sent,delivered); undelivered:30003 is a failure"},
    {"status-delay", "MS", "before each of them (20)"},
    {"fail", "what=...,...", "a failure to play; repeat for more. See README.md"},
    {"seed", "N", "repeatable ids; without it they differ at each start"},
    {"demo", "", "customers write at once"},
    {"quiet", "", "print the listening line only"},
    {"with-parent", "", "end when the process that started this one ends"},
    {"help", "", "this text"},
    {"version", "", "the version"},
}};

Options optionsFrom(const CommandLine& line) {
  Options options;
  readCommonOptions(line, options);
  options.account_sid = line.get("account-sid", options.account_sid);
  options.auth_token = line.get("auth-token", options.auth_token);
  options.from = line.get("from", options.from);
  options.whatsapp_from = line.get("whatsapp-from", options.whatsapp_from);
  options.callback_url = line.get("callback", "");
  options.status_delay_ms = static_cast<int>(line.number("status-delay", 20, 0, 3'600'000));
  options.statuses = line.list("statuses", options.statuses);
  if (options.auth_token.empty()) throw BadInput("--auth-token must not be empty");
  return options;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printed(
          line, kOptions,
          "patchbay-simulate twilio: plays Twilio's Messages API for tests and demos.\n\n"
          "  patchbay-simulate twilio --callback http://127.0.0.1:8003/api/v1/webhooks/acme/sms --demo\n\n"
          "The first line it prints is \"listening on URL\": base_url and messaging_base_url of the connector, and, "
          "under\n"
          "URL/_simulator/, a control API to deliver webhooks, order failures and see what was sent."))
    return 0;
  Options options = optionsFrom(line);
  std::vector<Failure> failures = failuresOf(line);
  if (line.has("demo") && options.callback_url.empty()) throw BadInput("--demo needs --callback");
  followParent(line);
  TwilioSimulator twilio(std::move(options));
  for (Failure& failure : failures) twilio.failNext(std::move(failure));
  announce(twilio.url());
  if (line.has("demo") && twilio.playDemoCustomers().at("ok") != true) {
    std::fprintf(stderr, "patchbay-simulate: a webhook of the demo was not answered with 200\n");
    return 1;
  }
  waitForStop(stop);
  return 0;
}

}  // namespace patchbay::simulators::twilio
