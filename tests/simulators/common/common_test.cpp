#include <gtest/gtest.h>

#include <condition_variable>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/command_line.hpp"
#include "simulators/common/failures.hpp"
#include "simulators/common/ids.hpp"
#include "simulators/common/multipart.hpp"
#include "simulators/common/scheduler.hpp"

namespace patchbay::simulators {
namespace {

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const BadInput& problem) {
    return problem.what();
  }
  return "(accepted)";
}

TEST(Failure, ReadsTextAndJsonAlike) {
  const Failure text =
      Failure::fromText("what=error,code=131056,to=+33639980042,times=always,retry_after=2,counts=false");
  const Failure json = Failure::fromJson({{"what", "error"},
                                          {"code", 131056},
                                          {"to", "+33639980042"},
                                          {"times", "always"},
                                          {"retry_after", 2},
                                          {"counts", false}});
  EXPECT_EQ(text.toJson(), json.toJson());
  EXPECT_EQ(text.times, Failure::kAlways);
}

TEST(Failure, NamesWhatIsWrong) {
  const auto says = [](const char* text) { return refusal([&] { (void)Failure::fromText(text); }); };
  EXPECT_NE(says("what=explode").find("explode"), std::string::npos);
  EXPECT_NE(says("what=99").find("200..599"), std::string::npos);
  EXPECT_NE(says("what=error").find("'code'"), std::string::npos);
  EXPECT_NE(says("what=429,tims=2").find("did you mean 'times'"), std::string::npos);
  EXPECT_NE(says("what=429,times=0").find("1 or more"), std::string::npos);
  EXPECT_NE(says("429").find("NAME=VALUE"), std::string::npos);
  EXPECT_NE(says("what=429,on=calls").find("upload"), std::string::npos);
  EXPECT_NE(says("what=close_before_request,to=+33").find("'to'"), std::string::npos);
}

TEST(Failures, AreUsedUpInOrderAndByRecipient) {
  Failures failures;
  failures.add(Failure::fromText("what=500,times=2,to=+1"));
  failures.add(Failure::fromText("what=503"));
  EXPECT_EQ(failures.take("upload", "+1"), std::nullopt) << "of another call";
  EXPECT_EQ(failures.take("messages", "+1")->status, 500);
  EXPECT_EQ(failures.take("messages", "+2")->status, 503);
  EXPECT_FALSE(failures.take("messages", "+2"));
  EXPECT_EQ(failures.take("messages", "+1")->status, 500);
  EXPECT_FALSE(failures.take("messages", "+1"));
}

TEST(Failures, BeforeTheBodyOnlyThatKindFits) {
  Failures failures;
  failures.add(Failure::fromText("what=500"));
  failures.add(Failure::fromText("what=close_before_request"));
  EXPECT_EQ(failures.takeBeforeBody("messages")->what, Failure::What::kCloseBeforeRequest);
  EXPECT_FALSE(failures.takeBeforeBody("messages"));
  EXPECT_TRUE(failures.take("messages", ""));
}

TEST(Multipart, ReadsFieldsAndBinaryFiles) {
  const std::string body =
      "--xYz\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"
      "--xYz\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".png\"\r\nContent-Type: "
      "image/png\r\n\r\n"
      "\x89PNG\r\n\r\n--xY\r\n--xYz--\r\n";
  const auto parts = parseMultipart("multipart/form-data; boundary=xYz", body);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2U);
  EXPECT_EQ((*parts)[0].content, "whatsapp");
  EXPECT_EQ((*parts)[1].filename, "a \"b\".png");
  EXPECT_EQ((*parts)[1].content_type, "image/png");
  EXPECT_EQ((*parts)[1].content, "\x89PNG\r\n\r\n--xY");
}

TEST(Multipart, RefusesABodyThatIsNotFramedToTheEnd) {
  const std::string head = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n";
  for (const std::string& body : {std::string(), head, head + "x", head + "x\r\n--b", std::string("--b"),
                                  std::string("--b\r\nno colon\r\n\r\nx\r\n--b--"), head + "x\r\n--bX--"})
    EXPECT_FALSE(parseMultipart("multipart/form-data; boundary=b", body)) << body;
  EXPECT_FALSE(parseMultipart("application/json; boundary=b", head + "x\r\n--b--"));
  EXPECT_FALSE(parseMultipart("multipart/form-data", head + "x\r\n--b--"));
}

TEST(Ids, RepeatWithASeedAndDifferWithout) {
  Ids first(7);
  Ids second(7);
  EXPECT_EQ(first.wamid(), second.wamid());
  EXPECT_NE(first.wamid(), first.wamid());
  EXPECT_NE(Ids(0).wamid(), Ids(0).wamid());
  EXPECT_EQ(first.digits(17).size(), 17U);
}

TEST(Ids, SomeEndInAnEqualsSign) {
  Ids ids(1);
  int padded = 0;
  for (int i = 0; i < 60; ++i) padded += ids.wamid().ends_with('=') ? 1 : 0;
  EXPECT_GT(padded, 10);
  EXPECT_LT(padded, 60);
}

TEST(Scheduler, RunsWhatIsDueFirstAndDropsTheRestAtTheEnd) {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<int> ran;
  const auto note = [&](int value) {
    return [&, value] {
      const std::lock_guard lock(mutex);
      ran.push_back(value);
      changed.notify_all();
    };
  };
  {
    Scheduler scheduler(1);
    scheduler.after(std::chrono::hours(1), note(9));
    scheduler.after(std::chrono::seconds(2), note(2));  // far enough from the next, however slowly that is given
    scheduler.after(std::chrono::milliseconds(0), note(1));
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(30), [&] { return ran.size() == 2; }));
  }
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
}

TEST(CommandLine, TakesBothSpellingsAndNamesMistakes) {
  const std::vector<OptionRule> rules{{"port", "PORT", ""}, {"demo", "", ""}};
  const CommandLine line(rules, {"--port", "1", "--demo", "--port=2"});
  EXPECT_EQ(line.number("port", 0, 0, 9), 2);
  EXPECT_TRUE(line.has("demo"));
  const auto says = [&](std::vector<std::string> arguments) {
    return refusal([&] { CommandLine(rules, arguments).number("port", 0, 0, 9); });
  };
  EXPECT_NE(says({"--prot=1"}).find("did you mean --port"), std::string::npos);
  EXPECT_NE(says({"--port"}).find("needs a value"), std::string::npos);
  EXPECT_NE(says({"--demo=1"}).find("takes no value"), std::string::npos);
  EXPECT_NE(says({"--port", "10"}).find("0..9"), std::string::npos);
  EXPECT_NE(says({"--port", "1x"}).find("'1x'"), std::string::npos);
  EXPECT_NE(says({"port"}).find("not an option"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::simulators
