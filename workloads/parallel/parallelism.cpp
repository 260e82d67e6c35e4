#include "workloads/parallel/parallelism.h"

#include <fmt/core.h>

#include <algorithm>

#include "models/base/config_reader.h"

namespace simdse {
namespace {

constexpr std::int64_t kMaxChips = 1 << 20;
/// Of a stage in an iteration, and parts of a network: what a schedule can count by ints.
constexpr std::int64_t kMaxPasses = 1'000'000;

std::int64_t read_degree(ConfigReader& reader, const std::string& key) {
  const ConfigValue* given = reader.find(key);
  if (given == nullptr) return 1;
  if (given->is_scalar() && given->text(key) == "auto") return kAuto;
  try {
    return read_integer(*given, reader.path_of(key), 1, kMaxChips);
  } catch (const InputError& error) {
    throw InputError(std::string(error.what()) + ", or auto");
  }
}

std::optional<std::int64_t> read_count(ConfigReader& reader, const std::string& key,
                                       std::int64_t most) {
  if (reader.find(key) == nullptr) return {};
  return reader.integer(key, 1, most);
}

void read_chips(ConfigReader& reader, Parallelism& result) {
  result.tensor = read_degree(reader, "tensor");
  result.pipeline = read_degree(reader, "pipeline");
  result.data = read_degree(reader, "data");
  const std::int64_t known = std::max<std::int64_t>(result.tensor, 1) *
                             std::max<std::int64_t>(result.pipeline, 1) *
                             std::max<std::int64_t>(result.data, 1);
  const ConfigValue* chips = reader.find("chips");
  if (chips == nullptr) {
    if (!result.is_complete()) {
      throw InputError(reader.value().where(),
                       fmt::format("{}: a degree that is auto needs the number of chips",
                                   reader.path_of("chips")));
    }
    result.chips = known;
    return;
  }
  result.chips = read_integer(*chips, reader.path_of("chips"), 1, kMaxChips);
  const bool fits = result.is_complete() ? known == result.chips : result.chips % known == 0;
  if (fits) return;
  throw InputError(chips->where(),
                   fmt::format("{}: the degrees that are given make {} chips, which {} {}",
                               reader.path_of("chips"), known,
                               result.is_complete() ? "are not" : "do not divide", result.chips));
}

void read_batch(ConfigReader& reader, Parallelism& result) {
  result.microbatch = reader.integer_or("microbatch", 1, 1, std::int64_t{1} << 30);
  result.microbatches = read_count(reader, "microbatches", kMaxPasses);
  result.global_batch = read_count(reader, "global_batch", std::int64_t{1} << 40);
  if (result.microbatches.has_value() != result.global_batch.has_value()) return;
  throw InputError(reader.value().where(),
                   fmt::format("{}: give either microbatches (of each replica) or global_batch "
                               "(samples of all)",
                               reader.path_of("microbatches")));
}

/// Refuses `key`, which is there and would change nothing.
void refuse(const ConfigReader& reader, const std::string& key, const std::string& why) {
  const ConfigValue* value = reader.value().find(key);
  throw InputError(value == nullptr ? reader.value().where() : value->where(),
                   fmt::format("{}: has no effect {}", reader.path_of(key), why));
}

}  // namespace

const std::vector<std::string>& pipeline_schedule_names() {
  static const std::vector<std::string> names = {"gpipe", "one_f_one_b", "interleaved",
                                                 "zero_bubble"};
  return names;
}

std::string degree_text(std::int64_t degree) {
  return degree == kAuto ? "auto" : std::to_string(degree);
}

void Parallelism::drop_idle_options() {
  if (tensor == 1) sequence_parallel = false;
  if (data == 1) zero = 0;
}

std::int64_t Parallelism::microbatch_count() const {
  if (microbatches) return *microbatches;
  const std::int64_t at_once = microbatch * data;
  if (*global_batch % at_once != 0) {
    throw InputError(fmt::format(
        "parallel: a global batch of {} does not divide into microbatches of {} on {} replicas",
        *global_batch, microbatch, data));
  }
  return *global_batch / at_once;
}

void Parallelism::check() const {
  if (tensor * pipeline * data != chips) {
    throw InputError(fmt::format("parallel: tensor {} x pipeline {} x data {} is not {} chips",
                                 tensor, pipeline, data, chips));
  }
  const std::int64_t parts = pipeline * interleave;
  if (!cuts.empty() && static_cast<std::int64_t>(cuts.size()) + 1 != parts) {
    throw InputError(fmt::format("parallel: {} cuts make {} parts; {} stages of {} need {}",
                                 cuts.size(), cuts.size() + 1, pipeline, interleave, parts));
  }
  if (parts > kMaxPasses) {
    throw InputError(fmt::format("parallel: {} stages of {} make {} parts, more than {}", pipeline,
                                 interleave, parts, kMaxPasses));
  }
  const std::int64_t count = microbatch_count();
  if (count > kMaxPasses / interleave) {
    throw InputError(fmt::format(
        "parallel: {} microbatches of a replica are more than {}{}", count, kMaxPasses / interleave,
        interleave == 1 ? "" : fmt::format(" with {} chunks", interleave)));
  }
  if (schedule != PipelineSchedule::interleaved) return;
  if (pipeline == 1) {
    throw InputError("parallel: the interleaved schedule needs 2 or more stages; pipeline is 1");
  }
  if (count % pipeline != 0) {
    throw InputError(fmt::format(
        "parallel: the interleaved schedule needs a number of microbatches that {} stages divide; "
        "found {}",
        pipeline, count));
  }
}

Parallelism read_parallelism(const ConfigValue& value, const std::string& path) {
  ConfigReader reader(value, path);
  Parallelism result;
  read_chips(reader, result);
  read_batch(reader, result);
  result.sequence_parallel = reader.flag_or("sequence_parallel", false);
  if (result.sequence_parallel && result.tensor == 1) {
    refuse(reader, "sequence_parallel", "where tensor is 1");
  }
  result.zero = static_cast<int>(reader.integer_or("zero", 0, 0, 3));
  if (result.zero == 2) {
    throw InputError(reader.value().find("zero")->where(),
                     reader.path_of("zero") + ": 2 is not known (allowed: 0, 1, 3)");
  }
  if (result.zero > 0 && result.data == 1) refuse(reader, "zero", "where data is 1");
  const auto index_of = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) - names.begin();
  };
  const std::string schedule =
      reader.choice_or("schedule", pipeline_schedule_names(), "one_f_one_b");
  result.schedule = static_cast<PipelineSchedule>(index_of(pipeline_schedule_names(), schedule));
  result.interleave = reader.integer_or("interleave", 1, 1, 1024);
  const bool is_interleaved = result.schedule == PipelineSchedule::interleaved;
  if (!is_interleaved && result.interleave > 1) {
    refuse(reader, "interleave", "without schedule: interleaved");
  }
  if (is_interleaved && result.interleave == 1) {
    throw InputError(reader.value().find("schedule")->where(),
                     reader.path_of("interleave") +
                         ": the interleaved schedule needs 2 or more chunks per stage");
  }
  if (reader.find("recompute") != nullptr) {
    const std::string mode = reader.choice_or("recompute", recomputation_names(), "none");
    result.recompute = static_cast<Recomputation>(index_of(recomputation_names(), mode));
  }
  if (const ConfigValue* cuts = reader.find("cuts")) {
    for (const ConfigValue& cut : cuts->items(reader.path_of("cuts"))) {
      const std::int64_t lowest = result.cuts.empty() ? 1 : result.cuts.back() + 1;
      result.cuts.push_back(read_integer(cut, reader.path_of("cuts"), lowest));
    }
    if (result.pipeline == kAuto) {
      throw InputError(cuts->where(), reader.path_of("cuts") + ": needs a pipeline degree");
    }
  }
  reader.finish();
  if (!result.is_complete()) return result;
  try {
    result.check();
  } catch (const InputError& error) {
    throw InputError(value.where(), error.what());
  }
  return result;
}

std::vector<Parallelism> fill_in_degrees(const Parallelism& parallelism) {
  std::vector<Parallelism> result;
  const auto candidates = [&](std::int64_t degree) {
    std::vector<std::int64_t> values;
    if (degree != kAuto) return std::vector<std::int64_t>{degree};
    for (std::int64_t i = 1; i <= parallelism.chips; ++i) {
      if (parallelism.chips % i == 0) values.push_back(i);
    }
    return values;
  };
  for (const std::int64_t tensor : candidates(parallelism.tensor)) {
    for (const std::int64_t pipeline : candidates(parallelism.pipeline)) {
      const std::int64_t rest = parallelism.chips / tensor / pipeline;
      if (rest == 0 || tensor * pipeline * rest != parallelism.chips) continue;
      if (parallelism.data != kAuto && parallelism.data != rest) continue;
      result.push_back(parallelism);
      result.back().tensor = tensor;
      result.back().pipeline = pipeline;
      result.back().data = rest;
      result.back().drop_idle_options();
    }
  }
  return result;
}

}  // namespace simdse
