/// The rows that other mail programs were asked about: vectors.json, a copy of the fact sheets' `email`.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <patchbay/json.hpp>

#include "mail/headers.hpp"
#include "mail/message.hpp"

namespace patchbay::mail {
namespace {

Json vectors(const char* name) {
  std::ifstream file(MAIL_VECTORS, std::ios::binary);
  return parseJson(std::string{std::istreambuf_iterator<char>(file), {}}).at(name);
}

TEST(MailVectors, EncodedWordsAreReadAsOthersReadThem) {
  const Json rows = vectors("rfc2047");
  ASSERT_EQ(rows.size(), 18U);
  for (const Json& row : rows) {
    const auto header = row.at("header").get<std::string>();
    EXPECT_EQ(decodeWords(header), row.at("text").get<std::string>()) << header;
    const auto message = parseMessage("From: a@b.example\r\nSubject: " + header + "\r\n\r\nx");
    ASSERT_TRUE(message.ok());
    EXPECT_EQ(message->headers.subject, row.at("text").get<std::string>()) << header;
  }
}

TEST(MailVectors, FileNamesAreReadAsOthersReadThem) {
  for (const Json& row : vectors("filename")) {
    const auto disposition = row.at("disposition").get<std::string>();
    const auto message = parseMessage(
        "From: a@b.example\r\nContent-Type: application/pdf\r\nContent-Disposition: " + disposition + "\r\n\r\nx");
    ASSERT_TRUE(message.ok());
    ASSERT_EQ(message->files.size(), 1U) << disposition;
    EXPECT_EQ(message->files[0].filename, row.at("filename").get<std::string>()) << disposition;
  }
}

}  // namespace
}  // namespace patchbay::mail
