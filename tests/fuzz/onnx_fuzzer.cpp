// Any bytes as an ONNX file: import it and derive its training step, or refuse it with an
// InputError.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/input_file.h"
#include "models/base/error.h"
#include "workloads/onnx/onnx_importer.h"
#include "workloads/statistics.h"
#include "workloads/training.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simdse;
  const std::string path = write_input(data, size, ".onnx");
  // Any size decides the options too, so that both batches and both ways with operators are tried.
  OnnxOptions options;
  options.batch = size % 3 == 0 ? 0 : static_cast<std::int64_t>(size % 5);
  options.allow_opaque = size % 2 == 0;
  try {
    const OnnxImport imported = import_onnx(path, options, {});
    if (imported.graph.operators().size() > 2000) return 0;
    graph_statistics(derive_training_step(imported.graph, {}));
  } catch (const InputError&) {
  }
  return 0;
}
