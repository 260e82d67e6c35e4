#include "workloads/chakra/chakra_trace.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "models/base/clock.h"
#include "models/base/error.h"
#include "workloads/chakra/chakra_file.h"

namespace simdse {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".et";

struct RankFile {
  std::string name;
  std::string path;
};

/// The files of a folder by rank. Throws InputError when a rank is missing or there twice, or when
/// the files belong to different traces.
std::vector<RankFile> find_files(const std::string& folder) {
  std::map<std::int64_t, RankFile> by_rank;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const fs::path path = entry.path();
    if (path.extension() != kSuffix) continue;
    const fs::path stem = path.stem();  // NAME.R
    const std::string number = stem.extension().string();
    constexpr std::size_t most_digits = 6;
    const bool is_number = number.size() > 1 && number.size() <= 1 + most_digits &&
                           number.find_first_not_of("0123456789", 1) == std::string::npos;
    if (!is_number) {
      throw InputError(fmt::format("{}: a trace's name ends in its rank: NAME.0.et, NAME.1.et, ...",
                                   path.string()));
    }
    const RankFile file{stem.stem().string(), path.string()};
    const auto [place, is_new] = by_rank.emplace(std::stoll(number.substr(1)), file);
    if (!is_new) {
      throw InputError(fmt::format("{} and {} are both of rank {}",
                                   std::min(place->second.path, file.path),
                                   std::max(place->second.path, file.path), place->first));
    }
  }
  if (by_rank.empty()) {
    throw InputError(
        fmt::format("{}: there is no Chakra trace (NAME.0.et, ...) in this folder", folder));
  }
  std::vector<RankFile> result;
  for (const auto& [rank, file] : by_rank) {
    if (rank != static_cast<std::int64_t>(result.size())) {
      throw InputError(
          fmt::format("{}: the trace of rank {} is missing; there are {}, one of rank {}", folder,
                      result.size(), by_rank.size(), by_rank.rbegin()->first));
    }
    if (file.name != by_rank.begin()->second.name) {
      throw InputError(fmt::format("{}: traces of two names in one folder: {} and {}", folder,
                                   by_rank.begin()->second.name, file.name));
    }
    result.push_back(file);
  }
  return result;
}

/// Numbers of CollectiveCommType.
namespace comm_type {
constexpr std::int64_t all_reduce = 0;
constexpr std::int64_t all_gather = 2;
constexpr std::int64_t broadcast = 5;
constexpr std::int64_t all_to_all = 6;
constexpr std::int64_t reduce_scatter = 7;
constexpr std::int64_t reduce_scatter_block = 8;
constexpr std::int64_t barrier = 9;
}  // namespace comm_type

CollectiveOp to_collective(const ChakraNode& node) {
  switch (node.comm_type) {
    case comm_type::all_reduce:
    case comm_type::barrier:
      return CollectiveOp::all_reduce;  // a barrier is one of no bytes
    case comm_type::all_gather:
      return CollectiveOp::all_gather;
    case comm_type::broadcast:
      return CollectiveOp::broadcast;
    case comm_type::all_to_all:
      return CollectiveOp::all_to_all;
    case comm_type::reduce_scatter:
    case comm_type::reduce_scatter_block:
      return CollectiveOp::reduce_scatter;
    default:
      throw InputError(fmt::format(
          "comm_type {} is none of all_reduce (0), all_gather (2), broadcast (5), all_to_all (6), "
          "reduce_scatter (7, 8) and barrier (9)",
          node.comm_type));
  }
}

std::int32_t to_rank(std::int64_t rank, const char* attribute) {
  constexpr std::int64_t most = 1'000'000;
  if (rank < 0 || rank > most) throw InputError(fmt::format("has no {}", attribute));
  return static_cast<std::int32_t>(rank);
}

Bytes size_of(const ChakraNode& node) {
  // So that the sum over all ranks is a number of 64 bits, too.
  constexpr std::int64_t most = std::int64_t{1} << 42;
  if (node.comm_size < 0) {
    if (node.comm_type == comm_type::barrier) return Bytes(0);
    throw InputError("has no comm_size");
  }
  if (node.comm_size > most) {
    throw InputError(
        fmt::format("has a comm_size of {} bytes, more than {} (4 TiB)", node.comm_size, most));
  }
  return Bytes(node.comm_size);
}

Seconds duration_of(const ChakraNode& node) {
  const Seconds duration(static_cast<double>(node.duration_micros) * 1e-6);
  if (duration >= kLongestTime) {
    throw InputError(
        fmt::format("has a duration of {} us, more than the {:.0f} that can be counted",
                    node.duration_micros, kLongestTime.value() * 1e6));
  }
  return duration;
}

