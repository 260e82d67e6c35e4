#include "cli/report/degree_report.h"

#include <fmt/core.h>

#include <algorithm>

namespace simdse {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const DegreeTrial& trial) {
  const Parallelism& p = trial.parallelism;
  return fmt::format("tensor {} x pipeline {} x data {}", p.tensor, p.pipeline, p.data);
}

/// The second fastest, or nullptr.
const DegreeTrial* next_of(const DegreeChoice& choice) {
  const DegreeTrial* next = nullptr;
  for (const DegreeTrial& trial : choice.trials) {
    if (&trial == &choice.chosen() || trial.verdict != DegreeVerdict::estimated) continue;
    if (next == nullptr || trial.throughput > next->throughput) next = &trial;
  }
  return next;
}

std::string why(DegreeVerdict verdict) {
  switch (verdict) {
    case DegreeVerdict::memory:
      return "lack memory";
    case DegreeVerdict::division:
      return "don't divide the network or the batch";
    default:
      return "have work that does not fit the chip";
  }
}

/// Of those ruled out for one reason, how many, and the one that says most: of least lack of
/// memory, otherwise the first.
std::string ruled_out_text(const DegreeChoice& choice, DegreeVerdict verdict) {
  const DegreeTrial* example = nullptr;
  for (const DegreeTrial& trial : choice.trials) {
    if (trial.verdict != verdict) continue;
    const bool is_nearer =
        verdict == DegreeVerdict::memory && example != nullptr && trial.excess < example->excess;
    if (example == nullptr || is_nearer) example = &trial;
  }
  if (example == nullptr) return "";
  return fmt::format("{} {} ({}{}: {})", choice.count(verdict), why(verdict),
                     verdict == DegreeVerdict::memory ? "least: " : "first: ", text_of(*example),
                     example->reason);
}

}  // namespace

std::string degrees_text(const std::vector<DegreeChoice>& rounds, std::size_t width) {
  if (rounds.empty()) return "";
  const DegreeChoice& first = rounds.front();
  std::string text =
      fmt::format("{:<{}}{}: the fastest of {} by the estimate, {} more ruled out", "degrees",
                  width, text_of(first.chosen()), first.count(DegreeVerdict::estimated),
                  first.trials.size() - first.count(DegreeVerdict::estimated));
  if (const DegreeTrial* next = next_of(first)) {
    text += fmt::format("; next {}, {:+.1f} %", text_of(*next),
                        (next->throughput / first.chosen().throughput - 1) * 100);
  }
  text += '\n';
  for (const DegreeVerdict verdict :
       {DegreeVerdict::memory, DegreeVerdict::division, DegreeVerdict::chip}) {
    const std::string line = ruled_out_text(first, verdict);
    if (!line.empty()) text += fmt::format("{:<{}}{}\n", "ruled out", width, line);
  }
  return text;
}

std::string again_text(const std::vector<DegreeChoice>& rounds, std::size_t width) {
  std::string text;
  for (std::size_t i = 1; i < rounds.size(); ++i) {
    const DegreeTrial& chosen = rounds[i].chosen();
    const bool is_same = chosen.parallelism.tensor == rounds[i - 1].chosen().parallelism.tensor &&
                         chosen.parallelism.pipeline == rounds[i - 1].chosen().parallelism.pipeline;
    text +=
        fmt::format("{:<{}}with the chips found, {}: {}\n", "again", width,
                    is_same ? "the same are the fastest" : "others are faster", text_of(chosen));
  }
  return text;
}

Json degrees_json(const std::vector<DegreeChoice>& rounds) {
  Json all = Json::array();
  for (const DegreeChoice& choice : rounds) {
    Json trials = Json::array();
    for (const DegreeTrial& trial : choice.trials) {
      const bool is_estimated = trial.verdict == DegreeVerdict::estimated;
      Json json = {{"tensor", trial.parallelism.tensor},
                   {"pipeline", trial.parallelism.pipeline},
                   {"data", trial.parallelism.data},
                   {"verdict", degree_verdict_name(trial.verdict)},
                   {"is_chosen", &trial == &choice.chosen()}};
      if (is_estimated) {
        json["estimate_throughput_samples_per_s"] = trial.throughput;
      } else {
        json["reason"] = trial.reason;
      }
      if (trial.verdict == DegreeVerdict::memory) {
        json["memory_excess_bytes"] = trial.excess.value();
      }
      trials.push_back(std::move(json));
    }
    all.push_back(std::move(trials));
  }
  return all;
}

}  // namespace simdse
