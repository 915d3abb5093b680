/// Template management, the review's webhooks, subscriptions, and the failures of these calls.
#include <gtest/gtest.h>

#include <mutex>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/meta/wire.hpp"
#include "simulators/whatsapp/templates.hpp"
#include "simulators/whatsapp/whatsapp_simulator.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

using std::chrono::seconds;

class TemplateTest : public ::testing::Test {
 protected:
  TemplateTest()
      : callback_(
            "127.0.0.1", 0,
            [this](HttpRequest& request) {
              const std::lock_guard lock(mutex_);
              if (request.header("X-Hub-Signature-256") == meta::signature("simulator-app-secret", request.body))
                received_.push_back(parseJson(request.body));
              return HttpReply{200, {}, ""};
            },
            [](const HttpRequest&) { return false; }),
        client_(seconds(30)) {
    callback_.start();
    meta_.registerNumber({"1061", callback_.url() + "/hook", "15550109999", "3012", "", "", "", ""});
  }

  Json ask(const std::string& method, const std::string& path, const Json& body = Json(), int status = 200) {
    const std::vector<std::pair<std::string, std::string>> headers{{"Authorization", "Bearer simulator-access-token"},
                                                                   {"Content-Type", "application/json"}};
    const HttpAnswer answer =
        client_.request(method, meta_.url() + path, headers, body.is_null() ? "" : dumpJson(body));
    EXPECT_EQ(status, answer.status) << method << " " << path << ": " << answer.body << answer.error;
    return answer.body.empty() ? Json() : parseJson(answer.body);
  }
  Json create(const std::string& name, int status = 200, const std::string& language = "en_US") {
    return ask("POST", "/v23.0/3012/message_templates",
               {{"name", name},
                {"language", language},
                {"category", "UTILITY"},
                {"components", {{{"type", "BODY"}, {"text", "Hi {{1}}, {{2}} is ready"}}}}},
               status);
  }
  Json control(const std::string& path, const Json& body) { return ask("POST", "/_simulator" + path, body); }

  std::mutex mutex_;
  std::vector<Json> received_;  // guarded by mutex_
  HttpServer callback_;
  WhatsAppSimulator meta_;
  HttpClient client_;
};

TEST_F(TemplateTest, ANewTemplateIsReviewedAndItsAccountTold) {
  const Json made = create("order_ready");
  EXPECT_EQ("PENDING", made.at("status"));
  ASSERT_TRUE(meta_.waitForTemplate(made.at("id"), "APPROVED", seconds(30)));
  {
    const std::lock_guard lock(mutex_);
    const Json& change = received_.at(0)["entry"][0]["changes"][0];
    EXPECT_EQ("3012", received_[0]["entry"][0]["id"]);
    EXPECT_EQ("message_template_status_update", change.at("field"));
    EXPECT_EQ("APPROVED", change.at("value").at("event"));
    EXPECT_EQ("order_ready", change.at("value").at("message_template_name"));
    EXPECT_FALSE(change.at("value").contains("metadata"));
  }
  const Json list = ask("GET", "/v23.0/3012/message_templates?fields=name,status");
  EXPECT_EQ(Json({{{"id", made.at("id")}, {"name", "order_ready"}, {"status", "APPROVED"}}}), list.at("data"));
  EXPECT_FALSE(list.at("paging").contains("next"));
  EXPECT_EQ("UTILITY", ask("GET", "/v23.0/" + made.at("id").get<std::string>()).at("category"));
}

