/// A struct whose end is the end of readable memory: one byte read behind it ends the process.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <new>

namespace patchbay::test {

class Guarded {
 public:
  /// @param bytes  copied; its first four become the size, as struct_size
  Guarded(const void* bytes, std::uint32_t size) : page_(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    void* memory = ::mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || ::mprotect(static_cast<char*>(memory) + page_, page_, PROT_NONE) != 0)
      throw std::bad_alloc();
    base_ = static_cast<char*>(memory);
    begin_ = base_ + page_ - size;
    std::memcpy(begin_, bytes, size);
    std::memcpy(begin_, &size, sizeof size);
  }
  ~Guarded() { ::munmap(base_, 2 * page_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  template <class Struct>
  const Struct* as() const {
    return reinterpret_cast<const Struct*>(begin_);
  }

 private:
  std::size_t page_;
  char* base_ = nullptr;
  char* begin_ = nullptr;
};

}  // namespace patchbay::test
