#include "whatsapp_templates.hpp"

#include <patchbay/lenient.hpp>
#include <string>
#include <utility>

#include "whatsapp_plan.hpp"

namespace patchbay::whatsapp {
namespace {

constexpr int kMaxPages = 100;
/// What has been collected travels in the carry, which takes 64 KiB.
constexpr std::size_t kMaxCollected = 60U << 10U;

std::string ourStatus(const std::string& theirs) {
  if (theirs == "APPROVED") return "approved";
  if (theirs == "PENDING" || theirs == "IN_APPEAL") return "pending";
  if (theirs == "REJECTED") return "rejected";
  if (theirs == "PAUSED") return "paused";
  if (theirs == "DISABLED") return "disabled";
  return "other";
}

/// What the list so far is, and where to go on.
struct Collected {
  Json templates = Json::array();
  std::string after;  ///< Meta's cursor; empty: the first page
  int pages = 0;

  static Collected fromCarry(const Carry& carry) {
    Collected collected;
    if (carry.empty()) return collected;
    const Json json = carry.json();
    collected.templates = json.at("templates");
    collected.after = json.at("after").get<std::string>();
    collected.pages = json.at("pages").get<int>();
    return collected;
  }
  std::string toCarry() const { return dumpJson(Json{{"templates", templates}, {"after", after}, {"pages", pages}}); }
};

void collect(const Json& page, Json& templates) {
  for (const Json& item : itemsOf(page, "data")) {
    const std::string name = textOf(item, "name");
    const std::string language = textOf(item, "language");
    if (name.empty() || language.empty()) continue;
    Json read = {{"name", name}, {"language", language}, {"status", ourStatus(textOf(item, "status"))}};
    if (std::string category = textOf(item, "category"); !category.empty()) read["category"] = category;
    if (const Json& components = memberOf(item, "components"); components.is_array()) read["components"] = components;
    templates.push_back(std::move(read));
  }
}

/// Names are worth more than contents: an account with hundreds of templates loses the descriptions of those that came
/// first, and only then the rest of the list.
bool shrink(Collected& collected) {
  std::size_t size = collected.toCarry().size();
  for (Json& item : collected.templates) {
    if (size <= kMaxCollected) return true;
    size -= dumpJson(item).size();
    item.erase("components");
    size += dumpJson(item).size();
  }
  return size <= kMaxCollected;
}

Step ask(const Account& account, const Collected& collected) {
  if (account.waba_id.empty()) throw Refused{"waba_id is needed to list the templates"};
  auto request = HttpRequest::get(
      urlOf(account, account.waba_id + "/message_templates?fields=name,language,status,category,components&limit=100"));
  if (!collected.after.empty()) request.query("after", collected.after);
  return {authorised(account, std::move(request)), collected.toCarry()};
}

}  // namespace

Step templatesStep(const Account& account, const Carry& carry) {
  return ask(account, Collected::fromCarry(carry));
}

Step proceedTemplates(const Account& account, const Carry& carry, const Response& response, const Call& call) {
  Collected collected = Collected::fromCarry(carry);
  const std::optional<Json> page = response.json();
  if (!page || !memberOf(*page, "data").is_array())
    return Result::failed(ErrorClass::kTransient, "", "the answer holds no list of templates");
  collect(*page, collected.templates);
  ++collected.pages;
  const Json& paging = memberOf(*page, "paging");
  // `next` says that there is a page; its URL has the token in it, so only the cursor is taken.
  const std::string after = textOf(memberOf(paging, "cursors"), "after");
  const bool more = !textOf(paging, "next").empty() && !after.empty() && after != collected.after;
  if (!more) return Result::sent().templates(std::move(collected.templates));
  collected.after = after;
  if (collected.pages < kMaxPages && shrink(collected)) return ask(account, collected);
  call.warn("templates_cut", "the account has more templates than can be listed; " +
                                 std::to_string(collected.templates.size()) + " are shown");
  return Result::sent().templates(std::move(collected.templates));
}

}  // namespace patchbay::whatsapp
