/// GMime's objects with owners: internal to host/mail.
#pragma once

#include <gmime/gmime.h>

#include <memory>
#include <string>

namespace patchbay::mail {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
/// Holds one reference.
template <class T>
using Ref = std::unique_ptr<T, Unref>;

struct GFree {
  void operator()(void* memory) const { g_free(memory); }
};
using GText = std::unique_ptr<char, GFree>;

inline std::string take(char* text) {
  const GText owned(text);
  return text == nullptr ? std::string() : std::string(text);
}

/// Once per process, before anything else of GMime. Any thread.
inline void startGMime() {
  static const bool started = (g_mime_init(), true);
  (void)started;
}

}  // namespace patchbay::mail
