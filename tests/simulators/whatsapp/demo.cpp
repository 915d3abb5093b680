/// The demo: invented customers from several countries write to the registered numbers. The agents' answers come in as
/// sends and are followed by their statuses like any other.
#include "base/crypto.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/picture.hpp"
#include "simulators/meta/demo_steps.hpp"
#include "simulators/whatsapp/simulator_impl.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

const Customer kInes{"Inês Moreau", "+33639980042", "FR.7781234500991122", "@inesm"};
const Customer kJuergen{"Jürgen Weiß", "+4915550123456", "DE.4410098877665544", ""};
const Customer kAmaka{"Amaka Obi", "+2348035550171", "NG.1200456789012345", ""};
const Customer kLukasz{"Łukasz Żak", "+48605550118", "PL.5566001122334455", ""};
/// Has a username and hides the phone number: nothing but the business-scoped id identifies her.
const Customer kXiaofang{"陳小芳", "", "TW.9032118844220077", "@xiaofang"};

Json located(const Customer& from, double latitude, double longitude, const char* name) {
  return {{"type", "location"},
          {"from", toJson(from)},
          {"content", {{"latitude", latitude}, {"longitude", longitude}, {"name", name}}}};
}

/// A poll cannot be shown by the API: Meta passes on that there was something.
Json unsupported(const Customer& from) {
  return {{"type", "unsupported"},
          {"from", toJson(from)},
          {"content", {{"type", "poll"}}},
          {"extra",
           {{"errors",
             {{{"code", 131051},
               {"title", "Message type unknown"},
               {"message", "Message type unknown"},
               {"error_data", {{"details", "Message type is currently not supported."}}}}}}}}};
}

}  // namespace

Json WhatsAppSimulator::Impl::playCustomers() {
  std::vector<Number> all;
  {
    const std::lock_guard lock(mutex);
    all = numbers;
  }
  if (all.empty()) throw BadInput("the demo needs at least one registered number");
  const Number& first = all.front();
  const Number& second = all.size() > 1 ? all[1] : all.front();
  for (const Number& number : all)
    templates.put({.waba_id = number.waba_id,
                   .name = "order_ready",
                   .language = "en_US",
                   .status = "APPROVED",
                   .category = "UTILITY",
                   .components = {{{"type", "BODY"}, {"text", "Hello {{1}}, your order {{2}} is ready."}}}});
  Json steps = Json::array();
  const auto play = [&](const std::string& title, const Number& number, const Json& event) {
    const DeliveredWebhook record = deliver(number.phone_number_id, event, {}).front();
    steps.push_back(meta::stepOf(title, number.label, event, record));
    return record.ids;
  };

  play("text with accents, an emoji and a link", first,
       textEvent(kInes, "Bonjour ! Où en est ma commande ? 🥐 https://example.test/commande/42"));
  play("an image with a caption", first,
       mediaEvent(kJuergen, "image", *crypto::base64Decode(kPicturePng), "image/png", "Größe stimmt, Farbe nicht 😕"));
  play("a customer without a phone number", second, textEvent(kXiaofang, "你好，請問週六有營業嗎？"));
  const auto asked = play("text", second, textEvent(kAmaka, "Good morning, is the blue one back in stock?"));
  play("a reply to an earlier message", second, replyEvent(kAmaka, "The large one, sorry.", asked.at(0)));
  play(
      "one POST with several changes", first,
      batchEvent({textEvent(kInes, "Je peux aussi passer la chercher."), located(kLukasz, 52.2297, 21.0122, "Warszawa"),
                  unsupported(kJuergen), textEvent(kLukasz, "Czy dostarczacie tutaj? 🙂")}));
  Json again = textEvent(kAmaka, "Good morning, is the blue one back in stock?");
  again["id"] = asked.at(0);
  play("the same webhook once more", second, again);

  bool ok = true;
  std::size_t messages = 0;
  for (const Json& step : steps) {
    ok = ok && step["status"] == 200;
    messages += step["ids"].size();
  }
  journal.setDemo(steps);
  return {{"ok", ok}, {"messages", messages - 1}, {"steps", std::move(steps)}};  // the last is a repeat
}

Json WhatsAppSimulator::Impl::demoState() const {
  return meta::demoState(journal, &SentMessage::wamid);
}

}  // namespace patchbay::simulators::whatsapp
