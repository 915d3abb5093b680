#include "app/commands/outbox.hpp"

#include <algorithm>
#include <ostream>

#include "app/commands/outbox_print.hpp"
#include "app/database_access.hpp"
#include "db/lane.hpp"

namespace patchbay::app {
namespace {

constexpr db::Statement kTenants{"command.tenants", "SELECT slug FROM patchbay.tenants ORDER BY slug"};
const std::vector<std::string> kEveryState{"queued", "started", "unknown", "held", "failed"};
constexpr int kBatch = 200;  // messages of one transaction

/// A rule that the command's user has broken, or a thing that is not there.
class Refusal : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

db::SchemaName schemaOf(const std::string& tenant) {
  const auto schema = db::SchemaName::fromSlug(tenant);
  if (!schema) throw Refusal("'" + tenant + "' is no tenant's name");
  return *schema;
}

class Outbox {
 public:
  Outbox(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err)
      : command_(command), config_(config), out_(out), err_(err), connection_(openDatabase(config)) {
    const auto rows = connection_->execute(kTenants);
    for (int i = 0; i < rows.size(); ++i) tenants_.emplace_back(rows.text(i, 0));
    if (command.tenant.empty()) return;
    if (std::find(tenants_.begin(), tenants_.end(), command.tenant) == tenants_.end())
      throw Refusal("there is no tenant '" + command.tenant + "' in this database");
    tenants_ = {command.tenant};
  }

  int list() {
    std::vector<OutboxLine> lines;
    for (const auto& tenant : tenants_) {
      inbox::OutboxQuery query;
      query.states = command_.state.empty()        ? std::vector<std::string>{}
                     : command_.state == "pending" ? std::vector<std::string>{"queued", "started"}
                                                   : std::vector<std::string>{command_.state};
      query.channel = command_.channel;
      query.limit = command_.limit + 1 - static_cast<int>(lines.size());  // one more tells that there are more
      if (query.limit <= 0) break;
      for (auto& entry : inbox::outboxEntries(*connection_, schemaOf(tenant), query))
        lines.push_back({tenant, std::move(entry)});
    }
    const auto limit = static_cast<std::size_t>(command_.limit);
    const bool more = lines.size() > limit;
    if (more) lines.resize(limit);
    printOutbox(out_, lines, command_.json, now());
    if (more) err_ << "there are more; --limit shows them\n";
    return kExitOk;
  }

  int show() {
    const auto [tenant, id] = locate(command_.ids.at(0));
    const auto schema = schemaOf(tenant);
    inbox::OutboxQuery query;
    query.states = kEveryState;
    query.message_id = id;
    const auto found = inbox::outboxEntries(*connection_, schema, query);
    if (found.empty()) throw Refusal(notThere(id, tenant));  // it has left meanwhile
    printOutboxEntry(out_, {tenant, found.front()}, inbox::attemptsOf(*connection_, schema, id), command_.json, now());
    return kExitOk;
  }

  using Act = Result<Done> (*)(db::TenantWrite&, const db::Actor&, std::int64_t);

  int change(Act act, std::string_view done) {
    if (!command_.all) {
      // All of them are looked for before the first is touched.
      std::vector<std::pair<std::string, std::int64_t>> located;
      for (const auto id : command_.ids) located.push_back(locate(id));
      for (const auto& [tenant, id] : located) apply(act, tenant, {id});
    } else {
      for (const auto& tenant : tenants_) applyToAll(act, tenant);
    }
    if (changed_ > 0 || refused_ == 0) out_ << changed_ << (changed_ == 1 ? " message " : " messages ") << done << "\n";
    return refused_ == 0 ? kExitOk : kExitFailed;
  }

 private:
  std::string notThere(std::int64_t id, const std::string& tenant) const {
    return "message " + std::to_string(id) + " is not in the outbox" +
           (tenant.empty() ? "" : " of tenant '" + tenant + "'") +
           ": it was sent, dropped or never queued; patchbay outbox list shows what is";
  }

  /// Message ids count per tenant.
  std::pair<std::string, std::int64_t> locate(std::int64_t id) {
    std::vector<std::string> found;
    inbox::OutboxQuery query;
    query.states = kEveryState;
    query.message_id = id;
    for (const auto& tenant : tenants_)
      if (!inbox::outboxEntries(*connection_, schemaOf(tenant), query).empty()) found.push_back(tenant);
    if (found.empty()) throw Refusal(notThere(id, command_.tenant));
    if (found.size() == 1) return {found.front(), id};
    std::string names;
    for (const auto& tenant : found) names += (names.empty() ? "" : ", ") + tenant;
    throw Refusal("message " + std::to_string(id) + " is in the outbox of " + std::to_string(found.size()) +
                  " tenants (" + names + "): say which with --tenant");
  }

  void applyToAll(Act act, const std::string& tenant) {
    inbox::OutboxQuery query;
    query.channel = command_.channel;
    query.limit = kBatch;
    for (;;) {
      const auto entries = inbox::outboxEntries(*connection_, schemaOf(tenant), query);
      if (entries.empty()) return;
      std::vector<std::int64_t> ids;
      for (const auto& entry : entries) ids.push_back(entry.message_id);
      query.after = ids.back();
      apply(act, tenant, ids);
    }
  }

  /// One transaction, under the tenant's stream lock, as the host's own lanes write.
  void apply(Act act, const std::string& tenant, const std::vector<std::int64_t>& ids) {
    if (!lanes_) lanes_ = std::make_unique<db::Lanes>(databaseOptions(config_), db::LaneOptions{}, 1);
    struct Count {
      std::size_t done = 0;
      std::vector<std::string> refusals;
    };
    const auto result = lanes_->call<Count>(
        tenant,
        [&](db::TenantWrite& write) -> Result<Count> {
          Count count;
          for (const auto id : ids) {
            const auto one = act(write, {"system", "", "patchbay outbox"}, id);
            one.ok() ? void(++count.done) : count.refusals.push_back(one.error().message);
          }
          return count;
        },
        config_.database.statement_timeout + std::chrono::seconds(5));
    if (!result.ok()) throw Refusal("nothing more was changed: " + result.error().message);
    changed_ += result->done;
    refused_ += result->refusals.size();
    for (const auto& refusal : result->refusals) err_ << "patchbay: " << refusal << "\n";
  }

  const CommandLine& command_;
  const Config& config_;
  std::ostream& out_;
  std::ostream& err_;
  std::unique_ptr<db::Connection> connection_;
  std::vector<std::string> tenants_;
  std::unique_ptr<db::Lanes> lanes_;
  std::size_t changed_ = 0, refused_ = 0;
};

}  // namespace

int runOutbox(const CommandLine& command, const Config& config, std::ostream& out, std::ostream& err) {
  try {
    Outbox outbox(command, config, out, err);
    switch (command.kind) {
      case CommandKind::kOutboxList:
        return outbox.list();
      case CommandKind::kOutboxShow:
        return outbox.show();
      case CommandKind::kOutboxRetry:
        return outbox.change(inbox::sendAgain, "will be sent again");
      default:
        return outbox.change(inbox::dropMessage, "dropped");
    }
  } catch (const std::exception& error) {  // Refusal, NoDatabase, or the database went away
    err << "patchbay: " << error.what() << "\n";
    return kExitFailed;
  }
}

}  // namespace patchbay::app
