/// config/patchbay.yaml as its reader would have it with every commented key taken in.
#pragma once

#include <string>

#include "app/config.hpp"
#include "base/text.hpp"

namespace patchbay::app::test {

/// A line whose first thing is "# " is a key when it is indented, or names data_dir or a URL; else it is prose.
inline std::string withCommentedKeys(const std::string& source) {
  std::string all;
  bool tenants = false;
  for (const auto line : split(source, '\n')) {
    tenants = tenants || line.starts_with("tenants:");
    std::string text(line);
    const auto hash = text.find("# ");
    const bool key = hash != std::string::npos && text.find_first_not_of(' ') == hash &&
                     (hash > 0 || text.find("://") != std::string::npos || text.starts_with("# data_dir"));
    if (key) text.erase(hash, 2);
    if (key && tenants && text.find("# ") == text.find_first_not_of(' ')) text.erase(text.find("# "), 2);
    all += text + "\n";
  }
  return all;
}

/// What the variables named in it may be.
inline const Environment kShippedEnvironment = {{"HOME", "/h"},
                                                {"DB_PASSWORD", "x"},
                                                {"JWT_SECRET_KEY", "0f9e8d7c6b5a49382716a5b4c3d2e1f00f9e"},
                                                {"ACME_WHATSAPP_TOKEN", "t"},
                                                {"ACME_WHATSAPP_APP_SECRET", "s"},
                                                {"ACME_WHATSAPP_VERIFY_TOKEN", "v"},
                                                {"ACME_SENDGRID_API_KEY", "x"},
                                                {"ACME_SENDGRID_EVENT_PUBLIC_KEY", "x"},
                                                {"ACME_SENDGRID_INBOUND_TOKEN", "x"},
                                                {"ACME_TELEGRAM_TOKEN", "x"},
                                                {"ACME_TELEGRAM_SECRET", "x"},
                                                {"ACME_AWS_ACCESS_KEY_ID", "x"},
                                                {"ACME_AWS_SECRET_ACCESS_KEY", "x"},
                                                {"ACME_TWILIO_AUTH_TOKEN", "x"},
                                                {"ACME_SHOP_SECRET", "x"},
                                                {"ACME_PAGE_TOKEN", "x"},
                                                {"ACME_META_APP_SECRET", "x"},
                                                {"ACME_META_VERIFY_TOKEN", "x"},
                                                {"ACME_INSTAGRAM_TOKEN", "x"},
                                                {"ACME_INSTAGRAM_APP_SECRET", "x"}};

}  // namespace patchbay::app::test
