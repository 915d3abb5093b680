// Quoted text: what is left is a part of what came, and never nothing of something.
#include "base/text.hpp"
#include "fuzz.hpp"
#include "mail/flowed.hpp"
#include "mail/quotes.hpp"

FUZZ(std::string_view bytes) {
  using namespace patchbay;
  const std::string text(bytes);
  const auto stripped = mail::stripQuotes(text, "Re: x");
  fuzz::check(text.find(stripped.own) != std::string::npos, "a part of the text");
  fuzz::check(stripped.own.empty() == trim(text).empty(), "something is left of something");
  (void)mail::unflow(text, true);
}
