/// Addresses as Twilio writes them, and as the inbox keeps them.
#pragma once

#include <optional>
#include <patchbay/event.hpp>
#include <string>
#include <string_view>

namespace patchbay::twilio {

// Kinds of the inbox. A short code or a sender with a name is no phone number, and cannot be answered in every country.
inline constexpr const char* kPhone = "phone";               ///< E.164 with +
inline constexpr const char* kWhatsApp = "twilio_whatsapp";  ///< what follows "whatsapp:": E.164, or a user id (US.12)
inline constexpr const char* kSender = "twilio_sender";      ///< short code or alphanumeric sender

/// + and 7 to 15 digits, the first of which is not 0.
bool isE164(std::string_view text);

/// `From` or `To` of a webhook; nothing when it is empty or longer than an address may be. A number that raw caller
/// text has blanks around is one all the same.
std::optional<Address> addressOf(std::string_view text);

/// As the API wants it: "whatsapp:+15550100".
std::string wireOf(const Address& address);

/// Does the address lead to the machine itself, where nobody else can follow it?
bool isLoopback(std::string_view url);

/// US and Canadian toll-free numbers have opt-out rules of their own.
bool isTollFree(std::string_view number);

}  // namespace patchbay::twilio
