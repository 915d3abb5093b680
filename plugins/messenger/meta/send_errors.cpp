#include "meta/send_errors.hpp"

#include <string>

namespace patchbay::meta {
namespace {

using std::chrono::seconds;

constexpr int kAny = -1;

struct Row {
  int code;
  int subcode;  ///< kAny: all that no row before names
  ErrorClass error_class;
  Scope scope;
  seconds retry_after{0};  ///< 0: the host's own pauses
  bool once = false;       ///< worth one more try, then it is our request that is wrong
};

constexpr auto kTransient = ErrorClass::kTransient;
constexpr auto kRate = ErrorClass::kRateLimited;
constexpr auto kAuth = ErrorClass::kAuth;
constexpr auto kAccount = ErrorClass::kAccount;
constexpr auto kWindow = ErrorClass::kWindow;
constexpr auto kRecipient = ErrorClass::kRecipient;
constexpr auto kRequest = ErrorClass::kRequest;
constexpr auto kPerson = Scope::kRecipient;
constexpr auto kChannel = Scope::kChannel;
constexpr auto kApp = Scope::kAccount;

/// The first row that fits decides. Source: Meta, "Messenger Platform error codes", "Instagram messaging: error codes",
/// and the integrations that report what they met in practice.
constexpr Row kRows[] = {
    // "Invalid JSON reply" and its like have come although the message was sent.
    {1, kAny, ErrorClass::kUnknown, kPerson},
    {2, kAny, kTransient, kChannel},                // service down
    {4, 2018354, kRate, kPerson, seconds(3600)},    // marketing messages to this person
    {4, kAny, kRate, kApp, seconds(300)},           // calls of the app; minutes
    {9, 2018352, kRate, kPerson, seconds(3600)},    // marketing messages to this person
    {10, 2018278, kWindow, kPerson},                // outside the allowed window
    {10, 2534022, kWindow, kPerson},                // likewise, Instagram
    {10, 2018065, kWindow, kPerson},                // likewise
    {10, 2018108, kRecipient, kPerson},             // this person does not receive messages from us
    {10, 1893063, kAccount, kChannel},              // account restricted
    {10, kAny, kAuth, kChannel},                    // permission missing
    {17, kAny, kRate, kApp, seconds(300)},          // calls of the user whose token it is
    {32, kAny, kRate, kChannel, seconds(300)},      // calls of the page
    {100, 2018001, kRecipient, kPerson},            // no matching user
    {100, 2534014, kRecipient, kPerson},            // likewise, Instagram
    {100, 2534029, kAccount, kChannel},             // blocked from messaging, Instagram
    {100, 2018008, kTransient, kPerson, {}, true},  // Meta could not fetch our address
    {100, 2018294, kTransient, kPerson, {}, true},  // fetching the video took too long
    {100, kAny, kRequest, kPerson},                 // too large, type does not match, attachment id, parameter
    {102, kAny, kAuth, kApp},                       // token invalid
    {105, kAny, kRequest, kPerson},                 // too few or too many elements
    {190, kAny, kAuth, kApp},                       // token expired or revoked, password changed, checkpoint
    {194, kAny, kRequest, kPerson},                 // parameter missing
    {200, 1545041, kRecipient, kPerson},            // person not available
    {200, 2534041, kAccount, kChannel},             // the owner switched off access to messages, Instagram
    {200, kAny, kAuth, kChannel},                   // permission missing; app not reviewed
    {230, kAny, kAuth, kChannel},                   // permission missing
    {368, kAny, kAccount, kApp},                    // blocked for abuse
    {551, kAny, kRecipient, kPerson},               // person not available
    {613, kAny, kRate, kChannel, seconds(60)},      // calls of the page, or sends a second
    {1200, kAny, kTransient, kChannel},             // service down
    {80006, kAny, kRate, kChannel, seconds(300)},   // calls of the page's business
};

const Row* find(int code, int subcode) {
  for (const Row& row : kRows)
    if (code == row.code && (row.subcode == kAny || row.subcode == subcode)) return &row;
  return nullptr;
}

}  // namespace

Failure classifySend(const GraphError& error, Tries tries) {
  Failure failure;
  if (const Row* row = error.code ? find(*error.code, error.subcode) : nullptr) {
    failure.error_class = row->once && tries.before > 0 ? kRequest : row->error_class;
    failure.scope = row->scope;
    if (row->retry_after.count() > 0) failure.retry_after = row->retry_after;
  } else {
    failure = byRemainder(error);
  }
  if (error.code) failure.code = std::to_string(*error.code);
  if (error.code && error.subcode != 0) failure.code += "-" + std::to_string(error.subcode);
  failure.text = wordsOf(error);
  return failure;
}

}  // namespace patchbay::meta
