// Messages of a topic service. Input: headers ("Name: value" lines), body.
#include "base/text.hpp"
#include "connectors/signature/sns_message.hpp"
#include "connectors/signature/verifier.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::connectors;
using patchbay::fuzz::check;

namespace {

const Timestamp kNow = *parseRfc3339("2026-01-05T10:00:00Z");
constexpr const char* kTopic = "arn:aws:sns:eu-west-1:111122223333:patchbay-mail";

std::unique_ptr<Verifier> verifierOfTopic() {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kSns;
  scheme.name = "sns";
  scheme.topics = "topics";
  WebhookPath path;
  path.signatures = {scheme};
  path.confirm = true;
  const auto secrets = std::make_shared<Secrets>(std::map<std::string, std::vector<std::string>>{}, "nonce");
  auto made = Verifier::make(path, secrets, Json{{"topics", Json::array({kTopic})}}, {}, {"127.0.0.1:9000"});
  check(made.ok(), "the verifier is made");
  return std::move(*made);
}

http::Headers headersOf(std::string_view lines) {
  http::Headers headers;
  for (const auto line : split(lines, '\n')) {
    const auto colon = line.find(": ");
    if (colon != std::string_view::npos)
      headers.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
  }
  return headers;
}

}  // namespace

FUZZ(std::string_view bytes) {
  static const auto verifier = verifierOfTopic();
  fuzz::Parts parts(bytes);
  const auto headers = headersOf(parts.next());
  const auto body = parts.rest();
  const auto verdict = verifier->verify({"POST", "", "", &headers, body}, kNow);
  check(verdict.kind != Verdict::Kind::kPass && verdict.kind != Verdict::Kind::kVisit, "nobody guesses a signature");
  if (verdict.kind == Verdict::Kind::kPending) {
    const std::string_view url = verdict.url;
    check(url.starts_with("https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-") ||
              url.starts_with("http://127.0.0.1:9000/SimpleNotificationService-") ||
              url.starts_with("https://127.0.0.1:9000/SimpleNotificationService-"),
          "a certificate comes from the service or from where the admin allows", url);
    check(url.find_first_of("?#@\\ \r\n") == std::string_view::npos, "its URL is plain", url);
  } else {
    check(verdict.kind == Verdict::Kind::kRefused && fuzz::oneLine(verdict.reason), "a refusal says why");
  }
  const auto message = parseSnsMessage(body);
  if (!message.ok()) return check(!message.error().message.empty(), "a broken message is named");
  check(stringToSign(*message).ends_with("\nType\n" + message->type_name + "\n"), "the type is signed last");
  check(regionOfTopic(message->topic).find_first_of("./:@") == std::string::npos, "a region is one label");
  if (refuseSubscribeUrl(*message, {}).empty())
    check(message->subscribe_url.starts_with("https://sns."), "only the service is visited", message->subscribe_url);
}
