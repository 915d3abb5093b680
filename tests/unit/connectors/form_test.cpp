// Forms of webhooks: what is read of them, and that everything which could be read in two ways is refused.
#include "connectors/form.hpp"

#include <gtest/gtest.h>

namespace patchbay::connectors {
namespace {

const http::Headers kUrlencoded = {{"content-type", "application/x-www-form-urlencoded; charset=UTF-8"}};

http::Headers multipart(const std::string& boundary = "X") {
  return {{"Content-Type", "multipart/form-data; boundary=" + boundary}};
}

std::string part(const std::string& disposition, const std::string& content, const std::string& more = "") {
  return "--X\r\nContent-Disposition: form-data; " + disposition + "\r\n" + more + "\r\n" + content + "\r\n";
}

Form read(const http::Headers& headers, std::string_view body) {
  auto form = decodeForm(headers, body);
  if (form) return *form;
  ADD_FAILURE() << form.error().message;
  return {};
}

std::string refusal(const http::Headers& headers, std::string_view body) {
  const auto form = decodeForm(headers, body);
  return form ? "was read" : form.error().message;
}

TEST(UrlencodedForm, KeepsOrderBlanksEmptyValuesAndRepeatedNames) {
  const auto form = read(kUrlencoded, "b=2+%2B&a=&&b=%20x%20&flag&=n&c=a=b");
  EXPECT_EQ(form.kind, FormKind::kUrlencoded);
  ASSERT_EQ(form.fields.size(), 6U);
  EXPECT_EQ(form.fields[0].name, "b");
  EXPECT_EQ(form.fields[0].value, "2 +");
  EXPECT_EQ(form.fields[1].value, "");
  EXPECT_EQ(form.fields[2].value, " x ");
  EXPECT_EQ(form.fields[3].name, "flag");
  EXPECT_EQ(form.fields[4].name, "");
  EXPECT_EQ(form.fields[5].value, "a=b");
}

TEST(UrlencodedForm, KeepsBytesThatAreNotUtf8) {
  EXPECT_EQ(read(kUrlencoded, "a=%ff%00").fields.at(0).value, std::string("\xff\0", 2));
}

TEST(UrlencodedForm, IsRefusedWithABrokenEscape) {
  for (const char* body : {"a=%", "a=%4", "a=%zz", "%g0=1"})
    EXPECT_EQ(refusal(kUrlencoded, body), "the form cannot be read: a percent sign without two hex digits") << body;
}

TEST(UrlencodedForm, IsRefusedOverItsLimits) {
  std::string body = "a";
  for (std::size_t i = 1; i < kMaxFormFields; ++i) body += "&a";
  EXPECT_EQ(read(kUrlencoded, body).fields.size(), kMaxFormFields);
  EXPECT_EQ(refusal(kUrlencoded, body + "&a"), "the form cannot be read: over 2000 fields");
  EXPECT_EQ(refusal(kUrlencoded, std::string(kMaxFormName + 1, 'n') + "=1"),
            "the form cannot be read: a name of over 1024 bytes");
}

TEST(Form, OfAnotherTypeIsLeftAlone) {
  EXPECT_EQ(read({{"Content-Type", "application/json"}}, "a=%zz").kind, FormKind::kNone);
  EXPECT_EQ(read({}, "a=%zz").kind, FormKind::kNone);
}

TEST(Form, WithTwoTypesIsRefused) {
  auto headers = kUrlencoded;
  headers.push_back({"Content-Type", "application/json"});
  EXPECT_EQ(refusal(headers, "a=1"), "the form cannot be read: the request has two Content-Type");
}

TEST(MultipartForm, HasFieldsAndFiles) {
  const auto body = part("name=\"subject\"", " Hi \r\nthere ") + part("name=text", "") +
                    part("name=\"file\"; filename=\"a \\\"b\\\".txt\"", std::string("\0\r\n--Y\xff", 7),
                         "Content-Type: text/plain; charset=x\r\n") +
                    part("name=none; filename=\"\"", "") + "--X--\r\n";
  const auto form = read(multipart(), body);
  EXPECT_EQ(form.kind, FormKind::kMultipart);
  ASSERT_EQ(form.fields.size(), 4U);
  EXPECT_EQ(form.fields[0].value, " Hi \r\nthere ");
  EXPECT_EQ(form.fields[0].blob, 0U);
  EXPECT_EQ(form.fields[1].name, "text");
  EXPECT_EQ(form.fields[1].value, "");
  EXPECT_EQ(form.fields[2].filename, "a \"b\".txt");
  EXPECT_EQ(form.fields[2].content_type, "text/plain; charset=x");
  EXPECT_EQ(form.fields[2].value, "");
  EXPECT_EQ(form.fields[2].blob, 1U);
  EXPECT_EQ(form.fields[3].blob, 2U);
  ASSERT_EQ(form.files.size(), 2U);
  EXPECT_EQ(form.files[0], std::string_view("\0\r\n--Y\xff", 7));
  EXPECT_EQ(form.files[1], "");
}

TEST(MultipartForm, TakesAQuotedBoundaryBlanksBehindItAndNoLineBreakAtTheEnd) {
  const http::Headers headers = {{"Content-Type", "Multipart/Form-Data; charset=utf-8; boundary=\"a b:c\""}};
  const auto form = read(headers, "\r\n--a b:c \t\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--a b:c--");
  EXPECT_EQ(form.fields.at(0).value, "1");
}

TEST(MultipartForm, ReadsNamesAsBrowsersAndRfc8187WriteThem) {
  const auto form =
      read(multipart(), part("name=\"a%22b\"; filename=\"C:\\dir\\f.txt\"", "") +
                            part("name=f; filename=\"x\"; filename*=UTF-8''na%C3%AFve.txt;", "") + "--X--");
  EXPECT_EQ(form.fields.at(0).name, "a\"b");
  EXPECT_EQ(form.fields.at(0).filename, "C:\\dir\\f.txt");
  EXPECT_EQ(form.fields.at(1).filename, "na\xc3\xafve.txt");
}

TEST(MultipartForm, WithoutPartsIsEmpty) {
  EXPECT_TRUE(read(multipart(), "--X--\r\n").fields.empty());
}

TEST(MultipartForm, IsRefusedWhenItCanBeReadInTwoWays) {
  const auto good = part("name=a", "1");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "does not begin with its boundary"},
      {"preamble\r\n" + good + "--X--", "does not begin with its boundary"},
      {good, "not closed by its boundary"},
      {good + "--X", "followed by something else"},
      {good + "--X--\r\nmore", "something follows its last boundary"},
      {good + "--Xtra\r\n\r\n\r\n--X--", "followed by something else"},
      {"--X\nContent-Disposition: form-data; name=a\n\n1\n--X--\n", "followed by something else"},
      {"--X\r\nContent-Disposition: form-data; name=a\r\n\r\n--X\r\n" + good + "--X--", "where a part should begin"},
      {"--X\r\n\r\n1\r\n--X--", "no Content-Disposition"},
      {"--X\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--X--", "not form-data"},
      {part("filename=a", "1") + "--X--", "no name"},
      {part("name=a; name=b", "1") + "--X--", "two parameters 'name'"},
      {part("name=a; filename=x; filename=y", "1") + "--X--", "two parameters 'filename'"},
      {part("name=\"a", "1") + "--X--", "not name=value"},
      {part("name=", "1") + "--X--", "not name=value"},
      {part("name=a; filename*=latin1''x", "1") + "--X--", "'filename*'"},
      {part("name=a", "1", "Content-Disposition: form-data; name=b\r\n") + "--X--", "two Content-Disposition"},
      {part("name=a", "1", "Content-Type: a/b\r\nContent-Type: c/d\r\n") + "--X--", "two Content-Type"},
      {part("name=a", "MQ==", "Content-Transfer-Encoding: base64\r\n") + "--X--", "an encoding of its own"},
      {part("name=a", "1", " folded\r\n") + "--X--", "not name: value"},
      {part("name=a", "1", "no colon\r\n") + "--X--", "not name: value"},
  };
  for (const auto& [body, why] : cases) EXPECT_NE(refusal(multipart(), body).find(why), std::string::npos) << body;
}

