// The manifest in a connector's file, which nobody has looked at before.
#include "connectors/elf_manifest.hpp"

#include <span>

#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  const auto section = connectors::manifestSection(std::as_bytes(std::span(bytes.data(), bytes.size())));
  if (!section.ok()) {
    check(fuzz::oneLine(section.error().message), "a refusal is one line", section.error().message);
    return;
  }
  check(section->size() <= connectors::kMaxManifest, "a manifest is within its limit");
  check(bytes.find(*section) != std::string_view::npos, "a manifest is a piece of the file");
}
