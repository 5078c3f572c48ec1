// Whole documents: what of YAML is accepted, and the line each refusal is.

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/config/config_error.h"

namespace pcnn {
namespace {

TEST(Config, RejectsDuplicateKeysWithBothLines) {
  EXPECT_EQ(load_error("train:\n  batch: 1\n  epochs: 2\n  batch: 3\n"),
            "x.yaml:4:3: train.batch: given twice, first on line 2");
  EXPECT_EQ(load_error("a: 1\n\"a\": 1\n"), "x.yaml:2:1: a: given twice, first on line 1");
  EXPECT_EQ(load_error("blocks:\n- {}\n- {kind: a, kind: b}\n"),
            "x.yaml:3:13: blocks[1].kind: given twice, first on line 3");
}

TEST(Config, RejectsTags) {
  EXPECT_EQ(load_error("a: !!int 5\n"), "x.yaml:1:4: a: tags are not accepted, found tag:yaml.org,2002:int");
  EXPECT_EQ(load_error("a: !point [1]\n"), "x.yaml:1:4: a: tags are not accepted, found !point");
}

TEST(Config, RejectsRootsThatAreNotMaps) {
  EXPECT_EQ(load_error("hello\n"), "x.yaml:1:1: found hello, accepted: `key: value` lines");
  EXPECT_EQ(load_error("\n- a\n"), "x.yaml:2:1: found a list, accepted: `key: value` lines");
}

TEST(Config, RejectsSecondDocuments) {
  EXPECT_EQ(load_error("a: 1\n---\nb: 2\n"), "x.yaml:2:1: a second document starts here, accepted: one");
  EXPECT_EQ(load_error("{a: 1}\nb: 2\n"),
            "x.yaml:2:1: text after the end of the document, is its indentation right?");
  EXPECT_EQ(load_error("---\na: 1\n...\n"), "no error");
}

TEST(Config, RejectsKeysThatAreNotWords) {
  const std::string accepted = " for a key, accepted: up to 64 letters, digits, _ and -, not a digit first";
  EXPECT_EQ(load_error("train.0x: 3\n"), "x.yaml:1:1: found train.0x" + accepted);
  EXPECT_EQ(load_error("0.batch: 3\n"), "x.yaml:1:1: found 0.batch" + accepted);
  EXPECT_EQ(load_error("train:\n  0: 3\n"), "x.yaml:2:3: train: found 0" + accepted);
  EXPECT_EQ(load_error("~: 3\n"), "x.yaml:1:1: found null" + accepted);
  EXPECT_EQ(load_error(": 3\n"), "x.yaml:1:1: found null" + accepted);
  EXPECT_EQ(load_error("? [a, b]\n: 3\n"), "x.yaml:1:3: found a list" + accepted);
  EXPECT_EQ(load_error("{a: 1}: 3\n"), "x.yaml:1:1: found a section" + accepted);
  EXPECT_EQ(load_error(std::string(65, 'k') + ": 3\n"),
            "x.yaml:1:1: found " + std::string(60, 'k') + "..." + accepted);
}

TEST(Config, RefusesAPathForAKeyWhereNobodyAsksForPaths) {
  EXPECT_EQ(config_error([] { load("train.batch: 3\n").reject_unread(); }),
            "x.yaml:1:1: train.batch: unknown key; here a key is one word, write the sections out");
}

TEST(Config, RejectsTabsInIndentation) {
  EXPECT_EQ(load_error("train:\n  a: 1\n\tbatch: 1\n"),
            "x.yaml:3:1: a tab in the indentation, accepted: spaces");
  EXPECT_EQ(load_error("train:\n \t \tbatch: 1\n"), "x.yaml:2:2: a tab in the indentation, accepted: spaces");
  EXPECT_EQ(load_error("train:\n  batch: 1\t# one\n\t\n\t# two\n"), "no error");
}

TEST(Config, RejectsBytesThatAreNotText) {
  EXPECT_EQ(load_error("a: 1\nb: \x04\nc: 1\n"),
            "x.yaml:2:4: found the control character \\x04, accepted: UTF-8 text");
  EXPECT_EQ(load_error(std::string_view("a: 1\0", 5)),
            "x.yaml:1:5: found the control character \\x00, accepted: UTF-8 text");
  EXPECT_EQ(load_error("a: 1\rb: 2\n"),
            "x.yaml:1:5: found the control character \\x0D, accepted: UTF-8 text");
  for (const char* bytes :
       {"\xFF", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\x80"})
    EXPECT_EQ(load_error("a: '" + std::string(bytes) + "'"), "x.yaml:1:5: a byte that is not UTF-8 text");
}

TEST(Config, RejectsEscapesTheLibraryMisreads) {
  EXPECT_EQ(load_error("a: \"x\\_\""),
            "x.yaml:1:4: a: a quoted text with \\_ or \\N, accepted: \\u00A0 or \\u0085");
  EXPECT_EQ(load("a: \"x\\u00A0\"").root().text("a", "y"), "x\u00a0");
}

TEST(Config, AcceptsByteOrderMarksCarriageReturnsAndUtf8) {
  const ConfigNode root = load(
                              "\xEF\xBB\xBF"
                              "train:\r\n  batch: 8\r\nname: caf\u00e9 \U0001F600\r\n")
                              .root();
  EXPECT_EQ(root.section("train").integer("batch", 1), 8);
  EXPECT_EQ(root.text("name", "x"), "caf\u00e9 \U0001F600");
}

TEST(Config, GivesSyntaxErrorsTheirPlace) {
  EXPECT_EQ(load_error("a: [1, 2\nb: 3\n"),
            "x.yaml:2:2: a[2]: not valid YAML: a list goes on without , or ]");
  EXPECT_EQ(load_error("train:\n  batch: 1\n epochs: 2\n"),
            "x.yaml:3:2: not valid YAML: text that does not belong here, is its indentation right?");
  EXPECT_EQ(load_error("a: b: c\n"), "x.yaml:1:5: not valid YAML: illegal map value");
}

// The YAML library alone would take an open quote for a closed one, and an open bracket for an odd key.
TEST(Config, RejectsQuotesAndBracketsLeftOpenAtTheEnd) {
  for (const std::string end : {"", "\n", "\n\n", "\nb: 1\n"}) {
    for (const std::string quote : {"'", "\""})
      EXPECT_NE(load_error("a: " + quote + "x" + end)
                    .find("not valid YAML: a quoted text without its closing quote"),
                std::string::npos);
    EXPECT_NE(load_error("a: [1" + end).find("not valid YAML: a list goes on"), std::string::npos);
    EXPECT_NE(load_error("a: {c: 1" + end).find("not valid YAML: a section goes on"), std::string::npos);
  }
  EXPECT_EQ(load_error("a: 'x"), "x.yaml:1:6: a: not valid YAML: a quoted text without its closing quote");
  EXPECT_EQ(load_error("a: 'x\n"), "x.yaml:2:1: a: not valid YAML: a quoted text without its closing quote");
  EXPECT_EQ(load_error("a: [1"), "x.yaml:1:6: not valid YAML: a list goes on without , or ]");
}

TEST(Config, ReadsTextsThatEndWithTheFile) {
  EXPECT_EQ(load("a: x").root().text("a", "y"), "x");
  EXPECT_EQ(load("a: 'x'").root().text("a", "y"), "x");
  EXPECT_EQ(load("a: |\n  x\n  y\n").root().text("a", "y"), "x\ny\n");
  EXPECT_EQ(load("a: >-\n  x\n  y").root().text("a", "y"), "x y");
}

TEST(Config, RejectsDeepNesting) {
  EXPECT_EQ(load_error("a: " + std::string(31, '[') + std::string(31, ']')), "no error");
  const std::string error = load_error("a: " + std::string(32, '[') + std::string(32, ']'));
  EXPECT_TRUE(error.starts_with("x.yaml:1:35: a[0]")) << error;
  EXPECT_TRUE(error.ends_with("[0]: nested deeper than 32 levels")) << error;
  for (const std::string open : {"[", "{a: ", "- ", "[[[? ", "{"})
    for (const std::string before : {"", "a: ", "a:\n  "}) {
      std::string yaml = before;
      for (int level = 0; level < 50000; ++level) yaml += open;
      EXPECT_NE(load_error(yaml), "no error") << before << open;
    }
}

TEST(Config, RejectsUnreadableFiles) {
  const auto error = [](const std::string& path) {
    return config_error([&] { ConfigDocument::from_file(path); });
  };
  EXPECT_EQ(error("/nowhere/x.yaml"), "/nowhere/x.yaml: cannot be read: No such file or directory");
  EXPECT_EQ(error("/"), "/: cannot be read: it is a directory, accepted: a regular file");
  EXPECT_EQ(error("/dev/zero"),
            "/dev/zero: cannot be read: it is a device or a socket, accepted: a regular file");
}

TEST(Config, ReadsFilesUpToOneMebibyte) {
  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / ("pcnn-config-" + std::to_string(getpid()) + ".yaml");
  const auto write = [&](std::size_t size) {
    std::ofstream(path, std::ios::binary) << "a: 1\n#" << std::string(size - 6, 'x');
  };
  write(1 << 20);
  EXPECT_EQ(ConfigDocument::from_file(path.string()).root().integer("a", 0), 1);
  write((1 << 20) + 1);
  EXPECT_EQ(config_error([&] { ConfigDocument::from_file(path.string()); }),
            path.string() + ": cannot be read: larger than 1 MiB");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace pcnn
