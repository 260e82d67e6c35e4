// Strict configuration: nothing is ignored, and every message says where.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "models/base/config_reader.h"
#include "models/base/params.h"

namespace simdse {
namespace {

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Config, RemembersWhereValuesStand) {
  const ConfigValue document = parse_config("a: 1\nb:\n  c: [2, 3]\n", "x.yaml");
  EXPECT_EQ(document.find("b")->find("c")->items("c")[1].where().text(), "x.yaml:3:10");
}

TEST(Config, SyntaxErrorsNameTheLine) {
  const std::string message = message_of([] { parse_config("a: [1, 2\nb: 3\n", "x.yaml"); });
  EXPECT_EQ(message.rfind("x.yaml:2:2: YAML: ", 0), 0U) << message;
}

TEST(Config, RefusesRepeatedKeys) {
  EXPECT_EQ(message_of([] { parse_config("a: 1\na: 2\n", "x.yaml"); }),
            "x.yaml:2:1: 'a' is given twice");
}

TEST(Config, ExpansionOfAliasesIsBounded) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 10; ++j) bomb += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    bomb += "]\n";
  }
  EXPECT_NE(message_of([&] { parse_config(bomb, "x.yaml"); }).find("too large"), std::string::npos);
}

TEST(Config, UnknownKeysAreErrorsWithTheNearestSpelling) {
  const ConfigValue document = parse_config("lanes: 4\nsublane: 8\n", "x.yaml");
  EXPECT_EQ(message_of([&] {
              ConfigReader reader(document, "core");
              reader.find("lanes");
              reader.find("sublanes");
              reader.finish();
            }),
            "x.yaml:2:1: unknown key 'core.sublane' (did you mean 'sublanes'?)");
}

TEST(Config, RangesAreChecked) {
  const ConfigValue document = parse_config("rows: 0\ncount: 2.5\n", "x.yaml");
  ConfigReader reader(document, "");
  EXPECT_EQ(message_of([&] { reader.integer("rows"); }),
            "x.yaml:1:7: rows: 0 is out of range (at least 1)");
  EXPECT_EQ(message_of([&] { reader.integer("count"); }),
            "x.yaml:2:8: count: '2.5' is not a whole number");
  EXPECT_EQ(message_of([&] { reader.integer("columns"); }), "x.yaml:1:1: 'columns' is missing");
}

TEST(Config, OverridesReachIntoListsAndSayWhatIsWrong) {
  const ConfigValue document = parse_config("cores: [{rows: 4}, {rows: 8}]\n", "x.yaml");
  const ConfigValue two = parse_config("2", "--set");
  EXPECT_EQ(document.with("cores.1.rows", two).find("cores")->items("")[1].find("rows")->text(""),
            "2");
  EXPECT_NE(message_of([&] { document.with("cores.2.rows", two); }).find("0 to 1"),
            std::string::npos);
  EXPECT_NE(message_of([&] { document.with("cores.0.rows.x", two); }).find("can't be set inside"),
            std::string::npos);
}

class ConfigFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("simdse_config_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& content) {
    const std::string path = (folder_ / name).string();
    std::ofstream(path) << content;
    return path;
  }

  std::filesystem::path folder_;
};

TEST_F(ConfigFiles, ExtendsMergesMapsAndKeepsPlaces) {
  write("base.yaml", "schema: 1\nmemory: {type: hbm, stacks: 2, banks: 16}\nclock: 1 GHz\n");
  const std::string path =
      write("top.yaml", "schema: 1\nextends: base.yaml\nmemory: {stacks: 4}\n");
  const ConfigValue document = load_config(path);
  EXPECT_EQ(document.find("memory")->find("stacks")->text(""), "4");
  EXPECT_EQ(document.find("memory")->find("banks")->text(""), "16");
  EXPECT_NE(document.find("clock")->where().file.find("base.yaml"), std::string::npos);
  EXPECT_EQ(document.find("extends"), nullptr);
}

TEST_F(ConfigFiles, AnotherTypeReplacesTheWholeBlock) {
  write("base.yaml", "schema: 1\nmemory: {type: hbm, stacks: 2}\n");
  const std::string path =
      write("top.yaml", "schema: 1\nextends: base.yaml\nmemory: {type: ideal}\n");
  EXPECT_EQ(load_config(path).find("memory")->find("stacks"), nullptr);
}

