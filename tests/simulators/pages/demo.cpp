/// The demo: invented customers write to the registered accounts. The agents' answers come in as sends and are followed
/// by their receipts like any other.
#include <algorithm>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/picture.hpp"
#include "simulators/meta/demo_steps.hpp"
#include "simulators/pages/simulator_impl.hpp"

namespace patchbay::simulators::pages {
namespace {

const Customer kMarta{"7001112223334445", "Marta Lindqvist"};
const Customer kTomas{"7005556667778889", "Tomás Ibáñez"};
const Customer kYuki{"9081112223334445", "佐藤ゆき"};
const Customer kNoor{"9085556667778889", "Noor van Dijk"};

}  // namespace

Json PagesSimulator::Impl::playCustomers(std::optional<Product> product) {
  std::vector<Account> all;
  {
    const std::lock_guard lock(mutex);
    for (const Account& account : accounts)
      if (!product || account.product == *product) all.push_back(account);
  }
  if (all.empty()) throw BadInput("the demo needs at least one registered account");
  Json steps = Json::array();
  std::size_t messages = 0;
  const auto play = [&](const std::string& title, const Account& account, const Json& event) {
    const DeliveredWebhook record = deliver(account.id, event, {}).front();
    steps.push_back(meta::stepOf(title, account.label, event, record));
    return record.ids;
  };
  for (const Account& account : all) {
    const bool page = account.product == Product::kMessenger;
    const Customer& first = page ? kMarta : kYuki;
    const Customer& second = page ? kTomas : kNoor;
    const auto asked = play("text with accents, an emoji and a link", account,
                            textEvent(first, page ? "Hej! När öppnar ni på lördag? 🚲 https://example.test/butik"
                                                  : "こんにちは！この自転車はまだありますか？ 🚲"));
    play("an image", account,
         {{"type", "image"},
          {"from", toJson(second)},
          {"media", {{"base64", kPicturePng}, {"mime_type", "image/png"}}}});
    play("a button", account,
         {{"type", "postback"}, {"from", toJson(second)}, {"title", "Track my order"}, {"payload", "TRACK"}});
    Json again = textEvent(first, "the same once more");
    again["id"] = asked.at(0);
    messages += 3;
    play("the same webhook once more", account, again);
  }
  const bool ok = std::all_of(steps.begin(), steps.end(), [](const Json& step) { return step["status"] == 200; });
  journal.setDemo(steps);
  return {{"ok", ok}, {"messages", messages}, {"steps", std::move(steps)}};
}

Json PagesSimulator::Impl::demoState() const {
  return meta::demoState(journal, &SentMessage::mid);
}

}  // namespace patchbay::simulators::pages
