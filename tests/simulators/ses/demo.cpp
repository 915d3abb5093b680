/// The demo: invented customers write mail to every topic's address. The agents' answers come in as sends and are
/// followed by their events like any other.
#include <algorithm>

#include "simulators/common/bad_input.hpp"
#include "simulators/ses/simulator_impl.hpp"

namespace patchbay::simulators::ses {
namespace {

Written mail(const char* from, const char* subject, const char* text, std::string message_id = {}) {
  Written written;
  written.from = from;
  written.subject = subject;
  written.text = text;
  written.message_id = std::move(message_id);
  return written;
}

/// "Ana Lima <ana.lima@example.org>" as the other simulators tell their customers.
Json customerOf(const Written& mail) {
  return {{"name", mail.from.substr(0, mail.from.find(" <"))}, {"email", bareAddress(mail.from)}};
}

}  // namespace

Json SesSimulator::Impl::playCustomers() {
  std::vector<Topic> all;
  {
    const std::lock_guard lock(mutex);
    all = topics;
  }
  if (all.empty()) throw BadInput("the demo needs at least one topic");
  Json steps = Json::array();
  const auto write = [&](const char* title, const Topic& topic, const Written& written, const Receipt& how) {
    const auto posted = receive(topic.arn, written, how);
    Json step{{"step", title},           {"customer", customerOf(written)},         {"to", topic.address},
              {"number", topic.label},   {"ids", Json::array({posted.message_id})}, {"status", posted.status},
              {"answer", posted.answer}, {"milliseconds", posted.milliseconds}};
    if (!posted.error.empty()) step["error"] = posted.error;
    steps.push_back(std::move(step));
    return posted.message_id;
  };
  for (const auto& topic : all) {
    if (!topic.confirmed)
      if (const auto problem = subscribe(topic.arn); !problem.empty()) {
        steps.push_back({{"step", "subscription"},
                         {"number", topic.label},
                         {"ids", Json::array()},
                         {"status", 0},
                         {"error", problem}});
        continue;
      }
    const auto first_id = ids.word(12) + "@mail.example.org";
    const auto invoice = mail("Märta Öberg <marta.oberg@example.org>", "Faktura för cykeln 🚲",
                              "Hej,\nkan ni skicka fakturan en gång till?\n\nHälsningar\nMärta", first_id);
    Receipt again;
    again.id = write("a mail with letters beyond ASCII, in the notification", topic, invoice, {});
    Receipt bucket;
    bucket.s3 = true;
    write("a mail in the bucket", topic,
          mail("Ana Lima <ana.lima@example.org>", "Order 1729", "Where is my order?\n-- \nAna"), bucket);
    auto more = mail("Märta Öberg <marta.oberg@example.org>", "Re: Faktura för cykeln 🚲", "Numret är 4711.");
    more.in_reply_to = first_id;
    more.references = {first_id};
    write("a second mail of the same thread", topic, more, {});
    write("the same notification once more", topic, invoice, again);
  }
  bool ok = true;
  std::size_t messages = 0;
  for (const Json& step : steps) {
    ok = ok && step["status"].get<int>() >= 200 && step["status"].get<int>() < 300;
    messages += step["ids"].size();
  }
  journal.setDemo(steps);
  return {{"ok", ok},
          {"messages", messages - std::min(messages, all.size())},
          {"steps", std::move(steps)}};  // one repeat each
}

Json SesSimulator::Impl::demoState() const {
  const auto sent = journal.sent();
  const auto posted = journal.webhooks();
  Json list = Json::array();
  std::size_t read = 0;
  for (const auto& one : sent) {
    Json statuses = Json::array();
    for (const auto& event : posted)
      if (event.ok() && event.message_id == one.id) statuses.push_back(event.kind);
    if (std::find(statuses.begin(), statuses.end(), "Delivery") != statuses.end()) ++read;
    Json shown = toJson(one);
    shown.erase("raw");
    shown["statuses"] = std::move(statuses);
    list.push_back(std::move(shown));
  }
  // Mail does not tell who has read it: delivered is as far as an answer comes.
  return {{"customers", journal.demo()}, {"sent", std::move(list)}, {"total", sent.size()}, {"read", read}};
}

}  // namespace patchbay::simulators::ses
