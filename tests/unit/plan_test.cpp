// Plans: every one is valid, a broken one is found out, and its text reads back.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "search/estimate/plan_estimate.h"
#include "search/plan/part_program.h"
#include "search/plan/plan_text.h"
#include "search/plan/plan_validator.h"
#include "search/schedule/planner.h"
#include "workloads/workload.h"

namespace simdse {
namespace {

DataFiles files() { return DataFiles(SIMDSE_SOURCE_DIR); }

/// Plans are made for any chip, also for one that no die holds.
Chip any_chip(const std::string& name, const std::vector<Override>& overrides) {
  Design design = load_design(name, files(), overrides);
  auto technology = std::make_shared<const Technology>(load_technology(design.technology, files()));
  return Chip(std::move(design), std::move(technology));
}

struct Planned {
  explicit Planned(const std::string& design, const std::string& model,
                   const std::vector<Override>& design_overrides = {},
                   const std::vector<Override>& overrides = {})
      : chip(any_chip(design, design_overrides)),
        workload(load_workload(model, files(), overrides)),
        graph(derive_training_step(workload.forward, workload.training)),
        tasks(build_task_graph(graph)),
        plan(make_plan(chip, tasks).plan) {}

  Chip chip;
  Workload workload;
  Graph graph;
  TaskGraph tasks;
  Plan plan;
};

std::string first(const std::vector<std::string>& problems) {
  return problems.empty() ? "" : problems.front();
}

using Pair = std::tuple<std::string, std::string>;
class EveryPair : public ::testing::TestWithParam<Pair> {};

TEST_P(EveryPair, PlansAreValid) {
  const Planned p(std::get<0>(GetParam()), std::get<1>(GetParam()));
  EXPECT_EQ(first(validate_plan(p.graph, p.chip, p.plan)), "");
}

INSTANTIATE_TEST_SUITE_P(Zoo, EveryPair,
                         ::testing::Combine(::testing::ValuesIn(files().names("configs/designs")),
                                            ::testing::Values("bert_large", "resnet50")));

struct FusedCase {
  const char* design;
  const char* sequence;
};

class FusedAttention : public ::testing::TestWithParam<FusedCase> {
 protected:
  Planned plan_of(const char* fused) const {
    return Planned(GetParam().design, "gpt2_xl", {{"memory.stack_capacity", "16 GiB"}},
                   {{"layers", "1"},
                    {"batch", "2"},
                    {"hidden", "1024"},
                    {"heads", "8"},
                    {"vocabulary", "1000"},
                    {"positions", GetParam().sequence},
                    {"fused_attention", fused}});
  }
};

TEST_P(FusedAttention, PlansAreValidAndKeepTheScoresOnChip) {
  const Planned fused = plan_of("1");
  EXPECT_EQ(first(validate_plan(fused.graph, fused.chip, fused.plan)), "");
  EXPECT_EQ(
      validate_plan(fused.graph, fused.chip, plan_from_text(plan_to_text(fused.plan), "p.json"))
          .size(),
      0U);
  const auto memory_bytes = [](const Planned& p) {
    double bytes = 0;
    for (const RegionEstimate& region : estimate_plan(p.chip, p.plan).regions) {
      bytes += to_double(region.bound(Resource::memory).traffic);
    }
    return bytes;
  };
  const Planned apart = plan_of("0");
  // Scores, probabilities and their gradients pass through memory at least once each way.
  const double s = std::stod(GetParam().sequence);
  const double scores = 2 * 8 * s * s * 2;
  EXPECT_LT(memory_bytes(fused), memory_bytes(apart) - (s > 1000 ? 4 * scores : 0));
  // The products are those of the parts, and the scores once more.
  const double more = 2 * s * s * 1024;
  EXPECT_DOUBLE_EQ(estimate_plan(fused.chip, fused.plan).macs,
                   estimate_plan(apart.chip, apart.plan).macs + more);
}

INSTANTIATE_TEST_SUITE_P(Designs, FusedAttention,
                         ::testing::Values(FusedCase{"tpu_v2", "512"}, FusedCase{"tpu_v2", "4096"},
                                           FusedCase{"tpu_v3", "1000"},
                                           FusedCase{"nvdla_like", "2048"}));

// Results on their way between the cores, and finished outputs, have the workload's width; sums of
// either have 4 bytes an element.
TEST(Plan, FusedAttentionMovesNumbersOfItsFormat) {
  for (const std::string format : {"fp8", "bf16", "fp32"}) {
    const Planned p("tpu_v2", "gpt2_xl", {{"memory.stack_capacity", "16 GiB"}},
                    {{"layers", "1"},
                     {"batch", "2"},
                     {"hidden", "1024"},
                     {"heads", "8"},
                     {"vocabulary", "1000"},
                     {"positions", "4096"},
                     {"format", format},
                     {"fused_attention", "1"}});
    const NumberFormat& own = number_format(format);
    int fused = 0;
    for (const Region& region : p.plan.regions) {
      if (region.follow_ups.empty()) continue;
      ++fused;
      const bool is_gradient = region.follow_ups.size() > 1;
      double scores = 0;
      double forwarded = 0;
      std::map<std::int32_t, std::set<double>> stores;  // sizes of an output's blocks
      for (std::size_t part = 0; part < region.parts(); ++part) {
        for (PartProgram program(p.chip, region, part); !program.done(); program.next()) {
          const ProgramStep& step = program.step();
          scores += static_cast<double>(step.macs) /
                    static_cast<double>(region.contraction->k * (1 + region.follow_ups.size()));
          forwarded += to_double(step.forwarded);
          for (const StepTransfer& store : step.stores) {
            stores[store.operand].insert(to_double(store.bytes));
          }
        }
      }
      // The scores, and in the gradient those of the probabilities: sums there, results back.
      const double width = to_double(own.bytes(1 << 20)) / (1 << 20);
      EXPECT_NEAR(forwarded / scores, (is_gradient ? 2 : 1) * (4 + width), 1e-3) << format;
      if (!is_gradient) continue;
      // Blocks are alike, but unfinished sums of an output go and come.
      int unfinished = 0;
      for (const auto& [operand, sizes] : stores) {
        if (sizes.size() < 2) continue;
        ++unfinished;
        EXPECT_EQ(sizes.size(), 2U) << format;
        EXPECT_NEAR(*sizes.rbegin() / *sizes.begin(), 2 * 4 / width, 1e-3) << format;
      }
      EXPECT_GT(unfinished, 0) << format;
    }
    EXPECT_EQ(fused, 2) << format;
  }
}

TEST(Plan, RandomDesignsMakeValidPlans) {
  std::mt19937_64 random(11);
  const auto pick = [&](std::vector<std::string> values) {
    return values[random() % values.size()];
  };
  for (int i = 0; i < 25; ++i) {
    const std::vector<Override> design = {
        {"cores.0.rows", pick({"8", "32", "128", "256"})},
        {"cores.0.columns", pick({"8", "32", "128", "256"})},
        {"cores.0.count", pick({"1", "2", "3", "5"})},
        {"cores.0.dataflow",
         pick({"any", "weight_stationary", "output_stationary", "input_stationary"})},
        {"cores.1.count", pick({"1", "2", "3"})},
        {"cores.1.lanes", pick({"8", "64", "256"})},
        {"global_buffer.capacity", pick({"512 KiB", "2 MiB", "8 MiB", "64 MiB"})}};
    const bool is_bert = random() % 2 == 0;
    const std::vector<Override> sizes =
        is_bert ? std::vector<Override>{{"layers", "2"}, {"batch", pick({"1", "3", "8"})}}
                : std::vector<Override>{{"batch", pick({"1", "5"})}, {"image", "64"}};
    const Planned p("tpu_v2", is_bert ? "bert_large" : "resnet50", design, sizes);
    std::string what;
    for (const Override& item : design) what += item.path + "=" + item.value + " ";
    EXPECT_EQ(first(validate_plan(p.graph, p.chip, p.plan)), "") << what;
  }
}

TEST(Plan, TwoGroupsOfDifferentCoresAreLegal) {
  const Planned p("tpu_v2", "bert_large",
                  {{"cores",
                    "[{kind: tensor_core, type: systolic, count: 1, rows: 256},"
                    " {kind: vector_core, type: simd, count: 1},"
                    " {kind: tensor_core, type: systolic, count: 3, rows: 64, columns: 64},"
                    " {kind: vector_core, type: simd, count: 2, lanes: 32}]"}},
                  {{"layers", "2"}});
  EXPECT_EQ(first(validate_plan(p.graph, p.chip, p.plan)), "");
  bool uses_second_group = false;
  for (const Region& region : p.plan.regions) {
    for (const std::int32_t core : region.tensor_cores) uses_second_group |= core > 0;
  }
  EXPECT_TRUE(uses_second_group);
}

class BrokenPlan : public ::testing::Test {
 protected:
  BrokenPlan() : p("tpu_v2", "bert_large", {}, {{"layers", "1"}}) {}

