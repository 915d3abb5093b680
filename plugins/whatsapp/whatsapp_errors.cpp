#include "whatsapp_errors.hpp"

#include <algorithm>
#include <iterator>

namespace patchbay::whatsapp {
namespace {

using std::chrono::seconds;

/// What follows from a code, beyond its class.
enum class Rule {
  kPlain,
  kOnce,      // worth one more try, then it is our request that is wrong
  kPairRate,  // 4^n seconds
};

struct CodeRange {
  int first;
  int last;
  ErrorClass error_class;
  Scope scope;
  seconds retry_after{0};  // 0: the host's own pauses
  Rule rule = Rule::kPlain;
};

constexpr auto kTransient = ErrorClass::kTransient;
constexpr auto kRate = ErrorClass::kRateLimited;
constexpr auto kAuth = ErrorClass::kAuth;
constexpr auto kAccount = ErrorClass::kAccount;
constexpr auto kRecipient = ErrorClass::kRecipient;
constexpr auto kRequest = ErrorClass::kRequest;

/// Sorted by code. Source: Meta, "Cloud API error codes", and the integrations that report what they met in practice.
constexpr CodeRange kCodes[] = {
    {0, 0, kAuth, Scope::kAccount},                            // token cannot be used
    {1, 1, kTransient, Scope::kRecipient, {}, Rule::kOnce},    // unknown error, often a bad request
    {2, 2, kTransient, Scope::kChannel},                       // service down
    {3, 3, kAuth, Scope::kChannel},                            // capability missing
    {4, 4, kRate, Scope::kAccount, seconds(300)},              // calls of the app; minutes
    {10, 10, kAuth, Scope::kChannel},                          // permission missing
    {33, 33, kAccount, Scope::kChannel},                       // phone number id unknown or deleted
    {100, 100, kRequest, Scope::kRecipient},                   // bad parameter
    {190, 190, kAuth, Scope::kAccount},                        // token expired or revoked
    {200, 299, kAuth, Scope::kChannel},                        // permission removed
    {368, 368, kAccount, Scope::kAccount},                     // blocked for a policy violation
    {80007, 80007, kRate, Scope::kAccount, seconds(300)},      // calls of the business account; minutes
    {130429, 130429, kRate, Scope::kChannel, seconds(5)},      // throughput of the number; seconds
    {130472, 130472, kRecipient, Scope::kRecipient},           // user is in a marketing experiment
    {130497, 130497, kRecipient, Scope::kRecipient},           // not allowed in that country
    {131000, 131000, kTransient, Scope::kRecipient},           // something went wrong
    {131005, 131005, kAuth, Scope::kChannel},                  // permission missing
    {131008, 131009, kRequest, Scope::kRecipient},             // parameter missing or invalid
    {131016, 131016, kTransient, Scope::kChannel},             // service unavailable
    {131021, 131021, kRequest, Scope::kRecipient},             // sender is recipient
    {131026, 131026, kRecipient, Scope::kRecipient},           // undeliverable: not on WhatsApp, terms not accepted
    {131030, 131030, kRecipient, Scope::kRecipient},           // not on the allow-list of a test number
    {131031, 131031, kAccount, Scope::kAccount},               // account locked
    {131037, 131037, kAccount, Scope::kChannel},               // display name not approved
    {131042, 131042, kAccount, Scope::kAccount},               // payment
    {131045, 131045, kAccount, Scope::kChannel},               // number not registered
    {131047, 131047, ErrorClass::kWindow, Scope::kRecipient},  // more than 24 hours since the user's last message
    {131048, 131048, kRate, Scope::kChannel, seconds(3600)},   // spam limit: do not hammer
    {131049, 131049, kRecipient, Scope::kRecipient, seconds(86400)},   // marketing cap; not before a day is over
    {131050, 131050, kRecipient, Scope::kRecipient},                   // user stopped marketing
    {131051, 131052, kRequest, Scope::kRecipient},                     // message type; user's media cannot be fetched
    {131053, 131053, kTransient, Scope::kRecipient, {}, Rule::kOnce},  // our media cannot be converted
    {131056, 131056, kRate, Scope::kRecipient, {}, Rule::kPairRate},   // too fast for this one user
    {131057, 131057, kTransient, Scope::kChannel, seconds(90)},        // number in maintenance, about a minute
    {131062, 131063, kRequest, Scope::kRecipient},             // not possible for a BSUID; marketing templates disabled
    {131064, 131064, kAccount, Scope::kAccount},               // messaging limit after misclassified templates
    {132000, 132068, kRequest, Scope::kRecipient},             // templates; flow blocked
    {132069, 132069, kRate, Scope::kRecipient, seconds(360)},  // flow throttled: ten an hour
    {133000, 133003, kAccount, Scope::kChannel},               // registration and PIN: the admin has to act
    {133004, 133004, kTransient, Scope::kChannel},             // service down
    {133005, 133016, kAccount, Scope::kChannel},               // registration and PIN
    {134011, 134011, kAccount, Scope::kAccount},               // payment terms not accepted
    {135000, 135000, kRequest, Scope::kRecipient},             // bad parameter
    {137000, 137000, kRecipient, Scope::kRecipient},           // identity check failed
};

const CodeRange* find(int code) {
  const auto* at = std::upper_bound(std::begin(kCodes), std::end(kCodes), code,
                                    [](int wanted, const CodeRange& range) { return wanted < range.first; });
  if (at == std::begin(kCodes)) return nullptr;
  --at;
  return code <= at->last ? at : nullptr;
}

Failure byCode(const CodeRange& range, Tries tries) {
  Failure failure{.error_class = range.error_class, .scope = range.scope};
  if (range.retry_after.count() > 0) failure.retry_after = range.retry_after;
  if (range.rule == Rule::kOnce && tries.before > 0) failure.error_class = kRequest;
  if (range.rule == Rule::kPairRate) {
    // Meta: wait 4^n seconds, n from 0. At 4096 s (over an hour) more patience gains nothing.
    failure.retry_after = seconds(1LL << (2U * std::min(tries.throttled, 6U)));
  }
  return failure;
}

}  // namespace

Failure classify(const GraphError& error, Tries tries) {
  const CodeRange* range = error.code ? find(*error.code) : nullptr;
  Failure failure = range ? byCode(*range, tries) : meta::byRemainder(error);
  if (error.code) failure.code = std::to_string(*error.code);
  failure.text = meta::wordsOf(error);
  return failure;
}

Failure failureOf(const Response& response, Tries tries) {
  return meta::failureOf(response, tries, &classify);
}

EventError eventErrorOf(const Json& error) {
  const Failure failure = classify(meta::readError(error), Tries{.before = 1});
  return {toString(failure.error_class), failure.code, failure.text};
}

}  // namespace patchbay::whatsapp
