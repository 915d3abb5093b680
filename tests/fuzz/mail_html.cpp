// HTML made safe: parsed again it holds nothing that is not on the list, and comes out the same.
#include "fuzz.hpp"
#include "mail/html_clean.hpp"
#include "mail/html_rules.hpp"
#include "mail/html_text.hpp"
#include "mail/html_tree.hpp"

FUZZ(std::string_view bytes) {
  using namespace patchbay::mail;
  const std::string html(bytes);
  const auto none = [](std::string_view) { return std::string(); };
  (void)htmlToText(html);
  const auto clean = cleanHtml(html, none);
  patchbay::fuzz::check(cleanHtml(clean, none) == clean, "cleaned twice it is the same", clean);
  const HtmlTree tree(clean);
  patchbay::fuzz::check(tree.root() != nullptr, "it can be parsed", clean);
  walk(
      tree.root(),
      [](const GumboNode* node, int depth) {
        patchbay::fuzz::check(node->type != GUMBO_NODE_COMMENT && node->type != GUMBO_NODE_TEMPLATE, "no comments");
        if (node->type != GUMBO_NODE_ELEMENT) return true;
        const std::string tag = gumbo_normalized_tagname(node->v.element.tag);
        if (depth < 2 && (tag == "html" || tag == "head" || tag == "body")) return true;  // the parser's own
        patchbay::fuzz::check(node->v.element.tag_namespace == GUMBO_NAMESPACE_HTML && tagRule(tag) == TagRule::kKeep,
                              "every tag is on the list", tag);
        const auto& attributes = node->v.element.attributes;
        for (unsigned i = 0; i < attributes.length; ++i) {
          const auto* one = static_cast<const GumboAttribute*>(attributes.data[i]);
          const std::string_view name = one->name;
          if (tag == "a" && (name == "target" || name == "rel")) continue;
          patchbay::fuzz::check(attributeValue(tag, name, one->value) == one->value, "every attribute is allowed",
                                one->value);
        }
        return true;
      },
      [](const GumboNode*, int) {});
}
