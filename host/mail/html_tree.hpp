/// A document that gumbo has parsed, within bounds that hold for hostile input: internal to host/mail.
#pragma once

#include <gumbo.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace patchbay::mail {

/// Longest HTML that is parsed, in bytes.
inline constexpr std::size_t kMaxHtml = 2U << 20U;
/// Most tags of it: gumbo looks through the open elements at each one, so time grows with their square.
inline constexpr std::size_t kMaxHtmlTags = 30'000;
/// Most formatting elements (a, b, font, ...) that are never closed: gumbo opens them again inside every block.
inline constexpr std::size_t kMaxOpenFormats = 500;
/// Longest time for its tree, of the processor: what no count foresees ends here.
inline constexpr std::chrono::milliseconds kMaxHtmlTime{400};
/// Most memory for its tree.
inline constexpr std::size_t kMaxHtmlTree = 96U << 20U;

/// The tree lives in one arena: gumbo would free a deep one recursively and overflow the stack.
class HtmlTree {
 public:
  explicit HtmlTree(std::string_view html);
  ~HtmlTree();
  HtmlTree(const HtmlTree&) = delete;
  HtmlTree& operator=(const HtmlTree&) = delete;

  /// The <html> element; null when the input is over a bound.
  const GumboNode* root() const;

 private:
  struct Arena;
  std::unique_ptr<Arena> arena_;
  std::string html_;  // texts of the tree point into it
};

/// Walks a tree in document order without recursion. `enter` returns false to skip what is below the node.
template <class Enter, class Leave>
void walk(const GumboNode* root, Enter enter, Leave leave);

/// The children of an element, document or template; null for others.
inline const GumboVector* childrenOf(const GumboNode* node) {
  if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE) return &node->v.element.children;
  return node->type == GUMBO_NODE_DOCUMENT ? &node->v.document.children : nullptr;
}

template <class Enter, class Leave>
void walk(const GumboNode* root, Enter enter, Leave leave) {
  const GumboNode* node = root;
  int depth = 0;
  bool down = true;
  while (node != nullptr) {
    const GumboVector* children = down ? (enter(node, depth) ? childrenOf(node) : nullptr) : nullptr;
    if (children != nullptr && children->length > 0) {
      node = static_cast<const GumboNode*>(children->data[0]);
      ++depth;
      continue;
    }
    leave(node, depth);
    if (node == root) return;
    const GumboVector* siblings = childrenOf(node->parent);
    const auto next = node->index_within_parent + 1;
    down = next < siblings->length;
    node = down ? static_cast<const GumboNode*>(siblings->data[next]) : node->parent;
    if (!down) --depth;
  }
}

/// Value of an attribute; empty when it is not there.
inline std::string_view attribute(const GumboNode* node, const char* name) {
  const GumboAttribute* found = gumbo_get_attribute(&node->v.element.attributes, name);
  return found == nullptr ? std::string_view() : std::string_view(found->value);
}

}  // namespace patchbay::mail
