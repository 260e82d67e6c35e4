// How little a whole network's simulated time depends on how finely transfers are cut.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <tuple>

#include "cli/program.h"

namespace simdse {
namespace {

/// By design and workload.
class TransactionSize : public Program,
                        public ::testing::WithParamInterface<std::tuple<const char*, const char*>> {
 protected:
  double seconds(const std::string& options) const {
    const auto& [design, workload] = GetParam();
    const Outcome r = run(fmt::format("simulate --design {} --workload {} --json {}", design,
                                      write("workload.yaml", workload), options));
    EXPECT_EQ(r.status, 0) << r.err;
    return nlohmann::json::parse(r.out)["time_s"].get<double>();
  }
};

// docs/transactions.md: queues in bytes or by bank, and rows opened once for all that waits.
TEST_P(TransactionSize, TheDefaultIsWithinThreePerCentOf4KiB) {
  EXPECT_NEAR(seconds("") / seconds("--transfer 4096"), 1, 0.03);
}

INSTANTIATE_TEST_SUITE_P(
    Chips, TransactionSize,
    ::testing::Combine(::testing::Values("tpu_v2", "tpu_v4", "a100_like", "nvdla_like"),
                       ::testing::Values("{schema: 1, model: resnet18, batch: 2}",
                                         "{schema: 1, model: bert_base, layers: 1}")));

}  // namespace
}  // namespace simdse
