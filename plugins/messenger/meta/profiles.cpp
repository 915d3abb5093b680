#include "meta/profiles.hpp"

#include <algorithm>
#include <patchbay/lenient.hpp>
#include <string>
#include <utility>

#include "meta/graph_error.hpp"
#include "meta/pace.hpp"
#include "meta/send_errors.hpp"

namespace patchbay::meta {
namespace {

/// A page has 200 calls a day for everyone who writes to it; a burst of a thousand customers is served by their next
/// messages.
constexpr std::size_t kMostAtOnce = 10;

HttpRequest profileRequest(const Account& account, const std::string& person) {
  return authorised(account,
                    HttpRequest::get(urlOf(account, percentEncoded(person)) + "?fields=" + account.profile_fields));
}

std::vector<std::string> peopleOf(const Carry& carry) {
  if (carry.empty()) return {};
  return carry.json().at("people").get<std::vector<std::string>>();
}

std::string nameOf(const Json& profile) {
  if (std::string name = textOf(profile, "name"); !name.empty()) return name;
  std::string name = textOf(profile, "first_name");
  if (const std::string last = textOf(profile, "last_name"); !last.empty()) name += (name.empty() ? "" : " ") + last;
  if (!name.empty()) return name;
  const std::string username = textOf(profile, "username");
  return username.empty() ? username : "@" + username;
}

}  // namespace

void askForProfiles(const Account& account, Received& received) {
  if (!account.profiles) return;
  std::vector<std::string> people;
  for (const Event& event : received.events) {
    if (event.kind != "message" || event.echo || !event.from || event.from->kind != account.product->address_kind)
      continue;
    // A person's id belongs to one page: our token must not ask for whoever wrote to a sibling page of the same POST.
    if (!event.account.empty() && event.account != account.id) continue;
    if (people.size() < kMostAtOnce && std::find(people.begin(), people.end(), event.from->address) == people.end())
      people.push_back(event.from->address);
  }
  if (people.empty()) return;
  for (const std::string& person : people) received.requests.push_back(profileRequest(account, person));
  received.carry = dumpJson({{"people", std::move(people)}});
}

Step proceedProfiles(const Account& account, const Carry& carry, std::span<const Response> responses,
                     const Call& call) {
  const std::vector<std::string> people = peopleOf(carry);
  if (responses.empty()) {
    std::vector<HttpRequest> requests;
    for (const std::string& person : people) requests.push_back(profileRequest(account, person));
    return people.empty() ? Step(Result::sent()) : Step(std::move(requests), std::string(carry.bytes()));
  }
  Step step(Result::sent());
  for (std::size_t i = 0; i < responses.size() && i < people.size(); ++i) {
    const Response& response = responses[i];
    heedUsage(response, call.now(), step.throttles);
    if (!response.ok()) {
      heedRate(failureOf(response, {}, &classifySend), call.now(), step.throttles);
      continue;
    }
    // Without access the answer is an empty object with 200.
    const std::string name = nameOf(response.json().value_or(Json()));
    if (name.empty()) continue;
    Person person{account.product->address_kind, people[i]};
    person.name = name;
    step.events.push_back(Event::contactChanged({person.kind, person.address}, person, call.now()));
  }
  return step;
}

}  // namespace patchbay::meta
