#include "meta/send_errors.hpp"

#include <gtest/gtest.h>

namespace patchbay::meta {
namespace {

struct Row {
  int code;
  int subcode;
  ErrorClass error_class;
  Scope scope = Scope::kRecipient;
};

// Every pair of Meta's tables that can meet us, and what it has to mean. HTTP 500 throughout: the code decides.
constexpr Row kTable[] = {
    {1, 0, ErrorClass::kUnknown},
    {1, 1357046, ErrorClass::kUnknown},
    {2, 0, ErrorClass::kTransient, Scope::kChannel},
    {1200, 0, ErrorClass::kTransient, Scope::kChannel},
    {4, 0, ErrorClass::kRateLimited, Scope::kAccount},
    {4, 2018022, ErrorClass::kRateLimited, Scope::kAccount},
    {4, 2018354, ErrorClass::kRateLimited},
    {9, 2018352, ErrorClass::kRateLimited},
    {17, 0, ErrorClass::kRateLimited, Scope::kAccount},
    {32, 0, ErrorClass::kRateLimited, Scope::kChannel},
    {613, 0, ErrorClass::kRateLimited, Scope::kChannel},
    {80006, 0, ErrorClass::kRateLimited, Scope::kChannel},
    {10, 2018278, ErrorClass::kWindow},
    {10, 2534022, ErrorClass::kWindow},
    {10, 2018065, ErrorClass::kWindow},
    {10, 2018108, ErrorClass::kRecipient},
    {10, 1893063, ErrorClass::kAccount, Scope::kChannel},
    {100, 2534029, ErrorClass::kAccount, Scope::kChannel},
    {10, 0, ErrorClass::kAuth, Scope::kChannel},
    {200, 0, ErrorClass::kAuth, Scope::kChannel},
    {200, 2018028, ErrorClass::kAuth, Scope::kChannel},
    {230, 0, ErrorClass::kAuth, Scope::kChannel},
    {100, 2018001, ErrorClass::kRecipient},
    {100, 2534014, ErrorClass::kRecipient},
    {100, 2018109, ErrorClass::kRequest},
    {100, 2018008, ErrorClass::kTransient},
    {100, 2018294, ErrorClass::kTransient},
    {100, 2018047, ErrorClass::kRequest},
    {100, 2018074, ErrorClass::kRequest},
    {100, 33, ErrorClass::kRequest},
    {100, 0, ErrorClass::kRequest},
    {194, 0, ErrorClass::kRequest},
    {105, 0, ErrorClass::kRequest},
    {190, 0, ErrorClass::kAuth, Scope::kAccount},
    {190, 458, ErrorClass::kAuth, Scope::kAccount},
    {190, 463, ErrorClass::kAuth, Scope::kAccount},
    {102, 0, ErrorClass::kAuth, Scope::kAccount},
    {200, 1545041, ErrorClass::kRecipient},
    {551, 1545041, ErrorClass::kRecipient},
    {551, 0, ErrorClass::kRecipient},
    {200, 2534041, ErrorClass::kAccount, Scope::kChannel},
    {368, 0, ErrorClass::kAccount, Scope::kAccount},
};

TEST(ClassifySend, FollowsTheTable) {
  for (const Row& row : kTable) {
    const Failure failure = classifySend({.code = row.code, .subcode = row.subcode, .http_status = 500}, {});
    EXPECT_EQ(failure.error_class, row.error_class) << row.code << "-" << row.subcode;
    EXPECT_EQ(failure.scope, row.scope) << row.code << "-" << row.subcode;
    EXPECT_EQ(failure.retry_after.has_value(), row.error_class == ErrorClass::kRateLimited) << row.code;
  }
}

TEST(ClassifySend, NamesTheSubcode) {
  EXPECT_EQ(classifySend({.code = 10, .subcode = 2018278}, {}).code, "10-2018278");
  EXPECT_EQ(classifySend({.code = 10}, {}).code, "10");
}

TEST(ClassifySend, AnAddressThatMetaCouldNotFetchIsTriedOnceMore) {
  EXPECT_EQ(classifySend({.code = 100, .subcode = 2018008}, {.before = 0}).error_class, ErrorClass::kTransient);
  EXPECT_EQ(classifySend({.code = 100, .subcode = 2018008}, {.before = 1}).error_class, ErrorClass::kRequest);
}

TEST(ClassifySend, AnUnknownCodeGoesByMetasFlagThenByTheStatus) {
  EXPECT_EQ(classifySend({.code = 987654, .is_transient = true, .http_status = 400}, {}).error_class,
            ErrorClass::kTransient);
  EXPECT_EQ(classifySend({.code = 987654, .http_status = 401}, {}).error_class, ErrorClass::kAuth);
  EXPECT_EQ(classifySend({.code = 987654, .http_status = 429}, {}).error_class, ErrorClass::kRateLimited);
  EXPECT_EQ(classifySend({.code = 987654, .http_status = 502}, {}).error_class, ErrorClass::kTransient);
  EXPECT_EQ(classifySend({.code = 987654, .http_status = 400}, {}).error_class, ErrorClass::kRequest);
}

TEST(ReadError, KeepsTheSubcode) {
  EXPECT_EQ(readError({{"code", 10}, {"error_subcode", 2018278}}).subcode, 2018278);
  EXPECT_EQ(readError({{"code", 10}, {"error_subcode", "x"}}).subcode, 0);
}

}  // namespace
}  // namespace patchbay::meta