TEST_F(TemplateTest, ListsComeInPagesBothWays) {
  control("/settings", {{"template_review", {{"status", ""}}}});
  for (int i = 0; i < 5; ++i) create("t" + std::to_string(i));
  const std::string path = "/v23.0/3012/message_templates?fields=name&limit=2";
  const auto names = [](const Json& page) {
    std::string all;
    for (const Json& item : page.at("data")) all += item.at("name").get<std::string>() + " ";
    return all;
  };
  const auto cursor = [](const Json& page, const char* which) {
    return page.at("paging").at("cursors").at(which).get<std::string>();
  };
  const Json first = ask("GET", path);
  EXPECT_EQ("t0 t1 ", names(first));
  EXPECT_NE(first.at("paging").at("next").get<std::string>().find("access_token="), std::string::npos);
  EXPECT_FALSE(first.at("paging").contains("previous"));
  const Json second = ask("GET", path + "&after=" + cursor(first, "after"));
  EXPECT_EQ("t2 t3 ", names(second));
  EXPECT_TRUE(second.at("paging").contains("previous"));
  const Json last = ask("GET", path + "&after=" + cursor(second, "after"));
  EXPECT_EQ("t4 ", names(last));
  EXPECT_FALSE(last.at("paging").contains("next"));
  EXPECT_EQ("t0 t1 ", names(ask("GET", path + "&before=" + cursor(second, "before"))));
  EXPECT_EQ(Json::array(), ask("GET", path + "&after=" + cursor(last, "after")).at("data"));
  EXPECT_EQ("t3 ", names(ask("GET", path + "&name=t3")));
  EXPECT_EQ(Json::array(), ask("GET", path + "&status=APPROVED").at("data"));
  ask("GET", path + "&after=nothing", Json(), 400);
  ask("GET", "/v23.0/3012/message_templates?limit=0", Json(), 400);
}

TEST_F(TemplateTest, WhatMetaWouldNotTakeIsRefused) {
  create("order_ready");
  EXPECT_EQ(2388024, create("order_ready", 400).at("error").at("error_subcode"));
  create("order_ready", 200, "fr");
  create("Order Ready", 400);
  const std::string path = "/v23.0/3012/message_templates";
  const auto refused = [&](Json change) {
    Json body{{"name", "x"},
              {"language", "en_US"},
              {"category", "UTILITY"},
              {"components", {{{"type", "BODY"}, {"text", "Hi"}}}}};
    body.update(change);
    return ask("POST", path, body, 400).at("error").at("code") == 100;
  };
  EXPECT_TRUE(refused({{"category", "GREETING"}}));
  EXPECT_TRUE(refused({{"language", ""}}));
  EXPECT_TRUE(refused({{"components", Json::array()}}));
  EXPECT_TRUE(refused({{"components", {{{"type", "FOOTER"}, {"text", "only"}}}}}));
  EXPECT_TRUE(refused({{"components", {{{"type", "BODY"}, {"text", std::string(1025, 'x')}}}}}));
  EXPECT_TRUE(
      refused({{"components",
                {{{"type", "BODY"}, {"text", "Hi"}},
                 {{"type", "BUTTONS"}, {"buttons", {{{"type", "QUICK_REPLY"}, {"text", std::string(26, 'b')}}}}}}}}));
  ask("POST", path, Json(), 400);
}

TEST_F(TemplateTest, ATemplateIsDeletedInAllLanguagesOrInOne) {
  const Json english = create("a");
  create("a", 200, "fr");
  create("b");
  ask("DELETE", "/v23.0/3012/message_templates?name=a&hsm_id=" + english.at("id").get<std::string>());
  EXPECT_EQ(2U, ask("GET", "/v23.0/3012/message_templates").at("data").size());
  ask("DELETE", "/v23.0/3012/message_templates?name=a");
  EXPECT_EQ(1U, ask("GET", "/v23.0/3012/message_templates").at("data").size());
  ask("DELETE", "/v23.0/3012/message_templates?name=a", Json(), 400);
  ask("DELETE", "/v23.0/3012/message_templates", Json(), 400);
}

