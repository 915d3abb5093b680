/// The demo: invented customers write to the registered bots.
#include "simulators/common/bad_input.hpp"
#include "simulators/common/picture.hpp"
#include "simulators/telegram/simulator_impl.hpp"

namespace patchbay::simulators::telegram {
namespace {

const Json kAna{{"id", 5550001}, {"first_name", "Ana"}, {"last_name", "Prado"}, {"language_code", "pt"}};
const Json kMehmet{{"id", 5550002}, {"first_name", "Mehmet"}, {"username", "mehmet_k"}};
const Json kOksana{{"id", 6444555666}, {"first_name", "Оксана"}};

}  // namespace

Json TelegramSimulator::Impl::playCustomers() {
  std::vector<std::string> labels;
  {
    const std::lock_guard lock(mutex);
    for (const Bot& bot : bots) labels.push_back(bot.label);
  }
  if (labels.empty()) throw BadInput("the demo needs at least one registered bot");
  Json steps = Json::array();
  bool ok = true;
  const auto play = [&](const std::string& title, const std::string& bot, const Json& who, Json event) {
    event["from"] = who;
    Json step = deliver(bot, event);
    step["step"] = title;
    step["customer"] = {{"name", who.at("first_name")}};
    const bool queued = step["queued"].get<bool>();
    if (queued) step["milliseconds"] = 0;
    ok = ok && (queued || step["status"] == 200);
    steps.push_back(std::move(step));
  };
  for (const std::string& bot : labels) {
    play("a deep link from the web site", bot, kAna,
         {{"text", "/start bike-42"},
          {"message", {{"entities", {{{"type", "bot_command"}, {"offset", 0}, {"length", 6}}}}}}});
    play("text with an emoji", bot, kAna, {{"text", "Olá 👋 a bicicleta azul ainda está disponível?"}});
    play("a picture with a caption", bot, kMehmet,
         {{"text", "Bu parça kırıldı 😕"}, {"file", {{"kind", "photo"}, {"content_base64", kPicturePng}}}});
    play("where the customer is", bot, kOksana,
         {{"message", {{"location", {{"latitude", 50.4501}, {"longitude", 30.5234}}}}}});
  }
  return {{"ok", ok}, {"messages", steps.size()}, {"steps", std::move(steps)}};
}

}  // namespace patchbay::simulators::telegram