TEST_F(ConfigFiles, CirclesMissingFilesAndSchemasAreErrors) {
  write("a.yaml", "schema: 1\nextends: b.yaml\n");
  const std::string b = write("b.yaml", "schema: 1\nextends: a.yaml\n");
  EXPECT_NE(message_of([&] { load_config(b); }).find("extend each other"), std::string::npos);
  const std::string lost = write("lost.yaml", "schema: 1\nextends: nowhere.yaml\n");
  EXPECT_NE(message_of([&] { load_config(lost); }).find("lost.yaml:2:10"), std::string::npos);
  const std::string old = write("old.yaml", "schema: 7\n");
  EXPECT_NE(message_of([&] { load_config(old); }).find("schema: 7 is not known"),
            std::string::npos);
  const std::string none = write("none.yaml", "a: 1\n");
  EXPECT_NE(message_of([&] { load_config(none); }).find("schema: 1"), std::string::npos);
  EXPECT_NE(message_of([&] { load_config((folder_ / "x.yaml").string()); }).find("no such file"),
            std::string::npos);
  EXPECT_NE(message_of([&] { load_config(folder_.string()); }).find("is a folder"),
            std::string::npos);
}

struct SampleParams {
  std::int64_t rows = 128;
  Bytes memory = Bytes(1 << 20);
  double share = 0.5;
  bool is_fast = false;
  enum class Mode { slow, quick } mode = Mode::slow;
  static void declare(ParamTable<SampleParams>& table) {
    table.add("rows", &SampleParams::rows, "rows").range(4, 256).powers_of_two();
    table.add("memory", &SampleParams::memory, "memory").range(1024, 1 << 30);
    table.add("share", &SampleParams::share, "share").range(0, 1);
    table.add("is_fast", &SampleParams::is_fast, "speed");
    table.add_choice("mode", &SampleParams::mode, {"slow", "quick"}, "mode");
  }
};

TEST(Params, OneDeclarationReadsChecksAndDescribes) {
  const ParamTable<SampleParams> table;
  const ConfigValue document =
      parse_config("rows: 64\nmemory: 2 MiB\nshare: 0.25\nis_fast: true\nmode: quick\n", "x.yaml");
  ConfigReader reader(document, "");
  const SampleParams params = table.make(read_params(table.schema(), reader));
  reader.finish();
  EXPECT_EQ(params.rows, 64);
  EXPECT_EQ(params.memory, Bytes(2 << 20));
  EXPECT_DOUBLE_EQ(params.share, 0.25);
  EXPECT_TRUE(params.is_fast);
  EXPECT_EQ(params.mode, SampleParams::Mode::quick);
  EXPECT_NE(json_schema(table.schema()).find("\"quick\""), std::string::npos);
}

TEST(Params, RefusesWhatIsOutOfRange) {
  const ParamTable<SampleParams> table;
  const auto read = [&](const std::string& yaml) {
    return message_of([&] {
      const ConfigValue document = parse_config(yaml, "x.yaml");
      ConfigReader reader(document, "core");
      read_params(table.schema(), reader);
    });
  };
  EXPECT_EQ(read("rows: 48"),
            "x.yaml:1:7: core.rows: 48 is not allowed (4 to 256, a power of two)");
  EXPECT_EQ(read("rows: 512"), "x.yaml:1:7: core.rows: 512 is out of range (4 to 256)");
  EXPECT_EQ(read("rows: -4"), "x.yaml:1:7: core.rows: -4 is out of range (4 to 256)");
  EXPECT_EQ(read("memory: 2 MHz").find("x.yaml:1:9: core.memory: wrong unit 'MHz'"), 0U);
  EXPECT_EQ(read("mode: quik"),
            "x.yaml:1:7: core.mode: 'quik' is not known (did you mean 'quick'?)");
  EXPECT_EQ(read("rows: [1]"), "x.yaml:1:7: core.rows: expected a value, found a list");
}

// YAML::LoadAll never returns from these.
TEST(Config, BrokenFilesEnd) {
  for (const char* text : {", smaller\nlayer\n: 12\n", "a: 1\n, b: 2\n", "]\n", "? \n, x"}) {
    try {
      parse_config(text, "f.yaml");
    } catch (const InputError&) {
    }
  }
}

}  // namespace
}  // namespace simdse
