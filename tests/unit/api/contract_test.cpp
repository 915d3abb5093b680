#include "api/contract.hpp"

#include <set>

#include "api_fixture.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

/// The document with one change, as a JSON patch.
Json changed(const Json& patch) {
  return builtInDocument().patch(patch);
}

TEST(Contract, EveryOperationHasAnAuthorisationRuleAndWhatItNeedsToBeRead) {
  const Contract contract(builtInDocument(), {});
  EXPECT_GE(contract.operations().size(), 30U);
  for (const auto& operation : contract.operations()) {
    const auto& source = contract.document()["paths"][operation.path][lowerAscii(operation.method)];
    EXPECT_TRUE(source.contains("x-patchbay-auth")) << operation.id;
    EXPECT_FALSE(source.value("summary", "").empty()) << operation.id;
    EXPECT_EQ(1U, source.value("tags", Json::array()).size()) << operation.id;
    const bool open = operation.auth == AuthRule::kPublic || operation.auth == AuthRule::kWebhook;
    EXPECT_EQ(open, source.contains("security"))
        << operation.id << ": security must say [] exactly when no token is needed";
    const auto& responses = source["responses"];
    if (!open) {
      EXPECT_TRUE(responses.contains("401")) << operation.id;
    }
    if (operation.body) {
      for (const char* status : {"400", "413", "415", "422"})
        EXPECT_TRUE(responses.contains(status)) << operation.id << " " << status;
    }
  }
}

TEST(Contract, EveryPostOfATenantTakesAnIdempotencyKey) {
  const Contract contract(builtInDocument(), {});
  for (const auto& operation : contract.operations()) {
    if (operation.method != "POST" || operation.auth != AuthRule::kTenant) continue;
    EXPECT_TRUE(std::any_of(operation.header_parameters.begin(), operation.header_parameters.end(),
                            [](const Parameter& parameter) { return parameter.name == "Idempotency-Key"; }))
        << operation.id;
  }
}

TEST(Contract, EverySchemaOfAnAnswerIsOneThatIsReallyChecked) {
  const Contract contract(builtInDocument(), {});
  int checked = 0;
  for (const auto& [path, item] : contract.document()["paths"].items())
    for (const auto& [method, operation] : item.items()) {
      if (!operation.is_object() || !operation.contains("operationId")) continue;
      for (const auto& [status, response] : operation["responses"].items()) {
        EXPECT_NO_THROW((void)contract.checkResponse(operation["operationId"].get<std::string>(), std::stoi(status),
                                                     "application/json", "{}"))
            << operation["operationId"] << " " << status;
        ++checked;
      }
    }
  EXPECT_GT(checked, 150);
}

TEST(Contract, ChecksAnswers) {
  const Contract contract(builtInDocument(), {});
  EXPECT_TRUE(contract
                  .checkResponse("getHealth", 200, "application/json",
                                 R"({"status":"healthy","service":"s","modules":{"inbox":"active","chat":"active"}})")
                  .empty());
  EXPECT_FALSE(contract.checkResponse("getHealth", 200, "application/json", R"({"status":"ill"})").empty());
  EXPECT_FALSE(contract.checkResponse("getHealth", 200, "text/plain", "ok").empty());
  EXPECT_FALSE(contract.checkResponse("getHealth", 418, "application/json", "{}").empty());
  EXPECT_FALSE(contract.checkResponse("archiveConversation", 204, "", "text").empty());
  EXPECT_FALSE(contract.checkResponse("getHealthy", 200, "application/json", "{}").empty());
}

