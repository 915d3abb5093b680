/// Files of inbound messages, fetched from the provider into the store.
#include <gtest/gtest.h>

#include <latch>
#include <map>

#include "integration/delivery_fixture.hpp"

namespace patchbay::testing {
namespace {

using namespace std::chrono_literals;
using connectors::UnknownPolicy;
using testing_support::answer;

class MediaFetchTest : public DeliveryTest {
 protected:
  /// An inbound image whose file the provider has, or which is at an address, as ingest leaves it.
  std::int64_t inboundImage(const std::string& sha256 = "", const std::string& url = "") {
    const auto id = lanes_.call<std::int64_t>(
        "acme",
        [&](db::TenantWrite& write) -> Result<std::int64_t> {
          static constexpr db::Statement kInsert{
              "test.inbound",
              "INSERT INTO {tenant}.inbox_messages (conversation_id, direction, type, status, status_updated_at, "
              "created_at, media) "
              "VALUES (1, 'in', 'image', 'delivered', $1, $1, '[{\"state\": \"pending\"}]') RETURNING id"};
          const auto message = write.query(kInsert, db::Params().timestamp(write.now())).int8(0, 0);
          delivery::schedule(write, {"media", "support",
                                     dumpJson(Json{{"message_id", message},
                                                   {"index", 0},
                                                   {"url", url},
                                                   {"provider_id", url.empty() ? "777" : ""},
                                                   {"mime_type", "image/jpeg"},
                                                   {"filename", ""},
                                                   {"sha256", sha256},
                                                   {"size", -1},
                                                   {"caption", "look"}}),
                                     write.now()});
          return message;
        },
        kPatience);
    return id.ok() ? *id : 0;
  }
  std::string item(const std::string& key) {
    return query("SELECT coalesce(media -> 0 ->> '" + key + "', '') FROM {tenant}.inbox_messages");
  }
  Script where() {
    return [this](const std::string&) {
      return std::optional(
          answer(dumpJson(Json{{"url", provider_.url() + "/file/777"}, {"mime_type", "image/jpeg"}, {"id", "777"}})));
    };
  }
};

TEST_F(MediaFetchTest, BringsAnInboundFileIntoTheStore) {
  provider_.next(where());
  provider_.next([](const std::string&) { return std::optional(answer("PHOTO")); });
  inboundImage();
  start();
  EXPECT_TRUE(becomes("SELECT media -> 0 ->> 'state' FROM {tenant}.inbox_messages", "stored"));
  const std::string digest = crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, "PHOTO"));
  EXPECT_EQ(item("sha256"), digest);
  EXPECT_EQ(item("url"), "/api/v1/communications/media/" + digest);
  EXPECT_EQ(item("size"), "5");
  EXPECT_EQ(item("caption"), "look");
  EXPECT_EQ(query("SELECT count(*) FROM patchbay.due"), "0");
  const media::Repository files(store_, pool_);
  EXPECT_TRUE(files.find("acme", digest).ok());
  EXPECT_EQ(files.find("acme", std::string(64, 'a')).error().kind, ErrorKind::kNotFound);
}

TEST_F(MediaFetchTest, AFileByAddressIsFetchedWithoutAWordAboutTheConnector) {
  connectors::ChannelSettings settings;
  settings.tenant = "acme";
  settings.name = "support";
  settings.connector = "messenger";  // leaves files to the host
  settings.egress_allow = {provider_.authority()};
  settings.config = {{"page_id", "1002"},
                     {"access_token", "test-access-token"},
                     {"app_secret", "test-app-secret-01"},
                     {"verify_token", "test-verify-token"},
                     {"base_url", provider_.url()}};
  auto messenger = factory_.create(std::move(settings));
  ASSERT_TRUE(messenger.ok()) << messenger.error().message;
  channel_ = *messenger;
  provider_.next([](const std::string&) { return std::optional(answer("PHOTO")); });
  inboundImage("", provider_.url() + "/photo.jpg");
  ::testing::internal::CaptureStderr();
  start();
  EXPECT_TRUE(becomes("SELECT media -> 0 ->> 'state' FROM {tenant}.inbox_messages", "stored"));
  EXPECT_EQ(::testing::internal::GetCapturedStderr().find("no operation"), std::string::npos);
}

TEST_F(MediaFetchTest, TriesAgainWhenTheFileCannotBeHadYet) {
  provider_.next(refuse(503));
  provider_.next(where());
  provider_.next(kClose);
  provider_.otherwise([this](const std::string& request) {
    return request.starts_with("GET /file/") ? std::optional(answer("PHOTO")) : where()(request);
  });
  inboundImage();
  start();
  EXPECT_TRUE(becomes("SELECT media -> 0 ->> 'state' FROM {tenant}.inbox_messages", "stored"));
}

TEST_F(MediaFetchTest, SaysSoWhenTheFileIsGoneForGood) {
  provider_.otherwise(refuse(400, R"({"error":{"code":100,"message":"Unsupported get request"}})"));
  inboundImage();
  start();
  EXPECT_TRUE(becomes("SELECT media -> 0 ->> 'state' FROM {tenant}.inbox_messages", "failed"));
  EXPECT_EQ(query("SELECT media -> 0 -> 'error' ->> 'code' FROM {tenant}.inbox_messages"), "100");
  EXPECT_EQ(query("SELECT count(*) FROM patchbay.due"), "0");
}

}  // namespace
}  // namespace patchbay::testing
