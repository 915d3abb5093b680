/// One page or account as a connector. No state between turns, so reentrant.
#pragma once

#include <patchbay/connector.hpp>
#include <patchbay/lenient.hpp>
#include <string>
#include <utility>

#include "meta/account.hpp"
#include "meta/profiles.hpp"
#include "meta/send.hpp"
#include "meta/webhook.hpp"

namespace patchbay::meta {

class Channel {
 public:
  explicit Channel(Account account) : account_(std::move(account)) {}

  Received receive(const Request& request, const Call& call) const {
    const Json webhook = parseJsonLoosely(request.body());
    if (!webhook.is_object() || webhook.value("object", Json()) != account_.product->object) {
      const std::string why =
          std::string("not a webhook of ") + account_.product->name + "; is the callback URL that of another product?";
      // With entries it may hold messages, which nobody else gets: the host keeps the request.
      if (!itemsOf(webhook, "entry").empty()) throw TurnError(PB_INVALID_INPUT, "foreign_object", why, "/object");
      call.warn("foreign_object", why, "/object");
      return {};
    }
    Received received{.events = readMessaging(account_, webhook, call.now())};
    askForProfiles(account_, received);
    return received;
  }

  Step perform(const Operation& operation, const Call&) const { return begin(account_, operation); }

  Step resume(const Operation& operation, const Carry& carry, std::span<const Response> responses,
              const Call& call) const {
    if (operation.kind() == "receive") return proceedProfiles(account_, carry, responses, call);
    return proceed(account_, operation, carry, responses, call);
  }

 private:
  Account account_;
};

}  // namespace patchbay::meta
