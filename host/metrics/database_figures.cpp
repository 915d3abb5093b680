#include "metrics/database_figures.hpp"

#include "base/log.hpp"

namespace patchbay::metrics {
namespace {

constexpr db::Statement kSize{"figures.size", "SELECT pg_database_size(current_database())"};
constexpr db::Statement kQueue{
    "figures.queue",
    "SELECT channel_name, count(*) FILTER (WHERE state IN ('queued', 'started')), "
    "count(*) FILTER (WHERE state = 'unknown'), count(*) FILTER (WHERE state = 'held'), "
    "min(created_at) FILTER (WHERE state IN ('queued', 'started')) FROM {tenant}.pb_outbox GROUP BY channel_name"};
constexpr db::Statement kQuarantine{"figures.quarantine",
                                    "SELECT channel_name, count(*) FROM {tenant}.pb_quarantine GROUP BY channel_name"};

}  // namespace

DatabaseFigures DatabaseSampler::ask() {
  DatabaseFigures figures;
  try {
    const auto tenants = tenants_();
    auto connection = reads_.lease();
    figures.size_bytes = connection->execute(kSize).int8(0, 0);
    for (std::size_t i = 0; i < std::min(tenants.size(), kMaxTenants); ++i) {
      const auto schema = db::SchemaName::fromSlug(tenants[i]);
      if (!schema) continue;
      connection->queue(kQueue, &*schema);
      connection->queue(kQuarantine, &*schema);
      const auto rows = connection->flush();
      for (int row = 0; row < rows[0].size(); ++row) {
        auto& channel = figures.channels[{tenants[i], std::string(rows[0].text(row, 0))}];
        channel.pending = rows[0].int8(row, 1);
        channel.unknown = rows[0].int8(row, 2);
        channel.held = rows[0].int8(row, 3);
        channel.oldest = rows[0].timestamp(row, 4);
      }
      for (int row = 0; row < rows[1].size(); ++row)
        figures.channels[{tenants[i], std::string(rows[1].text(row, 0))}].quarantined = rows[1].int8(row, 1);
    }
    figures.up = true;
  } catch (const std::exception& error) {
    figures = {};
    figures.why = log::scrub(error.what());
  }
  return figures;
}

std::shared_ptr<const DatabaseFigures> DatabaseSampler::figures(std::chrono::milliseconds max_age) {
  const std::lock_guard lock(mutex_);
  if (!known_ || std::chrono::steady_clock::now() - asked_ >= max_age) {
    known_ = std::make_shared<const DatabaseFigures>(ask());
    asked_ = std::chrono::steady_clock::now();
  }
  return known_;
}

}  // namespace patchbay::metrics
