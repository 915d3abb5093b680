#include "mail/html_text.hpp"

#include <array>
#include <vector>

#include "base/text.hpp"
#include "mail/html_rules.hpp"
#include "mail/html_tree.hpp"

namespace patchbay::mail {
namespace {

constexpr std::size_t kMaxText = 1U << 20U;

constexpr std::array<std::string_view, 24> kBlocks = {
    "address", "blockquote", "body", "caption", "center", "dd", "div", "dl", "dt",  "figure", "form", "h1",
    "h2",      "h3",         "h4",   "h5",      "h6",     "li", "ol",  "p",  "pre", "table",  "tr",   "ul"};

bool isBlock(std::string_view tag) {
  for (const auto block : kBlocks)
    if (block == tag) return true;
  return false;
}

bool hasClass(const GumboNode* node, std::string_view wanted) {
  if (attribute(node, "class").find(wanted) == std::string_view::npos) return false;
  for (const auto word : split(attribute(node, "class"), ' '))
    if (word == wanted) return true;
  return false;
}

/// The marks of the mail programs around or before what they quote.
bool beginsQuote(const GumboNode* node, std::string_view tag) {
  constexpr std::array<std::string_view, 7> kClasses = {"gmail_quote",
                                                        "gmail_quote_container",
                                                        "moz-cite-prefix",
                                                        "yahoo_quoted",
                                                        "protonmail_quote",
                                                        "zmail_extra",
                                                        "ms-outlook-mobile-reference-message"};
  constexpr std::array<std::string_view, 4> kIds = {"divRplyFwdMsg", "appendonsend", "OLK_SRC_BODY_SECTION",
                                                    "mail-editor-reference-message-container"};
  if (tag == "blockquote" && equalsIgnoreCase(attribute(node, "type"), "cite")) return true;
  if (tag == "div" && attribute(node, "name") == "quote") return true;
  for (const auto name : kClasses)
    if (hasClass(node, name)) return true;
  const auto id = attribute(node, "id");
  for (const auto name : kIds)
    if (id == name || (id.starts_with("x_") && id.substr(2) == name)) return true;
  // Outlook: the rule above "From: ... Sent: ..."
  return tag == "div" && attribute(node, "style").find("border-top:solid #E1E1E1 1.0pt") != std::string_view::npos;
}

/// Marks after which everything is quoted, not only what is inside.
bool opensTheRest(const GumboNode* node, std::string_view tag) {
  const auto id = attribute(node, "id");
  return id.find("divRplyFwdMsg") != std::string_view::npos || id.find("appendonsend") != std::string_view::npos ||
         hasClass(node, "moz-cite-prefix") || (tag == "div" && attribute(node, "style").starts_with("border"));
}

class Writer {
 public:
  void run(const GumboNode* root) {
    walk(
        root, [this](const GumboNode* node, int) { return enter(node); },
        [this](const GumboNode* node, int) { leave(node); });
  }

  HtmlText take() {
    HtmlText text;
    const bool cut =
        quote_at_ != std::string::npos && !own_below_ && !trim(std::string_view(out_).substr(0, quote_at_)).empty();
    text.quoted = cut && !trim(std::string_view(out_).substr(quote_at_)).empty();
    text.all = std::string(trim(out_));
    text.own = text.quoted ? std::string(trim(std::string_view(out_).substr(0, quote_at_))) : text.all;
    return text;
  }

 private:
  bool enter(const GumboNode* node) {
    if (out_.size() > kMaxText) return false;
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA) {
      add(node->v.text.text);
      return false;
    }
    if (node->type != GUMBO_NODE_ELEMENT || node->v.element.tag_namespace != GUMBO_NAMESPACE_HTML) return false;
    const std::string_view tag = gumbo_normalized_tagname(node->v.element.tag);
    if (tagRule(tag) == TagRule::kDrop) return false;
    if (isBlock(tag)) newLine();
    if (quote_ == nullptr && beginsQuote(node, tag)) {
      quote_ = node;
      rest_ |= opensTheRest(node, tag);
      if (quote_at_ == std::string::npos) quote_at_ = out_.size();
    }
    if (tag == "br") out_ += '\n';
    if (tag == "hr") newLine();
    if (tag == "li") out_ += "- ";
    if (tag == "pre") ++pre_;
    if (tag == "img") add(attribute(node, "alt"));
    if (tag == "a") links_.push_back({node, out_.size()});
    return true;
  }

  void leave(const GumboNode* node) {
    if (node->type != GUMBO_NODE_ELEMENT) return;
    const std::string_view tag = gumbo_normalized_tagname(node->v.element.tag);
    if (!links_.empty() && links_.back().node == node) {
      const auto url = safeLink(attribute(node, "href"));
      // A view: links inside links would copy the same text again and again.
      const auto shown = trim(std::string_view(out_).substr(links_.back().at));
      links_.pop_back();
      const bool mail = url.starts_with("mailto:");
      if (!url.empty() && !shown.empty() && url.find(shown) == std::string::npos && !mail && url.size() <= 500)
        out_ += " <" + url + ">";
    }
    if (node == quote_) quote_ = nullptr;
    if (tag == "pre" && pre_ > 0) --pre_;
    if (tag == "td" || tag == "th") blank();
    if (isBlock(tag)) newLine();
    if (tag == "p") out_ += out_.ends_with("\n\n") || out_.empty() ? "" : "\n";
  }

  void add(std::string_view text) {
    const bool below = quote_at_ != std::string::npos && quote_ == nullptr && !rest_;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (pre_ > 0 && c != '\r') {
        out_ += c;
      } else if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') {
        blank();
      } else if (text.substr(i).starts_with("\xC2\xA0")) {  // no-break space
        blank();
        ++i;
      } else {
        out_ += c;
        own_below_ |= below;
      }
    }
  }

  void blank() {
    if (!out_.empty() && out_.back() != ' ' && out_.back() != '\n') out_ += ' ';
  }
  void newLine() {
    while (!out_.empty() && out_.back() == ' ' && out_.size() > quoteStart()) out_.pop_back();
    if (!out_.empty() && out_.back() != '\n') out_ += '\n';
  }
  std::size_t quoteStart() const { return quote_at_ == std::string::npos ? 0 : quote_at_; }

  struct Link {
    const GumboNode* node;
    std::size_t at;
  };
  std::string out_;
  std::vector<Link> links_;
  const GumboNode* quote_ = nullptr;
  std::size_t quote_at_ = std::string::npos;
  bool rest_ = false;
  bool own_below_ = false;
  int pre_ = 0;
};

/// For HTML over the bounds of the parser: everything between tags.
std::string withoutTags(std::string_view html) {
  std::string out;
  bool inside = false;
  for (const char c : html.substr(0, kMaxText)) {
    if (c == '<') inside = true;
    if (!inside) out += c;
    if (c == '>') inside = false;
  }
  return std::string(trim(out));
}

}  // namespace

HtmlText htmlToText(std::string_view html) {
  return htmlToText(HtmlTree(html), html);
}

HtmlText htmlToText(const HtmlTree& tree, std::string_view html) {
  if (tree.root() == nullptr) {
    const auto text = withoutTags(html);
    return {text, text, false};
  }
  Writer writer;
  writer.run(tree.root());
  return writer.take();
}

}  // namespace patchbay::mail
