#include "connectors/library.hpp"

#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

std::string wrong(const std::string& way) {
  return std::string{WRONG_LIBRARIES} + "/wrong_" + way + ".so";
}

std::string refusal(const std::string& path) {
  Loader loader("");
  const auto library = loader.load(path);
  return library ? "loaded" : library.error().message;
}

TEST(Loader, LoadsAConnectorAndItsManifest) {
  Loader loader("");
  const auto library = loader.load(SCRIPTED_LIBRARY);
  ASSERT_TRUE(library.ok()) << library.error().message;
  EXPECT_EQ((*library)->manifest().id, "scripted");
  EXPECT_NE((*library)->functions().receive, nullptr);
  EXPECT_EQ((*library)->functions().extension, nullptr);
  const auto again = loader.load(SCRIPTED_LIBRARY);
  EXPECT_EQ(library->get(), again->get());
}

TEST(Loader, SaysWhatIsWrongAndWhatHelps) {
  const std::pair<const char*, std::vector<const char*>> cases[] = {
      {"no_entry", {"does not export patchbay_connector_v1", "PATCHBAY_CONNECTOR"}},
      {"newer_major", {"ABI 2", "this host has ABI 1.0", "upgrade Patchbay"}},
      {"newer_abi", {"needs ABI 1.5", "this host has ABI 1.0", "upgrade Patchbay"}},
      {"short_struct", {"struct_size 40", "88 bytes", "sizeof(pb_connector)"}},
      {"null", {"returned null", "static descriptor"}},
      {"mismatch", {"not the one in section .patchbay.manifest", "patchbay_add_connector()"}},
      {"undefined_symbol", {"undefined symbol: patchbay_test_symbol_that_nobody_defines", "-Wl,-z,defs"}},
      {"no_create", {"no create or no destroy"}},
      {"no_receive", {"declares webhooks", "no receive"}},
      {"no_perform", {"declares capabilities", "no perform"}},
      {"reserved", {"reserved 3", "must be 0"}},
      {"no_section", {"no section .patchbay.manifest", "patchbay_add_connector()"}},
      {"manifest_json", {"its manifest is wrong", "not JSON"}},
      {"manifest_schema", {"its manifest is wrong", "/id must match", "/colour is not known here"}},
      {"scheme", {"does not know the signature scheme 'hologram'"}},
  };
  for (const auto& [way, words] : cases) {
    const auto message = refusal(wrong(way));
    for (const char* word : words) EXPECT_NE(message.find(word), std::string::npos) << way << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << way << ": " << message;
  }
}

TEST(Loader, SurvivesAnEntryFunctionThatThrows) {
  EXPECT_EQ(refusal(THROWS_LIBRARY), "its entry function threw: no luck today");
}

TEST(Loader, RefusesALibraryThatIsCutOff) {
  const Folder folder;
  const auto content = contentOf(SCRIPTED_LIBRARY);
  EXPECT_NE(refusal(folder.write("half.so", content.substr(0, content.size() / 2))).find("cut off"), std::string::npos);
  EXPECT_NE(refusal(folder.write("text.so", "hello")).find("not an ELF file"), std::string::npos);
  EXPECT_NE(refusal((folder.path() / "missing.so").string()).find("No such file"), std::string::npos);
}

TEST(Loader, LoadsNewContentUnderAKnownPathFromACopy) {
  const Folder folder;
  const auto path = folder.write("connector.so", contentOf(SCRIPTED_LIBRARY));
  Loader loader((folder.path() / "copies").string());
  const auto first = loader.load(path);
  ASSERT_TRUE(first.ok()) << first.error().message;
  // Another version of the same connector: one digit of the manifest differs, in both of its places (they are one).
  auto content = contentOf(path);
  const auto at = content.find("\"1.2.3\"");
  ASSERT_NE(at, std::string::npos);
  content.replace(at, 7, "\"1.2.4\"");
  folder.write("connector.so.new", content);
  std::filesystem::rename(folder.path() / "connector.so.new", path);
  const auto second = loader.load(path);
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_EQ((*first)->manifest().version, "1.2.3");
  EXPECT_EQ((*second)->manifest().version, "1.2.4");
  EXPECT_NE((*first)->functions().receive, (*second)->functions().receive);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path() / "copies"), {}), 1);
  EXPECT_EQ(loader.load(path)->get(), second->get());
}

