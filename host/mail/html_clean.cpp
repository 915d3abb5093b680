#include "mail/html_clean.hpp"

#include <vector>

#include "base/text.hpp"
#include "mail/html_rules.hpp"
#include "mail/html_tree.hpp"

namespace patchbay::mail {
namespace {

constexpr int kMaxDepth = 200;  // tags further down are unwrapped
constexpr std::size_t kMaxOutput = 2 * kMaxHtml;
constexpr int kPasses = 5;

void escape(std::string_view text, bool quotes, std::string& out) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        quotes ? out += "&quot;" : out += c;
        break;
      case '\0':
      case '\r':
        break;
      default:
        out += c;
    }
  }
}

void writeAttribute(std::string_view name, std::string_view value, std::string& out) {
  out.append(" ").append(name).append("=\"");
  escape(value, true, out);
  out += '"';
}

class Cleaner {
 public:
  explicit Cleaner(const FindInline& find_inline) : find_inline_(find_inline) {}

  bool run(const GumboNode* root) {
    walk(
        root, [this](const GumboNode* node, int) { return enter(node); },
        [this](const GumboNode* node, int) { leave(node); });
    return out_.size() <= kMaxOutput;
  }
  std::string take() { return std::move(out_); }

 private:
  static std::string nameOf(const GumboNode* node) {
    const auto& element = node->v.element;
    if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
    return "unknown";  // never on the list
  }

  bool enter(const GumboNode* node) {
    if (out_.size() > kMaxOutput) return false;
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE || node->type == GUMBO_NODE_CDATA) {
      escape(node->v.text.text, false, out_);
      return false;
    }
    if (node->type != GUMBO_NODE_ELEMENT || node->v.element.tag_namespace != GUMBO_NAMESPACE_HTML) return false;
    const auto tag = nameOf(node);
    const auto rule = tagRule(tag);
    if (rule == TagRule::kDrop) return false;
    if (rule == TagRule::kUnwrap || open_.size() >= kMaxDepth) return true;
    if (tag == "img") {
      image(node);
      return false;
    }
    out_ += "<" + tag;
    writeAttributes(node, tag);
    out_ += '>';
    if (isVoid(tag)) return false;
    open_.push_back(node);
    // The parser takes the first line end after <pre> away, each time.
    if (tag == "pre") out_ += '\n';
    return true;
  }

  void leave(const GumboNode* node) {
    if (open_.empty() || open_.back() != node) return;
    open_.pop_back();
    out_ += "</" + nameOf(node) + ">";
  }

  void writeAttributes(const GumboNode* node, const std::string& tag) {
    const auto& attributes = node->v.element.attributes;
    bool link = false;
    for (unsigned i = 0; i < attributes.length && i < 50; ++i) {
      const auto* one = static_cast<const GumboAttribute*>(attributes.data[i]);
      if (one->attr_namespace != GUMBO_ATTR_NAMESPACE_NONE) continue;
      const auto value = attributeValue(tag, one->name, one->value);
      if (value.empty()) continue;
      writeAttribute(one->name, value, out_);
      link |= std::string_view(one->name) == "href";
    }
    if (link) out_ += " target=\"_blank\" rel=\"noopener noreferrer nofollow\"";
  }

  void image(const GumboNode* node) {
    const auto source = std::string(trim(attribute(node, "src")));
    std::string attributes;
    if (lowerAscii(source.substr(0, 4)) == "cid:") {
      std::string id;
      if (!percentDecode(std::string_view(source).substr(4), false, id)) id = source.substr(4);
      if (const auto where = find_inline_(id); !where.empty()) writeAttribute("src", where, attributes);
    } else if (const auto kept = find_inline_(source); !kept.empty()) {
      writeAttribute("src", source, attributes);  // ours already
    } else if (const auto remote = safeRemote(source); !remote.empty()) {
      writeAttribute("data-remote-src", remote, attributes);
    }
    if (attributes.empty())
      if (const auto remote = safeRemote(attribute(node, "data-remote-src")); !remote.empty())
        writeAttribute("data-remote-src", remote, attributes);
    for (const char* name : {"alt", "title", "width", "height", "align"})
      if (const auto value = attributeValue("img", name, attribute(node, name)); !value.empty())
        writeAttribute(name, value, attributes);
    if (!attributes.empty()) out_ += "<img" + attributes + ">";
  }

  const FindInline& find_inline_;
  std::vector<const GumboNode*> open_;
  std::string out_;
};

/// One pass; nothing when the input or the output is over a bound.
bool pass(const HtmlTree& tree, const FindInline& find_inline, std::string& out) {
  if (tree.root() == nullptr) return false;
  Cleaner cleaner(find_inline);
  if (!cleaner.run(tree.root())) return false;
  out = cleaner.take();
  return true;
}

}  // namespace

std::string cleanHtml(std::string_view html, const FindInline& find_inline) {
  return cleanHtml(HtmlTree(html), find_inline);
}

std::string cleanHtml(const HtmlTree& tree, const FindInline& find_inline) {
  std::string before, after;
  if (!pass(tree, find_inline, before)) return {};
  // A tree that came about by repair (tables inside paragraphs, links inside links) is written as text that is repaired
  // differently. What a browser makes of the result must be what was judged, so it is parsed until it stays the same.
  for (int i = 0; i < kPasses; ++i) {
    if (!pass(HtmlTree(before), find_inline, after)) return {};
    if (after == before) return after;
    before.swap(after);
  }
  return {};
}

}  // namespace patchbay::mail
