/// Template management of the Graph API, and what follows a review.
#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/meta/wire.hpp"
#include "simulators/whatsapp/simulator_impl.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

constexpr long long kMaxPage = 1000;

std::vector<std::string> listOf(const std::string& text) {
  std::vector<std::string> parts;
  if (!text.empty())
    for (const std::string_view part : split(text, ',')) parts.emplace_back(trim(part));
  return parts;
}

/// Opaque to clients: the id that the page ends (or begins) with.
std::string cursorOf(const Template& one) {
  return crypto::base64Encode("t:" + one.id);
}

}  // namespace

HttpReply WhatsAppSimulator::Impl::templateApi(const HttpRequest& request, const std::string& waba_id) {
  if (request.method == "GET") return listTemplates(request, waba_id);
  if (request.method == "DELETE") {
    const std::string name = request.parameter("name");
    if (name.empty()) return error(100, "The parameter name is required");
    if (templates.remove(waba_id, name, request.parameter("hsm_id")) == 0)
      return error(100, "Message Template Not Found: " + name, 2593002);
    tell("Meta deletes the template " + name);
    return meta::graphJson(200, {{"success", true}});
  }
  if (request.method != "POST") return error(100, "Unsupported " + lowerAscii(request.method) + " request");
  try {
    const Template made = templates.create(waba_id, parseJson(request.body));
    tell("Meta takes the template " + made.name + " (" + made.language + ") for review");
    TemplateReview how;
    {
      const std::lock_guard lock(mutex);
      how = review;
    }
    if (!how.status.empty())
      scheduler.after(how.delay, [this, id = made.id, how] { reviewTemplate(id, how.status, how.reason); });
    return meta::graphJson(200, {{"id", made.id}, {"status", made.status}, {"category", made.category}});
  } catch (const TemplateProblem& problem) {
    return error(problem.code, problem.details, problem.subcode);
  } catch (const JsonError& problem) {
    return error(100, std::string("The body is not JSON: ") + problem.what());
  }
}

HttpReply WhatsAppSimulator::Impl::listTemplates(const HttpRequest& request, const std::string& waba_id) {
  std::size_t limit = 25;
  try {
    if (const std::string text = request.parameter("limit"); !text.empty())
      limit = static_cast<std::size_t>(parseNumber("'limit'", text, 1, kMaxPage));
  } catch (const BadInput& problem) {
    return error(100, problem.what());
  }
  std::vector<Template> all = templates.list(waba_id);
  for (const char* filter : {"name", "status", "language", "category"}) {
    const std::string wanted = request.parameter(filter);
    if (wanted.empty()) continue;
    std::erase_if(all, [&](const Template& one) { return one.toJson({})[filter] != wanted; });
  }
  const auto at = [&](const std::string& cursor) {
    return std::find_if(all.begin(), all.end(), [&](const Template& one) { return cursorOf(one) == cursor; });
  };
  auto first = all.begin();
  if (const std::string after = request.parameter("after"); !after.empty()) {
    first = at(after);
    if (first == all.end()) return error(100, "Invalid parameter: after");
    ++first;
  }
  auto last =
      first + static_cast<std::ptrdiff_t>(std::min<std::size_t>(limit, static_cast<std::size_t>(all.end() - first)));
  if (const std::string before = request.parameter("before"); !before.empty()) {
    last = at(before);
    if (last == all.end()) return error(100, "Invalid parameter: before");
    first =
        last - static_cast<std::ptrdiff_t>(std::min<std::size_t>(limit, static_cast<std::size_t>(last - all.begin())));
  }
  Json data = Json::array();
  for (auto one = first; one != last; ++one) data.push_back(one->toJson(listOf(request.parameter("fields"))));
  Json answer{{"data", std::move(data)}};
  if (first != last) {
    const std::string url = server->url() + request.path +
                            "?access_token=" + request.header("Authorization").substr(7) +
                            "&limit=" + std::to_string(limit);
    answer["paging"]["cursors"] = {{"before", cursorOf(*first)}, {"after", cursorOf(*(last - 1))}};
    if (last != all.end()) answer["paging"]["next"] = url + "&after=" + percentEncode(cursorOf(*(last - 1)));
    if (first != all.begin()) answer["paging"]["previous"] = url + "&before=" + percentEncode(cursorOf(*first));
  }
  return meta::graphJson(200, answer);
}

