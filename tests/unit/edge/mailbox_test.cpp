#include <gtest/gtest.h>

#include "edge/loop.hpp"

namespace patchbay::edge {
namespace {

TEST(MailboxTest, AHundredAnswersFromAnotherThreadAreOneWakeUp) {
  boost::asio::io_context io;
  Mailbox mailbox(io);
  for (int round = 0; round < 2; ++round) {
    std::thread([&] {
      for (std::uint64_t i = 0; i < 100; ++i) mailbox.put({{}, i, {}});
    }).join();
    io.restart();
    EXPECT_EQ(io.poll(), 1U) << "handlers run";
  }
}

TEST(MailboxTest, DropsWhatComesAfterItsEnd) {
  boost::asio::io_context io;
  Mailbox mailbox(io);
  mailbox.close();
  mailbox.put({{}, 1, {}});
  EXPECT_EQ(io.poll(), 0U);
}

}  // namespace
}  // namespace patchbay::edge
