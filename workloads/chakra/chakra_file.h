// One file of a Chakra execution trace: the nodes of one rank.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace simdse {

/// Node types of the schema (mlcommons/chakra, et_def.proto) by their numbers.
enum class ChakraType {
  invalid = 0,
  metadata = 1,
  memory_load = 2,
  memory_store = 3,
  compute = 4,
  send = 5,
  receive = 6,
  collective = 7,
};

/// What is used of a node's fields and attributes.
struct ChakraNode {
  std::uint64_t id = 0;
  std::string name;
  std::int64_t type = 0;                    ///< a ChakraType, or a newer type's number
  std::vector<std::uint64_t> dependencies;  ///< control and data
  std::uint64_t duration_micros = 0;
  std::int64_t num_ops = 0;
  std::int64_t tensor_size = 0;  ///< bytes
  std::string op_type;           ///< "M": a contraction; num_ops counts its MACs
  std::int64_t comm_type = -1;   ///< number of CollectiveCommType, -1: not given
  std::int64_t comm_size = -1;   ///< bytes, -1: not given
  std::int64_t comm_src = -1;
  std::int64_t comm_dst = -1;
  std::int64_t comm_tag = 0;
  std::string pg_name;  ///< process group; "": the group of all ranks
};

/// A stream of messages, each after its length as a varint: one GlobalMetadata, then nodes.
/// Throws InputError for a file that can't be read, ends within a message, or has something else in
/// it, with the byte where.
std::vector<ChakraNode> read_chakra_file(const std::string& path);

}  // namespace simdse
