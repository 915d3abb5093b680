/// Twilio: the Messages API for what Patchbay sends, customers whose messages come as signed webhooks, status
/// callbacks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "simulators/common/failures.hpp"

namespace patchbay::simulators::twilio {

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string account_sid = "AC00112233445566778899aabbccddeeff";
  std::string auth_token = "simulator-auth-token";
  std::string api_key_sid = "SK00112233445566778899aabbccddeeff";
  std::string api_key_secret = "simulator-api-key-secret";
  std::string from = "+15550002222";           ///< the business: SMS
  std::string whatsapp_from = "+15550003333";  ///< and WhatsApp
  std::string callback_url;                    ///< where inbound messages go; may be set later
  std::vector<std::string> statuses = {"sent", "delivered"};
  int status_delay_ms = 20;
  std::uint64_t seed = 0;
  std::function<void(std::string_view)> story;  ///< a line for people per thing that happens; may be empty
};

/// Thread-safe. Serves from construction to destruction.
class TwilioSimulator {
 public:
  /// @throws std::runtime_error  the address cannot be bound
  explicit TwilioSimulator(Options options);
  ~TwilioSimulator();
  TwilioSimulator(const TwilioSimulator&) = delete;
  TwilioSimulator& operator=(const TwilioSimulator&) = delete;

  std::string url() const;  ///< base_url and messaging_base_url of the connector

  void setCallback(std::string url);
  void failNext(Failure failure);

  /// A customer writes: {"from": "+1555..." | "whatsapp:+1555...", "text", "name", "media": [{"base64", "mime_type"}],
  /// "fields": {more parameters}, "signature": "valid" | "wrong" | "missing", "copies": n}.
  /// @return {"ids", "status", "body"}: what the host said
  /// @throws BadInput
  Json deliver(const Json& event);

  /// Messages that the API accepted, oldest first.
  Json sent() const;
  /// Status callbacks and what the host answered.
  Json statuses() const;
  /// @return {"ok": every webhook was answered with 200, "steps": [...]}
  Json playDemoCustomers();
  /// Answers that came to the demo's customers: {"answers": n, "read": n}.
  Json demoState() const;

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators::twilio
