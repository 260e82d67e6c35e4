// `simdse validate --references`: the model against measured rows.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/program.h"

namespace simdse {
namespace {

using Json = nlohmann::json;

class References : public Program {
 protected:
  /// A file with one table that reads a memory probe; `rows` are its rows.
  std::string table(const std::string& rows, const std::string& more = "") const {
    return write("reference.yaml",
                 "schema: 1\ntitle: a memory\nsource: made for the test\ntables:\n"
                 "  - quantity: idle latency\n    unit: ns\n    scale: 1e9\n"
                 "    command: probe memory --design tpu_v2 --pattern random --bytes 64KiB\n"
                 "    formula: formula_idle_latency_s\n    simulated: simulated_idle_latency_s\n" +
                     more + "    rows:\n" + rows);
  }
};

TEST_F(References, ErrorsAreRelativeToWhatWasMeasuredAndHeldOutRowsAloneAreSummedUp) {
  const std::string path = table(
      "      - {name: one, with: --block 64B, measured: 64}\n"
      "      - {name: two, with: --block 64B, measured: 16, use: calibration, note: fit}\n"
      "      - {name: three, with: --block 64B, measured: 1, use: excluded, note: odd}\n"
      "      - {name: four, with: --block 64B, measured: 1, use: derived, note: bound}\n");
  const Outcome r = run("validate --references --only " + path + " --json");
  ASSERT_EQ(r.status, 0) << r.err;
  const Json result = Json::parse(r.out).at(0).at("tables").at(0);
  const double latency = result.at("rows").at(0).at("simulated");
  EXPECT_GT(latency, 16);
  EXPECT_LT(latency, 64);
  EXPECT_EQ(result.at("rows").at(1).at("simulated"), latency);
  EXPECT_EQ(result.at("simulated_error").at("rows"), 1);
  EXPECT_NEAR(result.at("simulated_error").at("mean_abs_error"), 1 - latency / 64, 1e-12);
  const Outcome text = run("validate --references --only " + path);
  EXPECT_NE(text.out.find("calibration"), std::string::npos);
  EXPECT_NE(text.out.find("over 1 held-out row\n"), std::string::npos) << text.out;
}

TEST_F(References, ADifferenceIsThatOfTwoCommands) {
  const std::string path = table("      - {name: none, with: --block 64B, measured: 1}\n",
                                 "    less: probe memory --design tpu_v2 --pattern random --bytes "
                                 "64KiB --set design.memory.t_cl=4ns\n");
  const Outcome r = run("validate --references --only " + path + " --json");
  ASSERT_EQ(r.status, 0) << r.err;
  const Json row = Json::parse(r.out).at(0).at("tables").at(0).at("rows").at(0);
  // tCL is 14 ns: 10 clocks of 2 / 1.3671875 ns, and 4 ns are 3 of them.
  EXPECT_NEAR(row.at("formula"), 7 * 2 / 1.3671875, 1e-6);
  EXPECT_NEAR(row.at("simulated"), 7 * 2 / 1.3671875, 1e-2);
}

TEST_F(References, ARowThatFailsSaysWhyAndCostsItself) {
  const std::string path = table(
      "      - {name: bad, with: --block 0B, measured: 1}\n"
      "      - {name: good, with: --block 64B, measured: 32}\n");
  const Outcome r = run("validate --references --only " + path + " --json");
  EXPECT_EQ(r.status, 2);
  const Json rows = Json::parse(r.out).at(0).at("tables").at(0).at("rows");
  EXPECT_NE(rows.at(0).at("failure").get<std::string>().find("--block"), std::string::npos);
  EXPECT_TRUE(rows.at(0).at("formula").is_null());
  EXPECT_EQ(rows.at(1).count("failure"), 0U);
}

TEST_F(References, AllThatComeWithTheProgramCanBeMeasured) {
  const Outcome r = run("validate --references --json");
  ASSERT_EQ(r.status, 0) << r.out << r.err;
  EXPECT_GE(Json::parse(r.out).size(), 7U);
}

TEST_F(References, BadFilesAreRefused) {
  expect_refused("validate --references --only " + table("      - {name: a, measured: -3}\n"),
                 "measured: must be above 0");
  expect_refused("validate --references --only " + table("      - {name: a, mesured: 3}\n"),
                 "did you mean 'measured'?");
  expect_refused("validate", "--references");
  expect_refused("validate --references --only hbm3000", "there is no reference 'hbm3000'");
  expect_refused("validate --references -j 0", "-j must lie between");
  expect_refused(
      "validate --references --only " + table("      - {name: one, measured: 1, use: excluded}\n"),
      "reference.yaml:12:9: tables.0.rows.0: a row that is not held out needs a `note`");
  expect_refused("validate --references --only " + table("      - {name: one, measured: 0}\n"),
                 "must be above 0");
  expect_refused(
      "validate --references --only " + table("      - {name: one, measured: 1, use: heldout}\n"),
      "'heldout' is not known");
}

}  // namespace
}  // namespace simdse