  std::string verdict() const { return first(validate_plan(p.graph, p.chip, p.plan)); }

  Region& named(const std::string& name) {
    for (Region& region : p.plan.regions) {
      if (p.graph.op(region.operators.front()).name == name) return region;
    }
    throw std::out_of_range(name);
  }

  Planned p;
};

TEST_F(BrokenPlan, MissingDependency) {
  named("layer0.context.forward").after.clear();
  EXPECT_NE(verdict().find("may start before"), std::string::npos);
}

TEST_F(BrokenPlan, MissingOperator) {
  named("layer0.ffn1.forward").operators.pop_back();
  EXPECT_NE(verdict().find("is not run"), std::string::npos);
}

TEST_F(BrokenPlan, LostMacs) {
  named("layer0.ffn1.forward").contraction->k /= 2;
  EXPECT_NE(verdict().find("MACs of"), std::string::npos);
}

TEST_F(BrokenPlan, UnknownCore) {
  named("layer0.ffn1.forward").tensor_cores[0] = 7;
  EXPECT_NE(verdict().find("tensor core 7"), std::string::npos);
}

TEST_F(BrokenPlan, SharedAddresses) {
  // Two activations that are alive together are put in one place.
  std::map<TensorId, Allocation*> in_memory;
  for (Allocation& a : p.plan.allocations) {
    if (a.level == Level::memory && a.first != kNone) in_memory[a.tensor] = &a;
  }
  const Operand& gelu = named("layer0.ffn1.forward").outputs[0];
  const Operand& scores = named("layer0.softmax.forward").outputs[0];
  ASSERT_NE(gelu.tensor, scores.tensor);
  Allocation& moved = *in_memory.at(gelu.tensor);
  const std::int64_t shift = in_memory.at(scores.tensor)->address - moved.address;
  const TensorId tensor = gelu.tensor;
  moved.address += shift;
  for (Region& region : p.plan.regions) {
    for (auto* operands : {&region.inputs, &region.outputs}) {
      for (Operand& operand : *operands) {
        if (operand.tensor == tensor && operand.path != Path::resident) operand.address += shift;
      }
    }
  }
  EXPECT_NE(verdict().find("share addresses"), std::string::npos);
}

TEST_F(BrokenPlan, RingTooSmall) {
  for (Region& region : p.plan.regions) {
    if (!region.contraction || region.inputs[1].path != Path::staged) continue;
    region.inputs[1].ring_bytes = Bytes(1024);
    break;
  }
  EXPECT_NE(verdict().find("must be in a ring"), std::string::npos);
}

TEST_F(BrokenPlan, FewerBytesThanTheGraphSays) {
  named("layer0.ffn1.forward").inputs[0].bytes = Bytes(1);
  EXPECT_NE(verdict().find("input 0 is not 1 bytes of tensor"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, SmallerElements) {
  named("layer0.ffn1.forward").inputs[1].bytes_per_element = {1, 1'000'000'000};
  EXPECT_NE(verdict().find("bytes per element, not 2/1"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, LessVectorWork) {
  for (VectorShape& shape : named("layer0.softmax.forward").vector) shape.special_ops = 0;
  EXPECT_NE(verdict().find("other vector work"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, CoarserVectorUnits) {
  VectorMapping& mapping = named("layer0.softmax.forward").vector_mapping;
  mapping.units = mapping.chunks;
  EXPECT_NE(verdict().find("cuts its vector work"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, MissingOutput) {
  named("layer0.ffn1.forward").outputs.clear();
  EXPECT_NE(verdict().find("lacks output 0"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, OneCoreTwice) {
  for (Region& region : p.plan.regions) {
    if (region.tensor_cores.size() == 2) {
      region.tensor_cores[1] = region.tensor_cores[0];
      break;
    }
  }
  EXPECT_NE(verdict().find("two parts on one core"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, SmallerAllocation) {
  p.plan.allocations.back().bytes = Bytes(1);
  EXPECT_NE(verdict().find("its allocation 1"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, OtherPeak) {
  p.plan.peak_memory += Bytes(1);
  EXPECT_NE(verdict().find("peak_memory is"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, GridOfOtherPartsThanCores) {
  Region& region = named("layer0.ffn1.forward");
  ASSERT_EQ(region.parts(), 2U);
  region.mapping.split = {1, 2, 2, 1};
  EXPECT_NE(verdict().find("has 2 cores for 4 parts, m x n split over 2 x 2 cores"),
            std::string::npos)
      << verdict();
}

TEST_F(BrokenPlan, GridWithEmptyParts) {
  Region& region = named("layer0.ffn1.forward");
  ASSERT_EQ(region.contraction->batch, 1);
  region.mapping.split = {2, 1, 1, 1};
  EXPECT_NE(verdict().find("has empty parts: 1 x "), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, OtherPeakOfTheBuffer) {
  p.plan.peak_buffer += Bytes(1);
  EXPECT_NE(verdict().find("peak_buffer is"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, MoreThanTheBufferHolds) {
  for (Region& region : p.plan.regions) {
    if (!region.contraction || region.inputs[1].path != Path::staged) continue;
    region.inputs[1].ring_bytes = p.chip.buffer().capacity();
    break;
  }
  EXPECT_NE(verdict().find("leaves the global buffer of"), std::string::npos) << verdict();
}

TEST_F(BrokenPlan, RingsOnTopOfEachOther) {
  for (Region& region : p.plan.regions) {
    if (!region.contraction) continue;
    if (region.inputs[0].path != Path::staged || region.inputs[1].path != Path::staged) continue;
    region.inputs[1].ring_address = region.inputs[0].ring_address;
    break;
  }
  EXPECT_NE(verdict().find("their rings overlap"), std::string::npos) << verdict();
}

// Whoever runs ahead of a core fetches what its steps say.
TEST(PartProgram, StagingViewStagesTheSame) {
  const Planned p("tpu_v2", "resnet50", {}, {{"batch", "4"}});
  std::size_t seen = 0;
  for (const Region& region : p.plan.regions) {
    for (std::size_t part = 0; part < region.parts() && region.contraction; ++part) {
      PartProgram staging(p.chip, region, part, StepView::staging);
      for (PartProgram whole(p.chip, region, part); !whole.done(); whole.next(), staging.next()) {
        ASSERT_FALSE(staging.done());
        const std::vector<StageTransfer>& expected = whole.step().staged;
        const std::vector<StageTransfer>& blocks = staging.step().staged;
        ASSERT_EQ(blocks.size(), expected.size());
        for (std::size_t i = 0; i < blocks.size(); ++i, ++seen) {
          EXPECT_EQ(blocks[i].operand, expected[i].operand);
          EXPECT_EQ(blocks[i].bytes.value(), expected[i].bytes.value());
          EXPECT_EQ(blocks[i].memory_address, expected[i].memory_address);
          EXPECT_EQ(blocks[i].buffer_address, expected[i].buffer_address);
        }
      }
      EXPECT_TRUE(staging.done());
    }
  }
  EXPECT_GT(seen, 0U);
}

// What a program does lies inside the rings that the plan gives it.
TEST(PartProgram, BlocksStayInsideTheirRings) {
  const Planned p("tpu_v2", "resnet50", {}, {{"batch", "4"}});
  std::int64_t seen = 0;
  for (const Region& region : p.plan.regions) {
    for (std::size_t part = 0; part < region.parts() && region.contraction; ++part) {
      const auto expect_inside = [&](std::int32_t index, std::int64_t address, Bytes bytes) {
        const Operand& operand = region.inputs[static_cast<std::size_t>(index)];
        if (operand.path != Path::staged) return;
        ++seen;
        EXPECT_GE(address, operand.ring_address);
        EXPECT_LE(address + bytes.value(), operand.ring_address + operand.ring_bytes.value());
      };
      for (PartProgram program(p.chip, region, part); !program.done(); program.next()) {
        for (const StageTransfer& block : program.step().staged) {
          expect_inside(block.operand, block.buffer_address, block.bytes);
        }
        for (const StepTransfer& load : program.step().tensor_loads) {
          expect_inside(load.operand, load.address, load.bytes);
        }
      }
    }
  }
  EXPECT_GT(seen, 1000);
}

TEST(PlanText, ReadsBackAsItself) {
  const Planned p("tpu_v3", "resnet50", {}, {{"batch", "2"}});
  const std::string text = plan_to_text(p.plan);
  EXPECT_EQ(plan_to_text(plan_from_text(text, "p")), text);
}

TEST(PlanText, RefusesOtherTexts) {
  for (const char* text : {"", "{}", "[1, 2]", "{\"schema\": 2}",
                           "{\"schema\": 1, \"peak_memory\": 0, \"regions\": [{}], "
                           "\"allocations\": []}"}) {
    EXPECT_THROW(plan_from_text(text, "p"), InputError) << text;
  }
}

TEST(PlanText, SaysWhereItIsNotAPlan) {
  const Planned p("tpu_v2", "bert_large", {}, {{"layers", "1"}});
  const std::string good = plan_to_text(p.plan);
  const auto message = [&](const std::string& from, const std::string& to) -> std::string {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    try {
      plan_from_text(text, "p.json");
    } catch (const InputError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("\"id\":0,", "\"id\":9223372036854775808,"),
            "p.json: is not a plan: regions.0.id: 9223372036854775808 is not a whole number from 0 "
            "to 2147483647");
  EXPECT_EQ(message("\"id\":0,", "\"id\":\"0\","),
            "p.json: is not a plan: regions.0.id: \"0\" is not a whole number from 0 to "
            "2147483647");
  EXPECT_EQ(message("\"id\":0,", "\"id\":0,\"colour\":1,"),
            "p.json: is not a plan: regions.0: 'colour' is not known here");
  EXPECT_EQ(message("\"id\":0,", ""), "p.json: is not a plan: regions.0: 'id' is missing");
  EXPECT_EQ(message("\"id\":0,", "\"id\":,"), "p.json:3:7: is not a plan: no JSON from here on");
  EXPECT_EQ(message("\"schema\": 1", "\"schema\": 2"),
            "p.json: is not a plan: schema: 2 is not a whole number from 1 to 1");
}

// Every index of the product is worked on exactly once, whatever the mapping.
TEST(ContractionCursor, CoversTheProductOnce) {
  std::mt19937_64 random(2);
  const auto draw = [&](std::int64_t max) {
    return 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(max));
  };
  for (int i = 0; i < 300; ++i) {
    const ContractionShape shape{draw(3), draw(9), draw(9), draw(9)};
    ContractionMapping m;
    m.tile = {draw(4), draw(4), draw(4)};
    m.block = {m.tile.m * draw(2), m.tile.n * draw(2), m.tile.k * draw(2)};
    m.batch_block = draw(3);
    m.panel_m = m.block.m * draw(3);
    m.panel_n = m.block.n * draw(3);
    m.n_is_outer = random() % 2 == 0;
    m.hold_outer = random() % 2 == 0;
    m.hold_inner = random() % 2 == 0;
    std::int64_t macs = 0;
    std::int64_t outputs = 0;
    std::int64_t steps = 0;
    std::int64_t staged[2] = {0, 0};
    std::int64_t released[2] = {0, 0};
    for (ContractionCursor at(shape, m); !at.done(); at.next()) {
      const ContractionStep& s = at.step();
      ++steps;
      macs += s.macs();
      if (s.last_k) outputs += s.c_elements();
      if (s.stage_a) staged[0] += s.a_elements();
      if (s.stage_b) staged[1] += s.b_elements();
      if (s.release_a) released[0] += s.a_elements();
      if (s.release_b) released[1] += s.b_elements();
      EXPECT_LE(released[0], staged[0]);
      EXPECT_LE(released[1], staged[1]);
    }
    EXPECT_EQ(steps, ContractionCursor(shape, m).step_count());
    EXPECT_EQ(macs, shape.macs());
    EXPECT_EQ(outputs, shape.batch * shape.m * shape.n);
    EXPECT_EQ(staged[0], released[0]);
    EXPECT_EQ(staged[1], released[1]);
    const std::int64_t a = shape.batch * shape.m * shape.k;
    const std::int64_t b = shape.batch * shape.k * shape.n;
    // An operand that is held is fetched once.
    if (m.hold_outer) {
      EXPECT_EQ(m.n_is_outer ? staged[1] : staged[0], m.n_is_outer ? b : a);
    }
    if (m.hold_inner) {
      EXPECT_EQ(m.n_is_outer ? staged[0] : staged[1], m.n_is_outer ? a : b);
    }
  }
}

TEST(PartShape, PartsAddUpToTheWhole) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 300; ++i) {
    const ContractionShape whole{
        1 + static_cast<std::int64_t>(random() % 9), 1 + static_cast<std::int64_t>(random() % 50),
        1 + static_cast<std::int64_t>(random() % 50), 1 + static_cast<std::int64_t>(random() % 50)};
    const auto parts = [&] { return 1 + static_cast<std::int64_t>(random() % 5); };
    const Split split{parts(), parts(), parts(), parts()};
    std::int64_t macs = 0;
    for (std::int64_t part = 0; part < split.parts(); ++part) {
      macs += part_shape(whole, split, part).macs();
    }
    EXPECT_EQ(macs, whole.macs());
  }
}

TEST(VectorProgram, SharesSumExactly) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 300; ++i) {
    VectorMapping m;
    m.units = 1 + static_cast<std::int64_t>(random() % 1'000'000'000);
    m.chunks = 1 + static_cast<std::int64_t>(random() % 200) % std::min<std::int64_t>(m.units, 200);
    m.parts = 1 + static_cast<std::int64_t>(random() % 8) % m.chunks;
    const auto total = static_cast<std::int64_t>(random() % 100'000'000'000);
    std::int64_t sum = 0;
    std::int64_t next = 0;
    for (std::int64_t part = 0; part < m.parts; ++part) {
      const ChunkRange range = part_chunks(m, part);
      EXPECT_EQ(range.first, next);
      next = range.last;
      for (std::int64_t c = range.first; c < range.last; ++c) sum += chunk_share(total, m, c);
    }
    EXPECT_EQ(next, m.chunks);
    EXPECT_EQ(sum, total);
  }
}

TEST(ChunkShares, AreTheSharesOfEachChunk) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 300; ++i) {
    VectorMapping m;
    m.chunks = 1 + static_cast<std::int64_t>(random() % 60);
    m.units = m.chunks * (1 + static_cast<std::int64_t>(random() % 1000));
    if (i % 2 == 0) m.units += static_cast<std::int64_t>(random() % 50);  // does not divide
    std::vector<std::int64_t> totals = {m.units, 3 * m.units, 3 * m.units, 0};
    totals.push_back(static_cast<std::int64_t>(random() % 100'000'000'000));
    const auto begin = static_cast<std::int64_t>(random() % 60) % m.chunks;
    ChunkShares shares;
    for (const std::int64_t total : totals) shares.add(total);
    shares.begin(m, begin);
    for (std::int64_t chunk = begin; chunk < m.chunks; ++chunk) {
      for (std::size_t t = 0; t < totals.size(); ++t) {
        EXPECT_EQ(shares.share(t), chunk_share(totals[t], m, chunk));
      }
      if (chunk + 1 == m.chunks) break;
      bool is_next_same = true;
      for (const std::int64_t total : totals) {
        is_next_same &= chunk_share(total, m, chunk + 1) == chunk_share(total, m, chunk);
      }
      EXPECT_EQ(shares.next(), is_next_same);
    }
  }
}

}  // namespace
}  // namespace simdse
