#include "delivery/template_list.hpp"

#include <utility>

namespace patchbay::delivery {

void TemplateList::list(const std::shared_ptr<connectors::Channel>& channel, std::chrono::seconds max_age,
                        std::chrono::milliseconds deadline, Done done) {
  const std::string key = channel->settings().tenant + "/" + channel->settings().name;
  Listing kept;
  {
    const std::lock_guard lock(mutex_);
    // What a reload has taken away.
    std::erase_if(entries_, [](const auto& item) { return item.second.of.expired() && item.second.waiting.empty(); });
    Entry& entry = entries_[key];
    if (entry.of.lock() != channel) entry.last = {};
    entry.of = channel;
    if (entry.last.outcome.ok && now() - entry.last.fetched_at < max_age) {
      kept = entry.last;
    } else {
      entry.waiting.push_back(std::move(done));
      if (entry.waiting.size() > 1) return;  // somebody has asked already
    }
  }
  if (kept.outcome.ok) return done(kept);
  operations_.run(channel, {{"kind", "templates"}}, deadline,
                  [this, key](DirectOutcome outcome) { arrived(key, std::move(outcome)); });
}

void TemplateList::arrived(const std::string& key, DirectOutcome outcome) {
  Listing listing{std::move(outcome), Json::array(), now()};
  if (listing.outcome.ok) listing.templates = listing.outcome.result.value("templates", Json::array());
  std::vector<Done> waiting;
  {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[key];
    waiting.swap(entry.waiting);
    if (listing.outcome.ok) entry.last = listing;
  }
  for (const Done& done : waiting) done(listing);
}

std::vector<std::string> sendable(const Json& templates, std::size_t most) {
  std::vector<std::string> names;
  for (const Json& item : templates) {
    if (item.value("status", "") != "approved") continue;
    if (names.size() == most) break;
    names.push_back(item.value("name", "") + " (" + item.value("language", "") + ")");
  }
  return names;
}

}  // namespace patchbay::delivery
