#include "simulators/sendgrid/command.hpp"

#include <array>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/command_line.hpp"
#include "simulators/common/console.hpp"
#include "simulators/sendgrid/sendgrid_simulator.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

constexpr std::array<OptionRule, 14> kOptions{{
    {"mailbox", "ADDRESS=CALLBACK_URL",
     "a verified sender and the webhook of its channel, without /events; repeat for more. More settings after\n"
     "                                    commas: inbound=ADDRESS (where customers write), inbound-url=URL, "
     "mode=raw|parsed,\n"
     "                                    signed=true|false (Inbound Parse), key=API_KEY, label=L"},
    {"host", "ADDRESS", "listen address (127.0.0.1)"},
    {"port", "PORT", "0 lets the system choose (0)"},
    {"api-key", "KEY", "bearer token that sends must carry (SG.simulator-api-key)"},
    {"private-key", "BASE64",
     "PKCS#8 key that signs the webhooks (the test key; GET /_simulator/key has its public half)"},
    {"public-key", "BASE64", "its other half, needed with --private-key"},
    {"fail", "what=...,...",
     "a failure to play; repeat for more. what: an HTTP status, error (code= is the status), timeout,\n"
     "                                    close_after_request, close_before_request, garbage, no_id, dribble, usage. "
     "More:\n"
     "                                    times=N|always, to=ana@example.org, retry_after=SECONDS, counts=false"},
    {"events", "LIST", "what follows an accepted mail (processed,delivered); empty for nothing"},
    {"event-delay", "MS", "before each of them (20)"},
    {"seed", "N", "repeatable ids; without it they differ at each start"},
    {"quiet", "", "print the listening line only"},
    {"with-parent", "", "end when the process that started this one ends"},
    {"help", "", "this text"},
    {"version", "", "the version"},
}};

/// Whether a setting has the first of its two words. @throws BadInput  it has neither.
bool isFirst(const std::string& name, const std::string& value, const std::string& first, const std::string& second) {
  if (value != first && value != second)
    throw BadInput("--mailbox: '" + name + "' must be " + first + " or " + second + ", got '" + value + "'");
  return value == first;
}

Mailbox mailboxFromText(const std::string& text) {
  Mailbox mailbox;
  std::string mode = "raw";
  std::string is_signed = "true";
  readSettings("mailbox", text, mailbox.address, mailbox.callback_url,
               {{"inbound", &mailbox.inbound},
                {"inbound-url", &mailbox.inbound_url},
                {"mode", &mode},
                {"signed", &is_signed},
                {"key", &mailbox.api_key},
                {"label", &mailbox.label}});
  mailbox.raw = isFirst("mode", mode, "raw", "parsed");
  mailbox.sign_inbound = isFirst("signed", is_signed, "true", "false");
  return mailbox;
}

Options optionsFrom(const CommandLine& line) {
  Options options;
  readCommonOptions(line, options);
  options.api_key = line.get("api-key", options.api_key);
  if (options.api_key.empty()) throw BadInput("--api-key must not be empty");
  if (line.has("private-key") != line.has("public-key"))
    throw BadInput("--private-key and --public-key need each other");
  options.private_key = line.get("private-key", options.private_key);
  options.public_key = line.get("public-key", options.public_key);
  options.events.delay = std::chrono::milliseconds(line.number("event-delay", 20, 0, 3'600'000));
  options.events.events = line.list("events", options.events.events);
  return options;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printed(line, kOptions,
              "patchbay-simulate sendgrid: plays SendGrid for tests and demos.\n\n"
              "  patchbay-simulate sendgrid --mailbox "
              "help@acme.example=http://127.0.0.1:8003/api/v1/webhooks/acme/email\n\n"
              "The first line it prints is \"listening on URL\": the base URL for the connector, and, under\n"
              "URL/_simulator/, a control API to deliver mail and events, order failures and see what was sent."))
    return 0;
  std::vector<Mailbox> mailboxes;
  for (const std::string& text : line.all("mailbox")) mailboxes.push_back(mailboxFromText(text));
  std::vector<Failure> failures = failuresOf(line);
  followParent(line);
  SendGridSimulator sendgrid(optionsFrom(line));
  for (Mailbox& mailbox : mailboxes) sendgrid.addMailbox(std::move(mailbox));
  for (Failure& failure : failures) sendgrid.failNext(std::move(failure));
  announce(sendgrid.url());
  waitForStop(stop);
  return 0;
}

}  // namespace patchbay::simulators::sendgrid
