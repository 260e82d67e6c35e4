#include "workloads/chakra/chakra_file.h"

#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <protozero/pbf_reader.hpp>

#include "models/base/error.h"

namespace simdse {
namespace {

using Wire = protozero::pbf_wire_type;

constexpr std::uint32_t field(protozero::pbf_tag_type number, Wire type) {
  return protozero::tag_and_type(number, type);
}

// Fields of et_def.proto. One with another wire type than its own is passed over, as an unknown
// one.
namespace node_field {
constexpr auto id = field(1, Wire::varint);
constexpr auto name = field(2, Wire::length_delimited);
constexpr auto type = field(3, Wire::varint);
constexpr auto control_dependencies = field(4, Wire::length_delimited);
constexpr auto control_dependency = field(4, Wire::varint);
constexpr auto data_dependencies = field(5, Wire::length_delimited);
constexpr auto data_dependency = field(5, Wire::varint);
constexpr auto duration_micros = field(7, Wire::varint);
constexpr auto attribute = field(10, Wire::length_delimited);
}  // namespace node_field

namespace attribute_field {
constexpr auto name = field(1, Wire::length_delimited);
constexpr auto double_value = field(3, Wire::fixed64);
constexpr auto float_value = field(5, Wire::fixed32);
constexpr auto int32_value = field(7, Wire::varint);
constexpr auto int64_value = field(9, Wire::varint);
constexpr auto uint32_value = field(11, Wire::varint);
constexpr auto uint64_value = field(13, Wire::varint);
constexpr auto sint32_value = field(15, Wire::varint);
constexpr auto sint64_value = field(17, Wire::varint);
constexpr auto fixed32_value = field(19, Wire::fixed32);
constexpr auto fixed64_value = field(21, Wire::fixed64);
constexpr auto sfixed32_value = field(23, Wire::fixed32);
constexpr auto sfixed64_value = field(25, Wire::fixed64);
constexpr auto string_value = field(29, Wire::length_delimited);
}  // namespace attribute_field

/// An attribute's value as far as it is a number or text.
struct Attribute {
  std::string name;
  std::int64_t integer = 0;
  std::string text;
};

std::int64_t to_integer(std::uint64_t value) {
  constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value > largest) throw InputError(fmt::format("{} is too large", value));
  return static_cast<std::int64_t>(value);
}

std::int64_t to_integer(double value) {
  constexpr double largest = 9e18;
  if (!(value > -largest && value < largest)) {
    throw InputError(fmt::format("{} is too large", value));
  }
  return static_cast<std::int64_t>(value);
}

Attribute read_attribute(protozero::pbf_reader message) {
  Attribute result;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case attribute_field::name:
        result.name = message.get_string();
        break;
      case attribute_field::double_value:
        result.integer = to_integer(message.get_double());
        break;
      case attribute_field::float_value:
        result.integer = to_integer(static_cast<double>(message.get_float()));
        break;
      case attribute_field::int32_value:
        result.integer = message.get_int32();
        break;
      case attribute_field::int64_value:
        result.integer = message.get_int64();
        break;
      case attribute_field::uint32_value:
        result.integer = message.get_uint32();
        break;
      case attribute_field::uint64_value:
        result.integer = to_integer(message.get_uint64());
        break;
      case attribute_field::sint32_value:
        result.integer = message.get_sint32();
        break;
      case attribute_field::sint64_value:
        result.integer = message.get_sint64();
        break;
      case attribute_field::fixed32_value:
        result.integer = message.get_fixed32();
        break;
      case attribute_field::fixed64_value:
        result.integer = to_integer(message.get_fixed64());
        break;
      case attribute_field::sfixed32_value:
        result.integer = message.get_sfixed32();
        break;
      case attribute_field::sfixed64_value:
        result.integer = message.get_sfixed64();
        break;
      case attribute_field::string_value:
        result.text = message.get_string();
        break;
      default:
        message.skip();
    }
  }
  return result;
}

void take_attribute(ChakraNode& node, const Attribute& attribute) {
  const std::string& name = attribute.name;
  if (name == "num_ops") node.num_ops = attribute.integer;
  if (name == "tensor_size") node.tensor_size = attribute.integer;
  if (name == "op_type") node.op_type = attribute.text;
  if (name == "comm_type") node.comm_type = attribute.integer;
  if (name == "comm_size") node.comm_size = attribute.integer;
  if (name == "comm_src") node.comm_src = attribute.integer;
  if (name == "comm_dst") node.comm_dst = attribute.integer;
  if (name == "comm_tag") node.comm_tag = attribute.integer;
  if (name == "pg_name") {
    node.pg_name = attribute.text.empty() ? std::to_string(attribute.integer) : attribute.text;
  }
}

ChakraNode read_node(protozero::pbf_reader message) {
  ChakraNode node;
  while (message.next()) {
    switch (message.tag_and_type()) {
      case node_field::id:
        node.id = message.get_uint64();
        break;
      case node_field::name:
        node.name = message.get_string();
        break;
      case node_field::type:
        node.type = message.get_enum();
        break;
      case node_field::control_dependency:
      case node_field::data_dependency:
        node.dependencies.push_back(message.get_uint64());
        break;
      case node_field::control_dependencies:
      case node_field::data_dependencies:
        for (const std::uint64_t id : message.get_packed_uint64()) node.dependencies.push_back(id);
        break;
      case node_field::duration_micros:
        node.duration_micros = message.get_uint64();
        break;
      case node_field::attribute:
        take_attribute(node, read_attribute(message.get_message()));
        break;
      default:
        message.skip();
    }
  }
  return node;
}

}  // namespace

std::vector<ChakraNode> read_chakra_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream || std::filesystem::is_directory(path)) {
    throw InputError(fmt::format("{}: can't be read", path));
  }
  const std::string content((std::istreambuf_iterator<char>(stream)),
                            std::istreambuf_iterator<char>());
  const char* position = content.data();
  const char* const end = content.data() + content.size();
  std::vector<ChakraNode> nodes;
  bool is_metadata = true;
  const char* begin = position;
  try {
    while (position != end) {
      begin = position;
      const std::uint64_t length = protozero::decode_varint(&position, end);
      if (length > static_cast<std::uint64_t>(end - position)) {
        throw InputError(
            fmt::format("a message of {} bytes, of which {} are there: the file is "
                        "cut off, or is no Chakra trace",
                        length, end - position));
      }
      const protozero::pbf_reader message(position, static_cast<std::size_t>(length));
      if (!is_metadata) nodes.push_back(read_node(message));
      is_metadata = false;
      position += length;
    }
  } catch (const protozero::exception& error) {
    throw InputError(fmt::format("{}: at byte {}: no Chakra trace, or a damaged one ({})", path,
                                 begin - content.data(), error.what()));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: at byte {}: {}", path, begin - content.data(), error.what()));
  }
  if (is_metadata) throw InputError(fmt::format("{}: is empty", path));
  return nodes;
}

}  // namespace simdse
