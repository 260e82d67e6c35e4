#include "search/local/search_options.h"

namespace simdse {

const char* method_name(SearchMethod method) {
  switch (method) {
    case SearchMethod::heuristic:
      return "heuristic";
    case SearchMethod::exact:
      return "exact";
    case SearchMethod::exhaustive:
      return "exhaustive";
  }
  return "";
}

std::vector<std::string> method_names() { return {"heuristic", "exact", "exhaustive"}; }

}  // namespace simdse
