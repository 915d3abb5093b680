// A raw mail, taken apart: the texts of it are text that the database takes, and the HTML is safe.
#include "base/text.hpp"
#include "fuzz.hpp"
#include "mail/take_apart.hpp"

FUZZ(std::string_view bytes) {
  using namespace patchbay;
  std::vector<connectors::Event> events(1);
  events[0].mime = 1;
  mail::BlobBytes blobs{{1, std::string(bytes)}};
  for (const auto& event : mail::takeApart(std::move(events), blobs, Timestamp{std::chrono::seconds{1767607200}})) {
    fuzz::check(isValidUtf8(event.text) && event.text.find('\0') == std::string::npos, "text is text");
    fuzz::check(isValidUtf8(event.subject) && isValidUtf8(event.from.name) && isValidUtf8(event.id), "names are text");
    if (event.mail)
      fuzz::check(isValidUtf8(event.mail->html) && event.mail->html.find("<script") == std::string::npos,
                  "HTML is safe");
  }
}