TEST(Contract, EnumerationsStandOnceAndPlatformsOfConnectorsAreAdded) {
  const Contract contract(builtInDocument(), {"carrier_pigeon", "whatsapp"});
  const auto& words = contract.document()["components"]["schemas"]["ChannelWord"]["enum"];
  EXPECT_EQ(1, std::count(words.begin(), words.end(), Json("carrier_pigeon")));
  EXPECT_EQ(1, std::count(words.begin(), words.end(), Json("whatsapp")));
  // Written out a second time, one of the two would be forgotten when a value is added.
  std::map<std::string, int> seen;
  const std::function<void(const Json&)> walk = [&](const Json& node) {
    if (node.is_object() && node.contains("enum") && node["enum"].size() > 2) ++seen[node["enum"].dump()];
    if (node.is_structured())
      for (const auto& child : node) walk(child);
  };
  walk(builtInDocument());
  EXPECT_GE(seen.size(), 5U);
  for (const auto& [values, count] : seen) EXPECT_EQ(1, count) << values;
}

TEST(Contract, IsServedInTheOrderOfTheFileWithAllThatWasAdded) {
  const Contract contract(builtInDocument(), {"carrier_pigeon"});
  auto document = contract.document();
  document["x-added"] = "later";
  const auto text = inFileOrder(document);
  EXPECT_EQ(document, Json::parse(text));
  EXPECT_LT(text.find("\"openapi\""), text.find("\"info\""));
  EXPECT_LT(text.find("\"/conversations\""), text.find("\"/api/v1/tenants\""));
}

TEST(Contract, StopsTheStartWhenTheDocumentCannotBeWhatItIs) {
  const auto start = [](const Json& patch) { return Contract(changed(patch), {}); };
  const auto remove = [](const std::string& path) { return Json::array({{{"op", "remove"}, {"path", path}}}); };
  const auto add = [](const std::string& path, const Json& value) {
    return Json::array({{{"op", "add"}, {"path", path}, {"value", value}}});
  };
  EXPECT_THROW(start(remove("/paths/~1health/get/x-patchbay-auth")), ContractError);
  EXPECT_THROW(start(add("/paths/~1health/get/x-patchbay-auth", "everybody")), ContractError);
  EXPECT_THROW(start(add("/paths/~1health/get/operationId", "getRoot")), ContractError);
  EXPECT_THROW(start(add("/paths/~1messages/get/x-patchbay-runs", "inline")), ContractError);
  EXPECT_THROW(start(remove("/components/schemas/Assignment")), ContractError);
  EXPECT_THROW(start(remove("/paths/~1conversations~1{id}/parameters/0")), ContractError);
  EXPECT_THROW(start(add("/components/schemas/Assignment/unevaluatedProperties", false)), ContractError);
  EXPECT_THROW(start(add("/components/schemas/Assignment/properties/assigned_to/nullable", true)), ContractError);
  EXPECT_THROW(start(add("/components/schemas/Slug/pattern", "(")), ContractError);
  EXPECT_THROW(start(remove("/servers")), ContractError);
}

using Endpointless = ApiTest;

TEST_F(Endpointless, AnOperationWithoutAnEndpointStopsTheStartByName) {
  endpoints_.erase("getHealth");
  endpoints_.erase("createMessage");
  try {
    (void)dispatcher();
    FAIL() << "started with operations that nothing answers";
  } catch (const ContractError& error) {
    const std::string what = error.what();
    EXPECT_NE(std::string::npos, what.find("getHealth")) << what;
    EXPECT_NE(std::string::npos, what.find("createMessage")) << what;
  }
}

TEST_F(Endpointless, AGateAndLimitsOfItsOwnGoTogether) {
  endpoints_["receiveWebhook"].gate = nullptr;
  EXPECT_THROW((void)dispatcher(), ContractError);
}

TEST_F(Endpointless, AnEndpointWithoutAnOperationStopsTheStartByName) {
  endpoints_["getSecrets"] = endpoints_["getHealth"];
  try {
    (void)dispatcher();
    FAIL() << "started with an endpoint that is not in the document";
  } catch (const ContractError& error) {
    EXPECT_NE(std::string::npos, std::string(error.what()).find("getSecrets")) << error.what();
  }
}

}  // namespace
}  // namespace patchbay::api