HttpReply WhatsAppSimulator::Impl::templateObject(const HttpRequest& request, const Template& found) {
  if (request.method == "GET") return meta::graphJson(200, found.toJson(listOf(request.parameter("fields"))));
  if (request.method != "POST") return error(100, "Unsupported " + lowerAscii(request.method) + " request");
  // An edited template is reviewed again; what it is called cannot be changed.
  try {
    const Json body = parseJson(request.body);
    Template edited = found;
    if (body.contains("components")) edited.components = body["components"];
    if (body.contains("category")) edited.category = textOr(body, "category", "");
    edited.status = "PENDING";
    templates.put(std::move(edited));
  } catch (const std::exception& problem) {
    return error(100, problem.what());
  }
  TemplateReview how;
  {
    const std::lock_guard lock(mutex);
    how = review;
  }
  if (!how.status.empty())
    scheduler.after(how.delay, [this, id = found.id, how] { reviewTemplate(id, how.status, how.reason); });
  return meta::graphJson(200, {{"success", true}});
}

void WhatsAppSimulator::Impl::reviewTemplate(const std::string& id, const std::string& status,
                                             const std::string& reason) {
  const auto reviewed = templates.setStatus(id, status);
  if (!reviewed) return;  // deleted meanwhile
  std::optional<Number> number;
  {
    const std::lock_guard lock(mutex);
    for (const Number& one : numbers)
      if (!number && one.waba_id == reviewed->waba_id) number = one;
  }
  if (!number) return;
  EventBuilder builder(ids, media, {}, {});
  Webhook webhook = builder.build(*number, {{"type", "change"},
                                            {"field", "message_template_status_update"},
                                            {"value",
                                             {{"event", status},
                                              {"message_template_id", parseNumber("id", reviewed->id, 0, INT64_MAX)},
                                              {"message_template_name", reviewed->name},
                                              {"message_template_language", reviewed->language},
                                              {"reason", reason.empty() ? "NONE" : reason}}}});
  webhook.kind = "template:" + status;
  webhook.ids = {reviewed->id};
  sender.deliver(callbackOf(*number), std::move(webhook), {.retry = true},
                 "Meta -> " + number->label + ": template " + reviewed->name + " " + status);
}

/// {"waba_id", "name", "language", "status", "category", "components", "reason"}: adds it, or gives it another status.
HttpReply WhatsAppSimulator::Impl::controlTemplates(const std::string& method, const Json& body) {
  if (method == "POST") {
    allowOnly(body, "template", {"waba_id", "name", "language", "status", "category", "components", "reason"});
    Template added;
    added.waba_id = textOr(body, "waba_id", "");
    if (added.waba_id.empty()) {
      const std::lock_guard lock(mutex);
      if (numbers.empty()) throw BadInput("no number is registered");
      added.waba_id = numbers[0].waba_id;
    }
    added.name = textOr(body, "name", "");
    added.language = textOr(body, "language", "en_US");
    if (added.name.empty()) throw BadInput("template: 'name' is missing");
    if (const auto known = templates.find(added.waba_id, added.name, added.language)) added = *known;
    added.status = textOr(body, "status", "APPROVED");
    added.category = textOr(body, "category", added.category.empty() ? "UTILITY" : added.category);
    if (body.contains("components")) added.components = body["components"];
    const Template kept = templates.put(std::move(added));
    reviewTemplate(kept.id, kept.status, textOr(body, "reason", ""));
  }
  Json list = Json::array();
  const auto known = [this] {
    const std::lock_guard lock(mutex);
    return numbers;
  }();
  for (const Number& number : known)
    for (const Template& one : templates.list(number.waba_id))
      if (std::none_of(list.begin(), list.end(), [&](const Json& there) { return there["id"] == one.id; }))
        list.push_back(one.toJson({}));
  return {200, {{"Content-Type", "application/json"}}, dumpJson(Json{{"templates", std::move(list)}}) + "\n"};
}

}  // namespace patchbay::simulators::whatsapp
