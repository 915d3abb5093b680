/// The demo: invented customers write mail to the registered senders. The agents' answers come in as sends and are
/// followed by their events like any other.
#include <algorithm>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/picture.hpp"
#include "simulators/sendgrid/simulator_impl.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

Json mail(const char* name, const char* email, const char* subject, const char* text) {
  return {{"from", {{"name", name}, {"email", email}}}, {"subject", subject}, {"text", text}};
}

}  // namespace

Json SendGridSimulator::Impl::playCustomers() {
  std::vector<Mailbox> all;
  {
    const std::lock_guard lock(mutex);
    all = mailboxes;
  }
  if (all.empty()) throw BadInput("the demo needs at least one registered mailbox");
  Json steps = Json::array();
  const auto play = [&](const char* title, const Mailbox& mailbox, Json event) {
    event["mailbox"] = mailbox.address;
    const DeliveredWebhook record = deliver(event).front();
    Json step{{"step", title},
              {"channel", mailbox.label},
              {"customer", event["from"]},
              {"ids", record.ids},
              {"status", record.status},
              {"answer", record.answer},
              {"milliseconds", record.milliseconds}};
    if (!record.error.empty()) step["error"] = record.error;
    steps.push_back(std::move(step));
    return record.ids.empty() ? std::string() : record.ids[0];
  };
  std::size_t messages = 0;
  for (const Mailbox& mailbox : all) {
    const std::string asked = play("a mail", mailbox,
                                   mail("Mara Lindqvist", "mara.lindqvist@example.org", "Größe des Rahmens? 🚲",
                                        "Hej!\n\nWhich frame fits somebody of 1.72 m?\n\n-- \nMara"));
    Json more =
        mail("Mara Lindqvist", "mara.lindqvist@example.org", "Re: Größe des Rahmens? 🚲",
             "I forgot: the blue one.\n\nOn 2 Jan 2026, Mara Lindqvist <mara.lindqvist@example.org> wrote:\n> Hej!");
    more["in_reply_to"] = asked;
    more["references"] = asked;
    play("an answer in the same thread", mailbox, more);
    Json picture = mail("Tomás Ferreira", "tomas.ferreira@example.net", "A scratch", "See the picture.");
    picture["html"] = "<p>See the <b>picture</b>.</p><img src=\"cid:p1\">";
    picture["files"] = {
        {{"filename", "scratch.png"}, {"type", "image/png"}, {"content_id", "p1"}, {"base64", kPicturePng}}};
    play("HTML with a picture", mailbox, picture);
    messages += 3;
  }
  const bool ok = std::all_of(steps.begin(), steps.end(), [](const Json& step) { return step["status"] == 200; });
  journal.setDemo(steps);
  return {{"ok", ok}, {"messages", messages}, {"steps", std::move(steps)}};
}

Json SendGridSimulator::Impl::demoState() const {
  const auto sent = journal.sent();
  const auto webhooks = journal.webhooks();
  Json list = Json::array();
  std::size_t delivered = 0;
  for (const SentMail& mail : sent) {
    Json events = Json::array();
    for (const DeliveredWebhook& webhook : webhooks)
      if (webhook.ok() && webhook.kind.starts_with("event:") && !webhook.ids.empty() &&
          webhook.ids[0] == mail.message_id)
        events.push_back(webhook.kind.substr(std::string_view("event:").size()));
    if (std::find(events.begin(), events.end(), "delivered") != events.end()) ++delivered;
    Json one = toJson(mail);
    one["events"] = std::move(events);
    list.push_back(std::move(one));
  }
  return {{"customers", journal.demo()}, {"sent", std::move(list)}, {"total", sent.size()}, {"delivered", delivered}};
}

}  // namespace patchbay::simulators::sendgrid
