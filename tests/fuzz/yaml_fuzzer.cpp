// Any bytes as a workload file: read it and derive its training step, or refuse it with an
// InputError.
#include <cstddef>
#include <cstdint>
#include <string>

#include "fuzz/input_file.h"
#include "models/base/error.h"
#include "workloads/statistics.h"
#include "workloads/workload.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace simdse;
  try {
    const Workload workload =
        load_workload(write_input(data, size, ".yaml"), DataFiles(SIMDSE_SOURCE_DIR));
    // A step of a huge network is slow, not wrong.
    if (workload.forward.operators().size() > 2000) return 0;
    graph_statistics(derive_training_step(workload.forward, workload.training));
  } catch (const InputError&) {
  }
  return 0;
}
