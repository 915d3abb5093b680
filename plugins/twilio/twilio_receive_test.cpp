#include "twilio_receive.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

#include "twilio_address.hpp"
#include "twilio_errors.hpp"

namespace patchbay::twilio {
namespace {

using testing::FakeHost;
using testing::Webhook;

const std::string kAccount = "AC00112233445566778899aabbccddeeff";
const std::string kMessage = "SM0123456789abcdef0123456789abcdef";

FakeHost hostOf(Json more = Json::object()) {
  Json config = {{"account_sid", kAccount}, {"auth_token", "t"}, {"from", "+15550002222"}};
  config.update(more);
  return FakeHost(config);
}

testing::Turn receive(std::vector<testing::FormItem> fields, Json config = Json::object()) {
  fields.push_back({"AccountSid", kAccount});
  fields.push_back({"MessageSid", kMessage});
  return hostOf(std::move(config)).receive(Webhook::form(std::move(fields)));
}

TEST(TwilioAddress, KeepsPhoneNumbersWhatsAppAndOtherSendersApart) {
  EXPECT_EQ(addressOf("+15550001111"), (Address{kPhone, "+15550001111"}));
  EXPECT_EQ(addressOf(" +15550001111 "), (Address{kPhone, "+15550001111"}));
  EXPECT_EQ(addressOf("whatsapp:+15550001111"), (Address{kWhatsApp, "+15550001111"}));
  EXPECT_EQ(addressOf("whatsapp:US.1234"), (Address{kWhatsApp, "US.1234"}));
  EXPECT_EQ(addressOf("12345"), (Address{kSender, "12345"}));
  EXPECT_EQ(addressOf("ACME"), (Address{kSender, "ACME"}));
  EXPECT_EQ(addressOf("+0123456789"), (Address{kSender, "+0123456789"}));
  for (const char* nothing : {"", "  ", "whatsapp:", "whatsapp: "}) EXPECT_FALSE(addressOf(nothing)) << nothing;
  EXPECT_FALSE(addressOf(std::string(321, '1')));
}

TEST(TwilioAddress, TellsWhatOnlyThisMachineCanReach) {
  for (const char* url :
       {"http://127.0.0.1:8003/api", "http://localhost", "https://a.localhost:1/x", "http://[::1]:8003/a"})
    EXPECT_TRUE(isLoopback(url)) << url;
  for (const char* url : {"https://inbox.example.org/127.0.0.1", "https://localhost.example.org",
                          "https://[2001:db8::1]", "https://inbox.example.org?localhost", ""})
    EXPECT_FALSE(isLoopback(url)) << url;
}

TEST(TwilioMedia, OfThisAccountAtThisApiAloneIsFetchedWithOurCredentials) {
  const Reading reading{kAccount, "https://api.twilio.com"};
  const std::string good = "https://api.twilio.com/2010-04-01/Accounts/" + kAccount +
                           "/Messages/MM11111111111111111111111111111111/Media/ME22222222222222222222222222222222";
  EXPECT_TRUE(isOwnMedia(reading, good));
  for (const std::string& url :
       {good + "/x", good + "?a=1", "http" + good.substr(5), "https://api.twilio.com.evil.example" + good.substr(22),
        "https://evil@" + good.substr(8), good.substr(0, good.size() - 1), good + "#f",
        std::string(good).replace(43, 34, "AC99999999999999999999999999999999"),
        std::string("https://api.twilio.com/2010-04-01/Accounts/") + kAccount + "/Messages/../x/Media/ME1"})
    EXPECT_FALSE(isOwnMedia(reading, url)) << url;
}

TEST(TwilioErrors, KeepTheNumberOfACodeThatIsNotKnown) {
  const Failure failure = classify(39999, "");
  EXPECT_EQ(failure.error_class, ErrorClass::kRequest);
  EXPECT_EQ(failure.code, "39999");
  EXPECT_FALSE(failure.text.empty());
}

TEST(TwilioReceive, KeepsTheTextAsItIs) {
  const auto turn = receive({{"From", "+15550001111"}, {"Body", " a b  "}});
  ASSERT_EQ(turn.events.size(), 1U) << turn.refused;
  EXPECT_EQ(turn.events[0].at("text"), " a b  ");
}

TEST(TwilioReceive, TakesAsManyFilesAsThereAreAndNoneThatIsOddlyNumbered) {
  for (const char* count : {"-1", "x", "99999999999", ""}) {
    const auto turn =
        receive({{"From", "+15550001111"}, {"NumMedia", count}, {"MediaUrl0", "https://a.example/1"}, {"Body", "b"}});
    EXPECT_FALSE(turn.events.at(0).contains("media")) << count;
  }
  const auto more =
      receive({{"From", "+15550001111"}, {"NumMedia", "21"}, {"MediaUrl0", "https://a.example/1"}, {"Body", "b"}});
  EXPECT_EQ(more.events.at(0).at("media").size(), 1U) << "what is over the limit alone is left out";
}

TEST(TwilioReceive, OptsOutByWholeMessagesAlone) {
  const auto kinds = [](const std::string& body, const std::string& from = "+15550001111",
                        const std::string& to = "+15550002222") {
    std::string text;
    for (const Json& event : receive({{"From", from}, {"To", to}, {"Body", body}}).events)
      text += event.at("kind").get<std::string>() + " ";
    return text;
  };
  for (const char* word :
       {"STOP", "stop", " Stop\n", "STOPALL", "unsubscribe", "CANCEL", "END", "quit", "REVOKE", "OPTOUT"})
    EXPECT_EQ(kinds(word), "message opt_out ") << word;
  for (const char* word : {"START", "yes", "Unstop"}) EXPECT_EQ(kinds(word), "message opt_in ") << word;
  for (const char* word : {"STOP it", "HELP", "please stop", "", "INFO", "no"})
    EXPECT_EQ(kinds(word), "message ") << word;
  EXPECT_EQ(kinds("YES", "+15550001111", "+18005550100"), "message ") << "toll-free numbers know no YES";
  EXPECT_EQ(kinds("UNSTOP", "+15550001111", "+18005550100"), "message opt_in ");
  EXPECT_EQ(kinds("CANCEL", "whatsapp:+15550001111"), "message ") << "a word like any other on WhatsApp";
  EXPECT_EQ(kinds("STOP", "whatsapp:+15550001111"), "message opt_out ");
}

TEST(TwilioConnector, NeedsASenderAndBothHalvesOfAnApiKey) {
  EXPECT_THROW(FakeHost({{"account_sid", kAccount}, {"auth_token", "t"}}), std::runtime_error);
  EXPECT_THROW(hostOf({{"api_key_sid", "SK00112233445566778899aabbccddeeff"}}), std::runtime_error);
  EXPECT_THROW(hostOf({{"api_key_secret", "s"}}), std::runtime_error);
}

}  // namespace
}  // namespace patchbay::twilio