/// Everything of a node but its dependencies.
RankNode to_rank_node(const ChakraNode& node, std::int32_t group) {
  RankNode result;
  result.name = node.name;
  const auto type = static_cast<ChakraType>(node.type);
  switch (type) {
    case ChakraType::compute:
    case ChakraType::memory_load:
    case ChakraType::memory_store:
      if (node.num_ops < 0 || node.tensor_size < 0) {
        throw InputError("num_ops or tensor_size is negative");
      }
      result.action = type == ChakraType::compute ? RankAction::compute : RankAction::memory;
      result.work.duration = duration_of(node);
      (node.op_type == "M" ? result.work.macs : result.work.operations) = node.num_ops;
      result.work.bytes = Bytes(node.tensor_size);
      break;
    case ChakraType::send:
      result.action = RankAction::send;
      result.peer = to_rank(node.comm_dst, "comm_dst");
      result.tag = node.comm_tag;
      result.bytes = size_of(node);
      break;
    case ChakraType::receive:
      result.action = RankAction::receive;
      result.peer = to_rank(node.comm_src, "comm_src");
      result.tag = node.comm_tag;
      result.bytes = size_of(node);
      break;
    case ChakraType::collective:
      result.action = RankAction::collective;
      result.op = to_collective(node);
      result.bytes = size_of(node);
      result.group = group;
      break;
    default:
      throw InputError(
          fmt::format("is of type {}, none of memory load (2), memory store (3), compute (4), send "
                      "(5), receive "
                      "(6) and collective (7)",
                      node.type));
  }
  return result;
}

/// The nodes of a rank in order of id, and where each id is.
class RankTrace {
 public:
  RankTrace(std::string path, std::vector<ChakraNode> nodes)
      : path_(std::move(path)), nodes_(std::move(nodes)) {
    std::sort(nodes_.begin(), nodes_.end(),
              [](const ChakraNode& x, const ChakraNode& y) { return x.id < y.id; });
    std::int32_t kept = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const ChakraNode& node = nodes_[i];
      if (!by_id_.emplace(node.id, i).second) fail(node, "has the id of another node");
      place_.push_back(is_metadata(node) ? -1 : kept++);
    }
  }

  const std::vector<ChakraNode>& nodes() const { return nodes_; }
  static bool is_metadata(const ChakraNode& node) {
    return node.type == static_cast<std::int64_t>(ChakraType::metadata);
  }

  [[noreturn]] void fail(const ChakraNode& node, const std::string& what) const {
    throw InputError(
        fmt::format("{}: node {} '{}' {}", path_, node.id, printable(node.name), what));
  }

  /// The nodes that must be done before node `index`, as places among those that are kept.
  std::vector<std::int32_t> predecessors(std::size_t index) const {
    std::set<std::int32_t> result;
    std::set<std::size_t> seen = {index};
    std::vector<std::size_t> open = {index};
    while (!open.empty()) {
      const ChakraNode& node = nodes_[open.back()];
      open.pop_back();
      for (const std::uint64_t id : node.dependencies) {
        const auto found = by_id_.find(id);
        if (found == by_id_.end()) {
          fail(node, fmt::format("depends on node {}, which is not in the trace", id));
        }
        const std::size_t other = found->second;
        if (!is_metadata(nodes_[other])) {
          result.insert(place_[other]);
        } else if (seen.insert(other).second) {
          open.push_back(other);
        }
      }
    }
    return {result.begin(), result.end()};
  }

 private:
  std::string path_;
  std::vector<ChakraNode> nodes_;
  std::map<std::uint64_t, std::size_t> by_id_;
  std::vector<std::int32_t> place_;
};

}  // namespace

bool is_chakra_folder(const std::string& path) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (entry.path().extension() == kSuffix) return true;
  }
  return false;
}

RankPrograms read_chakra_traces(const std::string& folder) {
  if (!fs::is_directory(folder)) throw InputError(fmt::format("{}: is no folder", folder));
  const std::vector<RankFile> files = find_files(folder);
  RankPrograms programs;
  programs.name = files.front().name;
  std::vector<RankTrace> traces;
  for (const RankFile& file : files) traces.emplace_back(file.path, read_chakra_file(file.path));

  std::map<std::string, std::int32_t> group_index;
  const auto is_collective = [](const ChakraNode& node) {
    return node.type == static_cast<std::int64_t>(ChakraType::collective);
  };
  for (std::size_t rank = 0; rank < traces.size(); ++rank) {
    for (const ChakraNode& node : traces[rank].nodes()) {
      if (!is_collective(node)) continue;
      const auto [place, is_new] =
          group_index.emplace(node.pg_name, static_cast<std::int32_t>(programs.groups.size()));
      if (is_new) {
        programs.groups.push_back({node.pg_name.empty() ? "all ranks" : node.pg_name, {}});
      }
      std::vector<std::int32_t>& ranks = programs.groups[place->second].ranks;
      if (ranks.empty() || ranks.back() != static_cast<std::int32_t>(rank)) {
        ranks.push_back(static_cast<std::int32_t>(rank));
      }
    }
  }
  for (const RankTrace& trace : traces) {
    RankProgram& program = programs.ranks.emplace_back();
    Seconds total;
    for (std::size_t i = 0; i < trace.nodes().size(); ++i) {
      const ChakraNode& node = trace.nodes()[i];
      const std::vector<std::int32_t> after = trace.predecessors(i);
      if (RankTrace::is_metadata(node)) continue;
      try {
        program.nodes.push_back(
            to_rank_node(node, is_collective(node) ? group_index.at(node.pg_name) : -1));
        total += program.nodes.back().work.duration;
        if (total >= kLongestTime) {
          throw InputError(
              fmt::format("makes the rank's durations more than the {:.0f} us that can "
                          "be counted",
                          kLongestTime.value() * 1e6));
        }
      } catch (const InputError& error) {
        trace.fail(node, error.what());
      }
      program.nodes.back().after = after;
    }
  }
  try {
    match_ranks(programs);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", folder, error.what()));
  }
  return programs;
}

}  // namespace simdse
