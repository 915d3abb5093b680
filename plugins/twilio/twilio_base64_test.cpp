#include "twilio_base64.hpp"

#include <gtest/gtest.h>

namespace patchbay::twilio {
namespace {

// "Good morning, " and so on, as `base64 -w0` writes it; "Доброе утро", for what is no ASCII.
const std::string kLong =
    "R29vZCBtb3JuaW5nLCB0aGlzIGlzIGEgbG9uZyBtZXNzYWdlIGFib3V0IG91ciBhcHBvaW50bWVudCBvbiBGcmlkYXkgYXQgbm9vbi4=";
const std::string kLongText = "Good morning, this is a long message about our appointment on Friday at noon.";
const std::string kCyrillic =
    "0JTQvtCx0YDQvtC1INGD0YLRgNC+ISDQodC/"
    "0LDRgdC40LHQviDQt9CwINC+0YLQstC10YIsINC80Ysg0LHRg9C00LXQvCDQsiDQv9C+0LvQtNC10L3RjC4=";

TEST(TwilioBase64, ReadsALongTextAndItsLineBreaks) {
  EXPECT_EQ(textOfBase64(kLong), kLongText);
  EXPECT_EQ(textOfBase64(kLong.substr(0, 76) + "\r\n" + kLong.substr(76) + "\n"), kLongText);
  EXPECT_EQ(textOfBase64(kCyrillic), "Доброе утро! Спасибо за ответ, мы будем в полдень.");
}

TEST(TwilioBase64, LeavesEverythingElseAsItCame) {
  const std::string binary = std::string(95, 'A') + "B";
  for (const std::string& body :
       {std::string(), kLongText, kLong.substr(0, 92), kLong.substr(0, kLong.size() - 1), kLong + "====", kLong + " x",
        "x " + kLong, std::string(100, 'a'), binary, std::string(48, 'h') + std::string(48, 'a'), std::string(96, '=')})
    EXPECT_FALSE(textOfBase64(body)) << body;
}

}  // namespace
}  // namespace patchbay::twilio
