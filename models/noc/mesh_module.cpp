// The module of a mesh.
#include "models/noc/flit_mesh.h"
#include "models/noc/mesh_core.h"
#include "sim/kernel/module_registry.h"

namespace simdse {
namespace {

ModuleType module_type() {
  ModuleType type;
  type.kind = "noc";
  type.name = "mesh";
  type.noc = [](const Noc& noc, const Clock& clock) {
    return std::make_unique<MeshCore>(dynamic_cast<const Mesh&>(noc), clock);
  };
  type.flits = [](const Noc& noc) {
    const MeshTopology& topology = dynamic_cast<const Mesh&>(noc).topology();
    return std::make_unique<FlitMesh>(topology.grid(), topology.router());
  };
  return type;
}

const RegisterModule registration(module_type());

}  // namespace
}  // namespace simdse
