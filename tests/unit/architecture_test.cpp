// The direction of dependencies, beyond what the include trees enforce.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace simdse {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream stream(path);
  std::ostringstream content;
  content << stream.rdbuf();
  return content.str();
}

TEST(Architecture, OnlyTheKernelIncludesSystemC) {
  int seen = 0;
  for (const char* folder : {"models", "workloads", "search", "sim", "cli"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(SIMDSE_SOURCE_DIR) / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension != ".h" && extension != ".cpp") continue;
      ++seen;
      if (entry.path().filename() == "systemc.h") continue;
      const std::string content = content_of(entry.path());
      for (const char* header : {"#include <systemc", "#include <tlm"}) {
        EXPECT_EQ(content.find(header), std::string::npos) << entry.path();
      }
    }
  }
  EXPECT_GT(seen, 100);
}

TEST(Architecture, ModelsWithoutModulesDoNotReachForSim) {
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(SIMDSE_SOURCE_DIR) / "search")) {
    if (!entry.is_regular_file()) continue;
    EXPECT_EQ(content_of(entry.path()).find("#include \"sim/"), std::string::npos) << entry.path();
  }
}

TEST(Architecture, EveryHeaderSaysWhatItIs) {
  for (const char* folder : {"models", "workloads", "search", "sim", "cli"}) {
    for (const auto& entry :
         fs::recursive_directory_iterator(fs::path(SIMDSE_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".h") continue;
      EXPECT_EQ(content_of(entry.path()).rfind("// ", 0), 0U) << entry.path();
    }
  }
}

}  // namespace
}  // namespace simdse
