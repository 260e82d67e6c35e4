// Runs the program as its users do, and keeps what it says.
#pragma once

#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace simdse {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

class Program : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / fmt::format("simdse_cli_{}", getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override {
    std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
    std::filesystem::remove_all(folder_);
  }

  std::string file(const std::string& name) const { return (folder_ / name).string(); }

  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(file(name)) << content;
    return file(name);
  }

  static std::string read(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    std::ostringstream content;
    content << stream.rdbuf();
    return content.str();
  }

  Outcome run(const std::string& arguments) const {
    const std::string command = fmt::format("cd {} && {} {} >{} 2>{}", SIMDSE_SOURCE_DIR,
                                            SIMDSE_BINARY, arguments, file("out"), file("err"));
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(file("out")), read(file("err"))};
  }

  /// Runs the program, and sends it SIGINT `delay` after it has written `text` to its output.
  Outcome run_and_interrupt(const std::vector<std::string>& arguments, const std::string& text,
                            std::chrono::milliseconds delay) const {
    const std::string out = file("out");
    const std::string err = file("err");
    const pid_t child = fork();
    if (child == 0) {
      if (chdir(SIMDSE_SOURCE_DIR) != 0) _exit(127);
      std::signal(SIGINT, SIG_DFL);  // whatever the test was started with
      dup2(open(out.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDOUT_FILENO);
      dup2(open(err.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600), STDERR_FILENO);
      std::vector<std::string> words = arguments;
      words.insert(words.begin(), SIMDSE_BINARY);
      std::vector<char*> pointers;
      for (std::string& word : words) pointers.push_back(word.data());
      pointers.push_back(nullptr);
      execv(SIMDSE_BINARY, pointers.data());
      _exit(127);
    }
    for (int tries = 0; tries < 600 && read(out).find(text) == std::string::npos; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    std::this_thread::sleep_for(delay);
    kill(child, SIGINT);
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read(out), read(err)};
  }

  /// Bad input: status 2, one line on stderr that holds `text`, nothing on stdout.
  void expect_refused(const std::string& arguments, const std::string& text) const {
    const Outcome r = run(arguments);
    EXPECT_EQ(r.status, 2) << arguments << "\n" << r.err;
    EXPECT_EQ(r.out, "") << arguments;
    EXPECT_NE(r.err.find(text), std::string::npos) << arguments << "\n" << r.err;
    EXPECT_EQ(std::count(r.err.begin(), r.err.end(), '\n'), 1) << r.err;
    EXPECT_EQ(r.err.rfind("simdse: ", 0), 0U) << r.err;
  }

  std::filesystem::path folder_;
};

}  // namespace simdse
