// Connectors that are older and newer than this host, and structs that are shorter and longer than the other side
// knows.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <patchbay/connector.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "connectors/channel_factory.hpp"
#include "connectors/connector_set.hpp"
#include "unit/abi/guarded.hpp"

namespace patchbay::connectors::test {
namespace {

using patchbay::test::Guarded;

pb_str str(std::string_view text) {
  return {text.data(), text.size()};
}

std::string library(const std::string& name) {
  return std::string{ABI_LIBRARIES} + "/" + name + ".so";
}

// ---- On this host ----

struct Case {
  const char* id;
  const char* received;
  const char* sent;
};

class OnThisHost : public testing::TestWithParam<Case> {
 protected:
  static TurnContext context() {
    TurnContext context;
    context.now = *parseRfc3339("2026-01-05T10:00:00.123Z");
    context.attempt = 1;
    context.random[31] = 77;
    return context;
  }
};

TEST_P(OnThisHost, LoadsAndRunsItsTurns) {
  const Case& expected = GetParam();
  ConnectorSet connectors({library(expected.id)}, "");
  ChannelFactory factory(connectors, {.environment = [](const std::string&) { return std::nullopt; }, .nonce = {}});
  ChannelSettings settings;
  settings.tenant = "acme";
  settings.name = "support";
  settings.connector = expected.id;
  settings.webhook_url = "https://patchbay.example/hook";
  settings.config = Json::object();
  const auto channel = factory.create(std::move(settings));
  ASSERT_TRUE(channel) << channel.error().message;

  const http::Headers headers = {{"X-A", "b"}};
  const auto received = (*channel)->receive({"POST", "suffix", "q=1", &headers, "body"}, context());
  ASSERT_EQ(received.status, PB_OK) << received.error;
  EXPECT_EQ(received.events.at(0).text, expected.received);

  const Json operation = {{"kind", "message"},
                          {"ref", "r"},
                          {"type", "text"},
                          {"text", "x"},
                          {"to", {{"kind", "phone"}, {"address", "+15550100"}}}};
  const auto step = (*channel)->perform(operation, context());
  ASSERT_EQ(step.status, PB_OK) << step.error;
  ASSERT_EQ(step.requests.size(), 1U);
  const Answer answer{
      .failure = PB_ANSWERED, .status = 201, .headers = {{"X-A", "b"}}, .body = "fine", .blob = 0, .error = {}};
  const auto end = (*channel)->resume(operation, step.carry.value_or(""), std::vector{answer}, context());
  ASSERT_EQ(end.status, PB_OK) << end.error;
  EXPECT_EQ(end.result.value().at("ids").at(0), expected.sent);
}

INSTANTIATE_TEST_SUITE_P(
    Abi, OnThisHost,
    testing::Values(Case{"abi_1_0",
                         "POST suffix ?q=1 X-A=b body fields:0 now:1767607200123 random:77 nothing new nothing new",
                         "201 0 1 fine nothing new"},
                    Case{"abi_next",
                         "POST suffix ?q=1 X-A=b body fields:0 now:1767607200123 random:77 nothing new nothing new",
                         "201 0 1 fine nothing new"},
                    Case{"layered", "POST body fields:0 random:77", "201fine0"},
                    Case{"layered_next", "POST body fields:0 random:77", "201fine0"}),
    [](const auto& info) { return std::string(info.param.id); });

TEST(NeedsMore, IsRefusedWithBothNumbersAndTheRemedy) {
  ConnectorSet connectors({library("abi_needs_next")}, "");
  const auto loaded = connectors.load("abi_needs_next");
  ASSERT_FALSE(loaded);
  const auto wanted = "needs ABI 1." + std::to_string(PB_ABI_MINOR + 1) + ", and this host has ABI 1." +
                      std::to_string(PB_ABI_MINOR) + "; upgrade Patchbay or use an older build of the connector";
  EXPECT_NE(loaded.error().message.find(wanted), std::string::npos) << loaded.error().message;
}

// ---- Under hosts of other versions ----

/// The host's side of one turn, by hand: structs of any length.
class ByHand : public testing::TestWithParam<const char*> {
 protected:
  static constexpr std::uint32_t kLonger = 64;  // bytes that another host's structs have behind ours

