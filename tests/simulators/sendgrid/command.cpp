#include "simulators/sendgrid/command.hpp"

#include <array>
#include <cstdio>

#include "base/text.hpp"
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

bool truth(const std::string& text, const std::string& value) {
  if (value != "true" && value != "false") throw BadInput("--mailbox '" + text + "': 'signed' must be true or false");
  return value == "true";
}

Mailbox mailboxFromText(const std::string& text) {
  Mailbox mailbox;
  for (const std::string_view part : split(text, ',')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0)
      throw BadInput("--mailbox '" + text + "': '" + std::string(part) + "' is not NAME=VALUE");
    const std::string name(part.substr(0, equals));
    const std::string value(part.substr(equals + 1));
    if (mailbox.address.empty()) {
      mailbox.address = name;
      mailbox.callback_url = value;
    } else if (name == "inbound") {
      mailbox.inbound = value;
    } else if (name == "inbound-url") {
      mailbox.inbound_url = value;
    } else if (name == "mode" && (value == "raw" || value == "parsed")) {
      mailbox.raw = value == "raw";
    } else if (name == "signed") {
      mailbox.sign_inbound = truth(text, value);
    } else if (name == "key") {
      mailbox.api_key = value;
    } else if (name == "label") {
      mailbox.label = value;
    } else {
      throw BadInput("--mailbox '" + text + "': unknown setting '" + std::string(part) + "'");
    }
  }
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
  if (line.has("events")) {
    options.events.events.clear();
    for (const std::string_view word : split(line.get("events", ""), ','))
      if (!word.empty()) options.events.events.emplace_back(word);
  }
  return options;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (line.has("help")) {
    std::printf(
        "patchbay-simulate sendgrid: plays SendGrid for tests and demos.\n\n"
        "  patchbay-simulate sendgrid --mailbox help@acme.example=http://127.0.0.1:8003/api/v1/webhooks/acme/email\n\n"
        "The first line it prints is \"listening on URL\": the base URL for the connector, and, under\n"
        "URL/_simulator/, a control API to deliver mail and events, order failures and see what was sent.\n\n%s",
        CommandLine::help(kOptions).c_str());
    return 0;
  }
  if (line.has("version")) {
    printVersion();
    return 0;
  }
  std::vector<Mailbox> mailboxes;
  for (const std::string& text : line.all("mailbox")) mailboxes.push_back(mailboxFromText(text));
  std::vector<Failure> failures;
  for (const std::string& text : line.all("fail")) failures.push_back(Failure::fromText(text));
  followParent(line);
  SendGridSimulator sendgrid(optionsFrom(line));
  for (Mailbox& mailbox : mailboxes) sendgrid.addMailbox(std::move(mailbox));
  for (Failure& failure : failures) sendgrid.failNext(std::move(failure));
  announce(sendgrid.url());
  waitForStop(stop);
  return 0;
}

}  // namespace patchbay::simulators::sendgrid
