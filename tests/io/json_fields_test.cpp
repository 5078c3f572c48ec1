#include "engine/io/json_fields.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "tests/io/temporary_directory.h"

namespace pcnn {
namespace {

// What follows the path where `read` refuses the text.
template <typename Read>
std::string refusal(const std::string& text, const Read& read) {
  return error_of<FormatError>([&] {
    const nlohmann::json json = parse_json("a.json", text);
    (void)read(JsonFields("a.json", json, "", 7));
  });
}

TEST(JsonFields, RefuseEveryNumberThatIsNoneOfTheRange) {
  const auto whole = [](const JsonFields& fields) { return fields.whole("n", 0, 1000); };
  for (const char* bad : {"-1", "1001", "4611686018427387904", "9223372036854775808", "18446744073709551615",
                          "1e308", "1.0", "0.5", "-0.0", "null", "true"})
    EXPECT_EQ(refusal("{\"n\": " + std::string(bad) + "}", whole),
              "a.json: byte 7: n: found " + nlohmann::json::parse(bad).dump() +
                  ", accepted: a whole number from 0 to 1000");
  EXPECT_EQ(refusal("{}", whole),
            "a.json: byte 7: n: found nothing, accepted: a whole number from 0 to 1000");
  EXPECT_EQ(refusal("{\"n\": [1]}", whole),
            "a.json: byte 7: n: found a list, accepted: a whole number from 0 to 1000");
  EXPECT_EQ(refusal("{\"n\": \"3\"}", whole),
            "a.json: byte 7: n: found \"3\", accepted: a whole number from 0 to 1000");
  for (const std::int64_t good : {0, 1, 1000}) {
    const nlohmann::json json{{"n", good}};
    EXPECT_EQ(whole(JsonFields("a.json", json)), good);
  }

  const auto real = [](const JsonFields& fields) { return fields.real("x", -1.0, 1e6); };
  for (const char* bad : {"-1.5", "1e308", "null"})
    EXPECT_NE(
        refusal("{\"x\": " + std::string(bad) + "}", real).find("accepted: a number from -1 to 1000000"),
        std::string::npos)
        << bad;
  const nlohmann::json one{{"x", 1}};
  EXPECT_EQ(real(JsonFields("a.json", one)), 1.0);
  EXPECT_EQ(error_of<FormatError>([] { (void)parse_json("a.json", "{\"x\": 1e999}"); }),
            "a.json: byte 0: holds a number that is out of range");
  for (const char* bad : {"{\"x\": NaN}", "", "{\"x\": 1", "\xff"})
    EXPECT_NE(error_of<FormatError>([&] { (void)parse_json("a.json", bad); }).find(": not JSON"),
              std::string::npos);
}

TEST(JsonFields, NameMembersFromTheRoot) {
  const std::string text = R"({"a": {"b": -1}, "list": [{"n": 1}, {"n": "x"}], "t": {"k": 3}})";
  EXPECT_EQ(refusal(text, [](const JsonFields& root) { return root.object("a").whole("b", 0, 1); }),
            "a.json: byte 7: a.b: found -1, accepted: a whole number from 0 to 1");
  EXPECT_EQ(refusal(text, [](const JsonFields& root) { return root.objects("list")[1].whole("n", 0, 1); }),
            "a.json: byte 7: list[1].n: found \"x\", accepted: a whole number from 0 to 1");
  EXPECT_EQ(refusal(text, [](const JsonFields& root) { return root.object("t").texts(); }),
            "a.json: byte 7: t.k: found 3, accepted: text");
  EXPECT_EQ(refusal(text, [](const JsonFields& root) { return root.objects("a"); }),
            "a.json: byte 7: a: found an object, accepted: a list of objects");
  EXPECT_EQ(refusal(text, [](const JsonFields& root) { return root.object("list"); }),
            "a.json: byte 7: list: found a list, accepted: an object");
  EXPECT_EQ(refusal("[]", [](const JsonFields& root) { return root.has("a"); }),
            "a.json: byte 7: found a list, accepted: an object");
}

TEST(JsonFields, StayShortWhateverTheFileHolds) {
  const std::string text = "{\"n\": \"" + std::string(300'000, 'x') + "\"}";
  EXPECT_LT(refusal(text, [](const JsonFields& root) { return root.whole("n", 0, 1); }).size(), 200u);
}

}  // namespace
}  // namespace pcnn
