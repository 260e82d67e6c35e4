// The ideal memory answers at once.
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

class IdealMemoryCore : public StorageCore {
 public:
  StorageSpan serve(Picoseconds now, const StorageRequest&) override { return {now, now}; }
  std::size_t queue_depth() const override { return ~std::size_t{0}; }
};

const RegisterModule registration({"memory", "ideal",
                                   [](const Chip&) { return std::make_unique<IdealMemoryCore>(); },
                                   nullptr});

}  // namespace
}  // namespace simdse
