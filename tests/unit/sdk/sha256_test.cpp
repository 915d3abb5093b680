#include <gtest/gtest.h>

#include <patchbay/sha256.hpp>

namespace patchbay {
namespace {

// Values of FIPS 180-4's examples; the others by `sha256sum`.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(Sha256().hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256().update("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256().update("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256().update(std::string(1'000'000, 'a')).hex(),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheBytesCome) {
  for (std::size_t size = 50; size < 135; ++size) {  // over the ends of blocks and of their padding
    const std::string text(size, '\xA7');
    Sha256 pieces;
    for (const char c : text) pieces.update({&c, 1});
    EXPECT_EQ(pieces.hex(), Sha256().update(text).hex()) << size;
  }
}

}  // namespace
}  // namespace patchbay