TEST_F(TemplateTest, SendsAreCheckedAgainstTheTemplatesWhereThatIsAskedFor) {
  control("/settings", {{"check_templates", true}});
  const auto send = [&](const Json& components, int status, const std::string& name = "order_ready") {
    return ask("POST", "/v23.0/1061/messages",
               {{"messaging_product", "whatsapp"},
                {"to", "+33639980042"},
                {"type", "template"},
                {"template", {{"name", name}, {"language", {{"code", "en_US"}}}, {"components", components}}}},
               status);
  };
  const auto text = [](const char* value) { return Json{{"type", "text"}, {"text", value}}; };
  const Json two = {{{"type", "body"}, {"parameters", {text("Ines"), text("A-17")}}}};
  EXPECT_EQ(132001, send(two, 404).at("error").at("code"));
  control("/templates", {{"name", "order_ready"}, {"components", {{{"type", "BODY"}, {"text", "Hi {{1}}, {{2}}"}}}}});
  send(two, 200);
  EXPECT_EQ(132000, send({{{"type", "body"}, {"parameters", {text("Ines")}}}}, 400).at("error").at("code"));
  control("/templates", {{"name", "order_ready"}, {"status", "PAUSED"}, {"reason", "LOW_QUALITY"}});
  EXPECT_EQ(132015, send(two, 400).at("error").at("code"));
  control("/templates", {{"name", "order_ready"}, {"status", "DISABLED"}});
  EXPECT_EQ(132016, send(two, 400).at("error").at("code"));
  control("/templates", {{"name", "order_ready"}, {"status", "REJECTED"}});
  EXPECT_EQ(132001, send(two, 404).at("error").at("code"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ("LOW_QUALITY", received_.at(received_.size() - 3)["entry"][0]["changes"][0]["value"]["reason"]);
}

TEST_F(TemplateTest, SubscriptionsAreKept) {
  const std::string path = "/v23.0/3012/subscribed_apps";
  EXPECT_EQ(1U, ask("GET", path).at("data").size());
  EXPECT_EQ(true, ask("DELETE", path).at("success"));
  EXPECT_EQ(0U, ask("GET", path).at("data").size());
  EXPECT_EQ(true, ask("POST", path).at("success"));
  EXPECT_EQ(1U, ask("GET", path).at("data").size());
  ask("GET", "/v23.0/999/subscribed_apps", Json(), 400);
}

TEST_F(TemplateTest, FailuresCanBeOrderedForEveryCall) {
  const auto fail = [&](const Json& order) { control("/fail", order); };
  fail({{"what", "error"}, {"code", 200}, {"on", "templates"}});
  EXPECT_EQ(200, ask("GET", "/v23.0/3012/message_templates", Json(), 403).at("error").at("code"));
  ask("GET", "/v23.0/3012/message_templates");
  fail({{"what", "503"}, {"on", "subscription"}});
  EXPECT_EQ(503, client_
                     .request("POST", meta_.url() + "/v23.0/3012/subscribed_apps",
                              {{"Authorization", "Bearer simulator-access-token"}}, "")
                     .status);
  fail({{"what", "error"}, {"code", 190}, {"on", "number"}});
  EXPECT_EQ(190, ask("GET", "/v23.0/1061", Json(), 401).at("error").at("code"));
  ask("GET", "/v23.0/1061");
  fail({{"what", "error"}, {"code", 131009}, {"on", "read"}});
  const Json receipt{{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", "wamid.IN"}};
  EXPECT_EQ(131009, ask("POST", "/v23.0/1061/messages", receipt, 400).at("error").at("code"));
  ask("POST", "/v23.0/1061/messages", receipt);

  fail({{"what", "usage"}, {"percent", 97}, {"minutes", 3}, {"on", "read"}});
  const HttpAnswer used = client_.request(
      "POST", meta_.url() + "/v23.0/1061/messages",
      {{"Authorization", "Bearer simulator-access-token"}, {"Content-Type", "application/json"}}, dumpJson(receipt));
  EXPECT_EQ(200, used.status);
  EXPECT_EQ(97, parseJson(used.header("X-App-Usage")).at("call_count"));
  EXPECT_EQ(3,
            parseJson(used.header("X-Business-Use-Case-Usage")).begin()->at(0).at("estimated_time_to_regain_access"));
}

TEST_F(TemplateTest, LimitsAreEnforcedOnRealSends) {
  control("/settings", {{"pair_burst", 1}, {"pair_pause_ms", 3'600'000}, {"window", true}});
  const auto send = [&](const std::string& to, int status) {
    return ask("POST", "/v23.0/1061/messages",
               {{"messaging_product", "whatsapp"}, {"to", to}, {"type", "text"}, {"text", {{"body", "x"}}}}, status);
  };
  EXPECT_EQ(131047, send("+33639980042", 400).at("error").at("code"));
  meta_.deliver("1061", textEvent({"Ines", "+33639980042", "", ""}, "hi"));
  send("+33639980042", 200);
  EXPECT_EQ(131056, send("+33639980042", 400).at("error").at("code"));
  EXPECT_EQ(400, client_
                     .request("POST", meta_.url() + "/_simulator/settings", {{"Content-Type", "application/json"}},
                              R"({"per_second":-1})")
                     .status);
}

TEST(VariablesIn, CountsPositionsAndNames) {
  EXPECT_EQ(0U, variablesIn("none { } {{ open"));
  EXPECT_EQ(2U, variablesIn("{{1}} and {{order}}"));
}

}  // namespace
}  // namespace patchbay::simulators::whatsapp
