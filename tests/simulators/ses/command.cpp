#include "simulators/ses/command.hpp"

#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/command_line.hpp"
#include "simulators/common/console.hpp"
#include "simulators/ses/ses_simulator.hpp"

namespace patchbay::simulators::ses {
namespace {

constexpr std::array<OptionRule, 19> kOptions{{
    {"topic", "ARN=CALLBACK_URL",
     "an SNS topic and where its messages go; repeat for more. More settings after commas:\n"
     "                                    address=help@acme.example (its mailbox), label=L, signature-version=2, "
     "confirmed"},
    {"host", "ADDRESS", "listen address (127.0.0.1)"},
    {"port", "PORT", "0 lets the system choose (0)"},
    {"access-key-id", "ID", "of the key that requests must be signed with (AKIDSIMULATOREXAMPLE)"},
    {"secret-access-key", "SECRET", "its secret (simulator-secret-access-key)"},
    {"session-token", "TOKEN", "that requests must carry as well; none is expected without it"},
    {"region", "REGION", "of the API and of Message-IDs (eu-west-1)"},
    {"bucket", "NAME", "of received mail (simulator-mail)"},
    {"certificate-base", "URL", "where SigningCertURL and SubscribeURL lead (this program)"},
    {"subscribe", "", "confirm every topic's subscription at start; failing it ends the program with 1"},
    {"wait", "SECONDS", "with --subscribe or --demo: how long to wait until the callbacks answer (30)"},
    {"fail", "what=...,...",
     "a failure to play; repeat for more. what: an HTTP status, error (with type=MessageRejected), timeout,\n"
     "                                    close_after_request, close_before_request, garbage, no_id, dribble. More: "
     "times=N|always,\n"
     "                                    to=ana@..., on=messages|download|certificate|subscription|number, "
     "counts=false"},
    {"statuses", "LIST", "events after an accepted send (Send,Delivery); empty for nothing"},
    {"status-delay", "MS", "before each of them (20)"},
    {"seed", "N", "repeatable ids; without it they differ at each start"},
    {"demo", "", "customers write at once"},
    {"quiet", "", "print the listening line only"},
    {"with-parent", "", "end when the process that started this one ends"},
    {"help", "", "this text"},
}};

Topic topicFromText(const std::string& text) {
  Topic topic;
  bool first = true;
  for (const std::string_view part : split(text, ',')) {
    const auto equals = part.find('=');
    const std::string name(part.substr(0, equals));
    const std::string value(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    if (first) {
      topic.arn = name;
      topic.callback_url = value;
      first = false;
    } else if (name == "address") {
      topic.address = value;
    } else if (name == "label") {
      topic.label = value;
    } else if (name == "signature-version") {
      topic.signature_version = value;
    } else if (name == "confirmed") {
      topic.confirmed = true;
    } else {
      throw BadInput("--topic '" + text + "': unknown setting '" + name + "'");
    }
  }
  return topic;
}

Options optionsFrom(const CommandLine& line) {
  Options options;
  readCommonOptions(line, options);
  options.credentials = {line.get("access-key-id", options.credentials.access_key_id),
                         line.get("secret-access-key", options.credentials.secret_access_key),
                         line.get("session-token", ""), line.get("region", options.credentials.region)};
  options.bucket = line.get("bucket", options.bucket);
  options.certificate_base = line.get("certificate-base", "");
  options.events.delay = std::chrono::milliseconds(line.number("status-delay", 20, 0, 3'600'000));
  options.events.types = line.list("statuses", options.events.types);
  return options;
}

/// Every topic, again and again while the host is still starting.
bool subscribeAll(SesSimulator& amazon, const sigset_t& stop, std::chrono::seconds patience) {
  const auto give_up = std::chrono::steady_clock::now() + patience;
  for (const auto& topic : amazon.topics()) {
    if (topic.confirmed) continue;
    for (;;) {
      const auto problem = amazon.subscribe(topic.arn);
      if (problem.empty()) break;
      const bool starting = problem.starts_with("no answer") || problem.starts_with("answered 503");
      if (!starting || std::chrono::steady_clock::now() >= give_up || stopped(stop, std::chrono::milliseconds(500))) {
        std::fprintf(stderr, "patchbay-simulate: %s: %s\n", topic.callback_url.c_str(), problem.c_str());
        return false;
      }
    }
  }
  return true;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printed(
          line, kOptions,
          "patchbay-simulate ses: plays Amazon's SES, SNS and S3 for tests and demos.\n\n"
          "  patchbay-simulate ses --topic "
          "arn:aws:sns:eu-west-1:111122223333:acme=http://127.0.0.1:8003/api/v1/webhooks/acme/"
          "mail,address=help@acme.example\n\n"
          "The first line it prints is \"listening on URL\": base_url and s3_base_url of the connector, and, under\n"
          "URL/_simulator/, a control API to deliver mail, order failures and see what was sent. The channel needs\n"
          "URL's host and port in its egress_allow."))
    return 0;
  const Options options = optionsFrom(line);
  std::vector<Topic> topics;
  for (const std::string& text : line.all("topic")) topics.push_back(topicFromText(text));
  std::vector<Failure> failures = failuresOf(line);
  if (line.has("demo") && topics.empty()) throw BadInput("--demo needs at least one --topic");

  followParent(line);
  SesSimulator amazon(options);
  for (auto& topic : topics) amazon.addTopic(std::move(topic));
  for (auto& failure : failures) amazon.failNext(std::move(failure));
  announce(amazon.url());

  const std::chrono::seconds patience(line.number("wait", 30, 0, 3600));
  if ((line.has("subscribe") || line.has("demo")) && !subscribeAll(amazon, stop, patience)) return 1;
  bool demo_ok = true;
  if (line.has("demo")) demo_ok = amazon.playDemoCustomers()["ok"].get<bool>();
  waitForStop(stop);
  return demo_ok ? 0 : 1;
}

}  // namespace patchbay::simulators::ses
