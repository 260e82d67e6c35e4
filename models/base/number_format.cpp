#include "models/base/number_format.h"

#include <stdexcept>

namespace simdse {

const std::vector<NumberFormat>& number_formats() {
  static const std::vector<NumberFormat> formats = {
      {"bf16", 16}, {"fp16", 16},  {"fp32", 32},  {"fp8", 8}, {"mxfp8", 8, 32, 8},
      {"int8", 8},  {"int32", 32}, {"int64", 64}, {"mask", 8}};
  return formats;
}

const NumberFormat& number_format(const std::string& name) {
  for (const NumberFormat& format : number_formats()) {
    if (format.name == name) return format;
  }
  throw std::out_of_range("no number format '" + name + "'");
}

std::vector<std::string> number_format_names() {
  std::vector<std::string> names;
  for (const NumberFormat& format : number_formats()) names.push_back(format.name);
  return names;
}

}  // namespace simdse
