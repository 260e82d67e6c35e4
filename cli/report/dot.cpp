#include "cli/report/dot.h"

#include <fmt/core.h>
#include <fmt/format.h>

namespace simdse {
namespace {

/// A quoted string: Graphviz takes backslashes as the start of an escape.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter == '\n' || letter == '\r' ? ' ' : letter;
  }
  return result + '"';
}

/// Line breaks in labels are the two characters "\n".
std::string label_of(const Graph& graph, const Operator& op, const Work& work) {
  const std::string lines[] = {
      op.name, op.kind->name() + (work.macs() > 0 ? fmt::format(" {} MACs", work.macs()) : ""),
      fmt::format("[{}]", fmt::join(graph.tensor(op.outputs[0]).shape, ", "))};
  std::string result;
  for (const std::string& line : lines) {
    const std::string text = quoted(line);
    result += (result.empty() ? "" : "\\n") + text.substr(1, text.size() - 2);
  }
  return '"' + result + '"';
}

}  // namespace

std::string dot_text(const Graph& graph, const std::string& name) {
  std::string result = fmt::format("digraph {} {{\n  node [shape=box];\n", quoted(name));
  for (const Operator& op : graph.operators()) {
    if (op.kind->is_view()) continue;
    const Work work = graph.work(op.id);
    const char* style = op.kind->is_opaque()           ? ", style=dashed"
                        : work.contraction.has_value() ? ", style=bold"
                                                       : "";
    result += fmt::format("  n{} [label={}{}];\n", op.id, label_of(graph, op, work), style);
    for (const OperatorId before : graph.predecessors(op.id)) {
      result += fmt::format("  n{} -> n{};\n", before, op.id);
    }
  }
  return result + "}\n";
}

}  // namespace simdse
