// Customers who write: inbound webhooks, signed as Twilio signs them.
#include "base/crypto.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/twilio/twilio_simulator_impl.hpp"

namespace patchbay::simulators::twilio {
namespace {

constexpr const char* kPixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A set value replaces the one that is there: "fields" of an event go over ours.
void set(Fields& fields, const std::string& name, const std::string& value) {
  for (auto& [own, current] : fields)
    if (own == name) {
      current = value;
      return;
    }
  fields.emplace_back(name, value);
}

}  // namespace

Json TwilioSimulator::Impl::deliver(const Json& event) {
  allowOnly(event, "event", {"from", "to", "text", "name", "media", "fields", "signature", "copies", "id"});
  const std::string from = textOr(event, "from", "");
  if (from.empty()) throw BadInput("'from' is needed: +1555... or whatsapp:+1555...");
  const bool whatsapp = from.starts_with("whatsapp:");
  const Json files = event.value("media", Json::array());
  if (!files.is_array()) throw BadInput("'media' must be a list");
  const std::string id = textOr(event, "id", sid(files.empty() ? "SM" : "MM"));
  const std::string own = whatsapp ? "whatsapp:" + options.whatsapp_from : options.from;
  Fields fields = {{"ToCountry", "US"},
                   {"MessageSid", id},
                   {"SmsMessageSid", id},
                   {"SmsSid", id},
                   {"SmsStatus", "received"},
                   {"AccountSid", options.account_sid},
                   {"From", from},
                   {"To", textOr(event, "to", own)},
                   {"Body", textOr(event, "text", "")},
                   {"NumMedia", std::to_string(files.size())},
                   {"NumSegments", "1"},
                   {"FromCity", ""},
                   {"ApiVersion", "2010-04-01"}};
  if (whatsapp) {
    set(fields, "ProfileName", textOr(event, "name", "Customer"));
    if (from[9] == '+') set(fields, "WaId", from.substr(10));
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto bytes = crypto::base64Decode(textOr(files[i], "base64", ""));
    if (!bytes || bytes->empty()) throw BadInput("'base64' of a file is not base64");
    const std::string file = sid("ME"), type = textOr(files[i], "mime_type", "image/png");
    {
      const std::lock_guard lock(mutex);
      media[file] = {*bytes, type};
    }
    const std::string n = std::to_string(i);
    set(fields, "MediaUrl" + n,
        server.url() + "/2010-04-01/Accounts/" + options.account_sid + "/Messages/" + id + "/Media/" + file);
    set(fields, "MediaContentType" + n, type);
  }
  const Json more = event.value("fields", Json::object());
  for (const auto& [name, value] : more.items()) {
    if (!value.is_string()) throw BadInput("'fields' must be texts, and '" + name + "' is not");
    set(fields, name, value.get<std::string>());
  }
  std::string url;
  {
    const std::lock_guard lock(mutex);
    url = callback_url;
    // What the provider itself does with the words, on numbers without an own rule.
    const std::string text = textOr(event, "text", "");
    if (text == "STOP") opted_out.insert(from);
    if (text == "START") opted_out.erase(from);
  }
  if (url.empty()) throw BadInput("no callback URL is set");
  HttpClient::Headers headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  const std::string signature = textOr(event, "signature", "valid");
  if (signature == "valid")
    headers.emplace_back("X-Twilio-Signature", signatureOf(options.auth_token, url, fields));
  else if (signature == "wrong")
    headers.emplace_back("X-Twilio-Signature", signatureOf("another token", url, fields));
  else if (signature != "missing")
    throw BadInput("'signature' must be valid, wrong or missing");
  const auto copies = numberOr(event, "copies", 1);
  if (copies < 1 || copies > 1000) throw BadInput("'copies' must be 1..1000");
  HttpAnswer answer;
  for (long long i = 0; i < copies; ++i)
    answer = client.post(url.substr(0, url.find('#')), headers, encodeForm(fields));
  tell(from + " writes: " + textOr(event, "text", "") + " -> " + std::to_string(answer.status));
  Json told = {{"ids", {id}},
               {"status", answer.status},
               {"body", answer.body},
               {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(answer.took).count()}};
  if (!answer.error.empty()) told["error"] = answer.error;
  return told;
}

Json TwilioSimulator::Impl::playDemoCustomers() {
  const std::vector<Json> events = {
      {{"from", "+15550104001"}, {"text", "Hi, is my order 4711 on its way?"}},
      {{"from", "+15550104002"},
       {"text", "This is how it arrived."},
       {"media", {{{"base64", kPixel}, {"mime_type", "image/png"}}}}},
      {{"from", "whatsapp:+15550104003"}, {"name", "Zoë"}, {"text", "Do you ship to Berlin? 🚚"}},
      {{"from", "whatsapp:+15550104003"},
       {"name", "Zoë"},
       {"text", ""},
       {"fields", {{"Latitude", "52.5200"}, {"Longitude", "13.4050"}, {"Label", "Here"}}}}};
  bool ok = true;
  Json steps = Json::array();
  for (const Json& event : events) {
    {
      const std::lock_guard lock(mutex);
      demo_customers.insert(event.at("from").get<std::string>());
    }
    const Json told = deliver(event);
    ok = ok && told.at("status") == 200;
    const std::string words = event.at("text");
    steps.push_back({{"customer", {{"name", event.value("name", event.at("from").get<std::string>())}}},
                     {"channel", "twilio"},
                     {"step", words.empty() ? "a place" : words},
                     {"ids", told.at("ids")},
                     {"status", told.at("status")},
                     {"milliseconds", told.at("milliseconds")}});
  }
  return {{"ok", ok}, {"steps", steps}};
}

}  // namespace patchbay::simulators::twilio
