#include <gtest/gtest.h>

#include <thread>

#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::testing {
namespace {

TEST(TenantSlug, TakesOnlyWhatCanStandInSql) {
  for (const char* bad : {"", "Acme", "a b", "a\"b", "a;drop schema public", "a'b", "incoming", "tenant_", "ä", "a/b",
                          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"})
    EXPECT_FALSE(tenancy::slugFromSchemaName(bad).ok()) << bad;
  EXPECT_EQ(*tenancy::slugFromSchemaName("tenant_acme_corp"), "acme-corp");
  EXPECT_EQ(*tenancy::slugFromSchemaName("acme-corp"), "acme-corp");
}

TEST(Tenants, InitializeTwiceChangesNothing) {
  TestDatabase database;
  db::Pool pool(db::Connection::Options{.url = database.url()}, 2);
  tenancy::Tenants tenants(pool);
  tenants.migrateAll();
  const auto first = tenants.initialize("t-1", "acme"), second = tenants.initialize("t-1", "acme");
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->tables_created, second->tables_created);
  EXPECT_EQ(first->schema_name, "tenant_acme");
  for (const char* table : {"inbox_conversations", "inbox_messages", "inbox_quick_replies", "channels",
                            "channel_members", "chat_entries", "mentions", "pb_stream", "pb_events"})
    EXPECT_NE(std::find(first->tables_created.begin(), first->tables_created.end(), table), first->tables_created.end())
        << table;
  EXPECT_EQ(tenants.state("acme"), tenancy::TenantState::kActive);
  EXPECT_EQ(tenants.state("nobody"), tenancy::TenantState::kUnknown);
}

TEST(Tenants, FourHostsThatStartTogetherMigrateOnce) {
  TestDatabase database;
  std::vector<std::jthread> hosts;
  std::atomic<int> failed{0};
  for (int i = 0; i < 4; ++i)
    hosts.emplace_back([&] {
      try {
        db::Pool pool(db::Connection::Options{.url = database.url()}, 2);
        tenancy::Tenants tenants(pool);
        tenants.migrateAll();
        if (!tenants.initialize("", "acme").ok()) ++failed;
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  hosts.clear();
  EXPECT_EQ(failed, 0);
}

TEST(Tenants, AnInterruptedMigrationGoesOnWhereItStopped) {
  TestDatabase database;
  db::Pool pool(db::Connection::Options{.url = database.url()}, 2);
  tenancy::Tenants(pool).migrateAll();
  ASSERT_TRUE(tenancy::Tenants(pool).initialize("", "acme").ok());
  // As if this tenant had been left behind by an older version, before the chat's tables.
  pool.lease()->script(
      "UPDATE patchbay.tenants SET schema_version = 2; DROP TABLE tenant_acme.mentions, tenant_acme.channel_members, "
      "tenant_acme.chat_entries, tenant_acme.channels, tenant_acme.pb_mail_ids, tenant_acme.pb_parked_changes; "
      "ALTER TABLE tenant_acme.pb_outbox DROP COLUMN settled_at, DROP COLUMN insist; "
      "ALTER TABLE tenant_acme.inbox_conversations DROP COLUMN recent_slot, DROP COLUMN mail_token; "
      "ALTER TABLE tenant_acme.inbox_messages DROP COLUMN mail, DROP COLUMN html, DROP COLUMN full_text, "
      "DROP COLUMN reacted_at; "
      "ALTER TABLE tenant_acme.pb_media DROP COLUMN bytes; "
      "ALTER TABLE tenant_acme.pb_contact_addresses DROP COLUMN opted_out_at; "
      "CREATE INDEX pb_conversations_recent ON tenant_acme.inbox_conversations (last_message_at)");
  tenancy::Tenants(pool).migrateAll();
  const auto again = tenancy::Tenants(pool).initialize("", "acme");
  EXPECT_NE(std::find(again->tables_created.begin(), again->tables_created.end(), "mentions"),
            again->tables_created.end());
}

}  // namespace
}  // namespace patchbay::testing
