/// Received bytes that were not consumed yet, in one piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace patchbay::edge {

class InputBuffer {
 public:
  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t size() const { return end_ - begin_; }

  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  struct Space {
    char* data;
    std::size_t size;
  };
  /// Room for at least half of `capacity`, which is also what the buffer grows to when it must.
  Space prepare(std::size_t capacity) {
    if (capacity_ - end_ < capacity / 2) {
      const std::size_t held = size();
      const std::size_t wanted = std::max(capacity_, held + capacity);
      if (wanted > capacity_) {
        std::unique_ptr<char[]> larger(new char[wanted]);  // not make_unique: it would clear the bytes
        if (held != 0) std::memcpy(larger.get(), data_.get() + begin_, held);
        data_ = std::move(larger);
        capacity_ = wanted;
      } else {
        std::memmove(data_.get(), data_.get() + begin_, held);
      }
      begin_ = 0;
      end_ = held;
    }
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) { end_ += count; }

  /// Gives memory back that a large body needed, when nothing is held.
  void shrink(std::size_t keep) {
    if (!empty() || capacity_ <= keep) return;
    data_.reset();
    capacity_ = begin_ = end_ = 0;
  }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace patchbay::edge