  void SetUp() override {
    handle_ = ::dlopen(library(GetParam()).c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(handle_, nullptr) << ::dlerror();
    const auto entry = reinterpret_cast<const pb_connector* (*)()>(::dlsym(handle_, "patchbay_connector_v1"));
    ASSERT_NE(entry, nullptr);
    const pb_connector* theirs = entry();
    std::memcpy(&connector_, theirs, std::min<std::size_t>(theirs->struct_size, sizeof connector_));
  }
  void TearDown() override {
    if (handle_) ::dlclose(handle_);
  }

  /// A turn of each kind with structs that are `longer` bytes longer than those of this header; what the connector
  /// said.
  std::string turns(std::uint32_t longer) {
    pb_call call{};
    call.now_ms = 1767607200123;
    call.random[31] = 77;
    call.emit = [](const pb_call* given, std::uint32_t, pb_str json) {
      *static_cast<std::string*>(given->host_data) += std::string(json.data, json.size) + "\n";
      return std::int32_t{PB_OK};
    };
    call.blob = [](const pb_call*, const void*, std::uint64_t, std::uint64_t* id) {
      return *id = 7, std::int32_t{PB_OK};
    };
    call.diag = [](const pb_call*, std::uint32_t, pb_str, pb_str, pb_str) { return std::int32_t{PB_OK}; };
    std::string said;
    call.host_data = &said;
    pb_host host{};
    host.abi_minor = PB_ABI_MINOR;
    host.log = [](const pb_host*, std::uint32_t, pb_str) {};
    pb_request request{};
    request.method = str("POST");
    request.body = str("body");
    pb_response response{};
    response.status = 201;
    response.body = str("fine");

    const Guarded its_call = grown(call, longer), its_host = grown(host, longer), its_request = grown(request, longer),
                  its_response = grown(response, longer);
    const auto* turn = its_call.as<pb_call>();
    pb_instance* instance = nullptr;
    EXPECT_EQ(connector_.create(its_host.as<pb_host>(), str(R"({"config": {}})"), turn, &instance), PB_OK);
    EXPECT_EQ(connector_.receive(instance, turn, its_request.as<pb_request>()), PB_OK);
    const auto operation = str(R"({"kind": "message"})");
    EXPECT_EQ(connector_.perform(instance, turn, operation), PB_OK);
    const auto* answer = its_response.as<pb_response>();
    EXPECT_EQ(connector_.resume(instance, turn, operation, str("from perform"), &answer, 1), PB_OK);
    connector_.destroy(instance);
    return said;
  }

 private:
  /// The struct, and behind it bytes that mean nothing to this header.
  template <class Struct>
  static Guarded grown(const Struct& ours, std::uint32_t longer) {
    std::string bytes(reinterpret_cast<const char*>(&ours), sizeof ours);
    // Of tomorrow's header the first of them are a member: null.
    bytes.append(longer, std::string(GetParam()).ends_with("next") ? '\0' : '\xAA');
    return Guarded(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  }

  void* handle_ = nullptr;
  pb_connector connector_{};
};

TEST_P(ByHand, SaysTheSameUnderAHostOfThisVersionAndUnderANewerOne) {
  const auto now = turns(0);
  EXPECT_NE(now.find("POST"), std::string::npos) << now;
  EXPECT_NE(now.find("201"), std::string::npos) << now;
  EXPECT_EQ(turns(kLonger), now);
}

INSTANTIATE_TEST_SUITE_P(Abi, ByHand, testing::Values("abi_1_0", "abi_next", "layered", "layered_next"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace patchbay::connectors::test
