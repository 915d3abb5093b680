#include "mail/html_rules.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::mail {
namespace {

constexpr std::array<std::string_view, 65> kKeep = {
    "a",          "abbr",   "address", "b",        "bdi",  "bdo",    "big",    "blockquote", "br",  "caption", "center",
    "cite",       "code",   "col",     "colgroup", "dd",   "del",    "dfn",    "div",        "dl",  "dt",      "em",
    "figcaption", "figure", "font",    "h1",       "h2",   "h3",     "h4",     "h5",         "h6",  "hr",      "i",
    "img",        "ins",    "kbd",     "li",       "mark", "ol",     "p",      "pre",        "q",   "rp",      "rt",
    "ruby",       "s",      "samp",    "small",    "span", "strike", "strong", "sub",        "sup", "table",   "tbody",
    "td",         "tfoot",  "th",      "thead",    "tr",   "tt",     "u",      "ul",         "var", "wbr"};
constexpr std::array<std::string_view, 35> kDrop = {
    "script",   "style",   "head",     "title",     "noscript", "iframe", "object",   "embed", "applet",
    "svg",      "math",    "template", "textarea",  "select",   "option", "optgroup", "input", "video",
    "audio",    "source",  "track",    "canvas",    "meta",     "link",   "base",     "frame", "frameset",
    "noframes", "noembed", "xmp",      "plaintext", "param",    "portal", "dialog",   "image"};
constexpr std::array<std::string_view, 4> kVoid = {"br", "hr", "img", "col"};
constexpr std::array<std::string_view, 8> kStyles = {"color",      "background-color", "font-weight", "font-style",
                                                     "text-align", "text-decoration",  "font-size",   "white-space"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// Words and numbers: nothing that could be a function, an address, a string or an escape.
bool plainValue(std::string_view value, std::string_view also) {
  return !value.empty() && value.size() <= 60 && std::all_of(value.begin(), value.end(), [&](char c) {
    return isAlnum(c) || also.find(c) != std::string_view::npos;
  });
}

std::string safeStyle(std::string_view style) {
  std::string out;
  for (const auto declaration : split(style.substr(0, 4000), ';')) {
    const auto colon = declaration.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = lowerAscii(trim(declaration.substr(0, colon)));
    const auto value = trim(declaration.substr(colon + 1));
    if (!among(kStyles, name) || !plainValue(value, "#%.- ")) continue;
    // A text that cannot be seen says one thing to filters and another to people.
    if (name == "font-size" && value.starts_with('0')) continue;
    out += (out.empty() ? "" : "; ") + name + ": " + std::string(value);
  }
  return out;
}

/// As a browser reads it: control characters are not there, also inside a scheme, and a blank between others is part of
/// the address.
std::string squeezed(std::string_view url) {
  std::string out;
  for (const char c : trim(url)) {
    if (c == ' ')
      out += "%20";
    else if (static_cast<unsigned char>(c) > ' ' && c != 0x7f)
      out.push_back(c);
  }
  return out;
}

std::string withScheme(std::string_view url, std::initializer_list<std::string_view> schemes) {
  if (url.size() > 8192) return {};
  auto clean = squeezed(url);
  const auto lower = lowerAscii(std::string_view(clean).substr(0, 16));
  for (const auto scheme : schemes)
    if (lower.starts_with(scheme)) return clean;
  return {};
}

}  // namespace

TagRule tagRule(std::string_view tag) {
  return among(kKeep, tag) ? TagRule::kKeep : among(kDrop, tag) ? TagRule::kDrop : TagRule::kUnwrap;
}

bool isVoid(std::string_view tag) {
  return among(kVoid, tag) || tag == "wbr";
}

std::string safeLink(std::string_view url) {
  return withScheme(url, {"http://", "https://", "mailto:", "tel:"});
}

std::string safeRemote(std::string_view url) {
  return withScheme(url, {"http://", "https://"});
}

std::string attributeValue(std::string_view tag, std::string_view name, std::string_view value) {
  const auto keepIf = [&](bool good) { return good ? std::string(value) : std::string(); };
  if (name == "style") return safeStyle(value);
  if (name == "title" || name == "alt") return std::string(firstCodePoints(value, 500));
  if (name == "dir") return keepIf(value == "ltr" || value == "rtl" || value == "auto");
  if (name == "lang") return keepIf(plainValue(value, "-"));
  if (name == "align" || name == "valign") return keepIf(plainValue(value, ""));
  if (name == "href") return tag == "a" ? safeLink(value) : std::string();
  if (name == "color" || name == "bgcolor") return keepIf(plainValue(value, "#"));
  if (name == "width" || name == "height") return keepIf(plainValue(value, "%."));
  const bool cell = tag == "td" || tag == "th" || tag == "table" || tag == "col" || tag == "colgroup";
  if (name == "colspan" || name == "rowspan" || name == "span" || name == "border" || name == "cellpadding" ||
      name == "cellspacing")
    return keepIf(cell && plainValue(value, "") && value.size() <= 4);
  if (name == "start" || name == "type")
    return keepIf((tag == "ol" || tag == "ul" || tag == "li") && plainValue(value, "-"));
  if (name == "size" || name == "face") return keepIf(tag == "font" && plainValue(value, "+-, "));
  if (name == "data-remote-src") return tag == "img" ? safeRemote(value) : std::string();
  return {};
}

}  // namespace patchbay::mail
