#include "mail/html_tree.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdlib>
#include <ctime>
#include <map>
#include <vector>

#include "base/text.hpp"

namespace patchbay::mail {

namespace {

std::chrono::nanoseconds processorTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

struct HtmlTree::Arena {
  std::vector<void*> blocks;
  std::size_t used = 0;
  char* at = nullptr;
  std::size_t left = 0;
  GumboOutput* output = nullptr;
  std::size_t calls = 0;
  std::chrono::nanoseconds until = processorTime() + kMaxHtmlTime;
  std::jmp_buf over;

  ~Arena() {
    for (void* block : blocks) std::free(block);
  }

  static constexpr std::size_t kBlock = 256U << 10U;

  /// gumbo does not expect null, so running out of the budget leaves the parser altogether; its memory is all ours.
  static void* allocate(void* self, std::size_t size) {
    auto& arena = *static_cast<Arena*>(self);
    size = (size + 15U) & ~std::size_t{15U};
    // Each tag allocates, so this is asked often enough.
    if (++arena.calls % 16 == 0 && processorTime() > arena.until) std::longjmp(arena.over, 1);
    if (size > kMaxHtmlTree - arena.used) std::longjmp(arena.over, 1);
    arena.used += size;
    if (size > arena.left) {
      const auto block = std::max(size, kBlock);
      void* memory = std::malloc(block);
      if (memory == nullptr) std::longjmp(arena.over, 1);
      arena.blocks.push_back(memory);
      arena.at = static_cast<char*>(memory);
      arena.left = block;
    }
    void* result = arena.at;
    arena.at += size;
    arena.left -= size;
    return result;
  }
  static void release(void*, void*) {}
};

namespace {

std::size_t countTags(std::string_view html) {
  return static_cast<std::size_t>(std::count(html.begin(), html.end(), '<'));
}

bool formats(std::string_view tag) {
  constexpr std::array<std::string_view, 14> kFormats = {"a",    "b", "big",   "code",   "em",     "font", "i",
                                                         "nobr", "s", "small", "strike", "strong", "tt",   "u"};
  return std::find(kFormats.begin(), kFormats.end(), tag) != kFormats.end();
}

/// Start tags of formatting elements without an end tag so far, at the most; and their end tags that have no start.
/// A guess that costs nothing: comments and attributes are not told apart.
std::size_t countOpenFormats(std::string_view html) {
  std::map<std::string, std::size_t, std::less<>> open;
  std::size_t formats_open = 0, unmatched = 0, most = 0;
  for (auto at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    auto rest = html.substr(at + 1, 20);
    const bool end = rest.starts_with('/');
    if (end) rest.remove_prefix(1);
    const auto name = lowerAscii(rest.substr(0, rest.find_first_of(" \t\r\n\f/>")));
    if (!formats(name)) continue;
    auto& count = open[name];
    if (!end)
      ++count, ++formats_open;
    else if (count > 0)
      --count, --formats_open;
    else
      ++unmatched;
    most = std::max(most, formats_open + unmatched);
  }
  return most;
}

}  // namespace

HtmlTree::HtmlTree(std::string_view html) : arena_(std::make_unique<Arena>()) {
  if (html.size() > kMaxHtml || countTags(html) > kMaxHtmlTags || countOpenFormats(html) > kMaxOpenFormats) return;
  html_ = html;
  // What gumbo looks for in vectors of its own is reserved, so that push_back() inside the callback cannot throw
  // through C code.
  arena_->blocks.reserve(kMaxHtmlTree / Arena::kBlock * 2 + 16);
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = &Arena::allocate;
  options.deallocator = &Arena::release;
  options.userdata = arena_.get();
  options.max_errors = 0;
  if (setjmp(arena_->over) == 0) arena_->output = gumbo_parse_with_options(&options, html_.data(), html_.size());
}

HtmlTree::~HtmlTree() = default;

const GumboNode* HtmlTree::root() const {
  return arena_->output == nullptr ? nullptr : arena_->output->root;
}

}  // namespace patchbay::mail