TEST(MultipartForm, IsRefusedWithoutAUsableBoundary) {
  for (const char* type : {"multipart/form-data", "multipart/form-data; boundary=",
                           "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"a \"",
                           "multipart/form-data; boundary=\"a\xff\"", "multipart/form-data; boundary=a; boundary=b"})
    EXPECT_NE(refusal({{"Content-Type", type}}, "--a--"), "was read") << type;
  EXPECT_NE(refusal(multipart(std::string(71, 'b')), "--" + std::string(71, 'b') + "--"), "was read");
  EXPECT_EQ(refusal(multipart(std::string(70, 'b')), "--" + std::string(70, 'b') + "--"), "was read");
}

TEST(MultipartForm, IsRefusedOverItsLimits) {
  std::string fields, files;
  for (std::size_t i = 0; i < kMaxFormFields; ++i) fields += part("name=a", "");
  EXPECT_EQ(read(multipart(), fields + "--X--").fields.size(), kMaxFormFields);
  EXPECT_NE(refusal(multipart(), fields + part("name=a", "") + "--X--").find("over 2000 fields"), std::string::npos);
  for (std::size_t i = 0; i < kMaxFormFiles; ++i) files += part("name=a; filename=b", "");
  EXPECT_EQ(read(multipart(), files + "--X--").files.size(), kMaxFormFiles);
  EXPECT_NE(refusal(multipart(), files + part("name=a; filename=b", "") + "--X--").find("over 500 files"),
            std::string::npos);
  EXPECT_NE(refusal(multipart(), part("name=" + std::string(kMaxFormName + 1, 'n'), "") + "--X--").find("1024 bytes"),
            std::string::npos);
  EXPECT_NE(refusal(multipart(), part("name=a", "", "X: " + std::string(kMaxPartHeader, 'x') + "\r\n") + "--X--")
                .find("8192 bytes"),
            std::string::npos);
}

}  // namespace
}  // namespace patchbay::connectors