TEST(ConnectorSet, KeepsTheGoodOnesWhenOthersAreWrong) {
  const Folder folder;
  folder.write("a_text.so", "hello");
  folder.write("b_scripted.so", contentOf(SCRIPTED_LIBRARY));
  folder.write("c_duplicate.so", contentOf(wrong("duplicate")));
  folder.write("readme.txt", "not looked at");
  ConnectorSet set({folder.path().string(), (folder.path() / "missing.so").string()}, "");
  ASSERT_EQ(set.entries().size(), 4U);
  EXPECT_NE(set.entries()[0].error.find("not an ELF file"), std::string::npos);
  EXPECT_EQ(set.entries()[1].error, "");
  EXPECT_NE(set.entries()[2].error.find("its id 'scripted' is taken by " + (folder.path() / "b_scripted.so").string()),
            std::string::npos);
  EXPECT_NE(set.entries()[3].error.find("No such file"), std::string::npos);
  EXPECT_TRUE(set.load("scripted").ok());
}

TEST(ConnectorSet, ExplainsAnUnknownConnector) {
  const Folder folder;
  folder.write("telegram.so", "hello");
  ConnectorSet set({SCRIPTED_LIBRARY, folder.path().string()}, "");
  EXPECT_NE(set.load("scriptd").error().message.find("did you mean 'scripted'?"), std::string::npos);
  EXPECT_EQ(set.load("scriptd").error().kind, ErrorKind::kNotFound);
  EXPECT_NE(set.load("telegram").error().message.find("telegram.so: not an ELF file"), std::string::npos);
  EXPECT_NE(ConnectorSet({folder.path().string()}, "").load("zzz").error().message.find("none was found"),
            std::string::npos);
}

TEST(ConnectorSet, DoesNotLoadWhatIsOnlyListed) {
  // Its entry function would be refused; its manifest is fine.
  ConnectorSet set({wrong("newer_abi")}, "");
  EXPECT_EQ(set.entries()[0].error, "");
  EXPECT_NE(set.load("wrong").error().message.find("wrong_newer_abi.so: needs ABI 1.5"), std::string::npos);
}

TEST(ConnectorSet, PrintsATableAndJson) {
  const Folder folder;
  const auto text = folder.write("text.so", "hello");
  const ConnectorSet set({SCRIPTED_LIBRARY, text}, "");
  std::ostringstream table, json;
  set.print(table, false);
  EXPECT_NE(table.str().find("scripted  1.2.3    scripted  hmac|token  Scripted  " SCRIPTED_LIBRARY), std::string::npos)
      << table.str();
  EXPECT_NE(table.str().find("not usable: " + text + ": not an ELF file"), std::string::npos) << table.str();
  const auto empty = (folder.path() / "empty").string();
  std::filesystem::create_directories(empty);
  std::ostringstream nothing;
  ConnectorSet({empty}, "").print(nothing, false);
  EXPECT_NE(nothing.str().find("No connectors were found."), std::string::npos) << nothing.str();
  EXPECT_NE(nothing.str().find("  " + empty + "\n"), std::string::npos) << nothing.str();
  EXPECT_NE(nothing.str().find("connectors.paths"), std::string::npos) << nothing.str();
  set.print(json, true);
  const auto rows = Json::parse(json.str());
  EXPECT_EQ(rows[0]["id"], "scripted");
  EXPECT_EQ(rows[0]["config"][0]["name"], "base_url");
  EXPECT_TRUE(rows[1].contains("error"));
}

}  // namespace
}  // namespace patchbay::connectors::test
