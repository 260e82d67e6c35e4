// A system: chips of one design and the network that joins them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/chip/chip.h"
#include "models/network/interconnect.h"
#include "workloads/software.h"

namespace simdse {

/// Immutable once built.
struct System {
  std::string name;
  std::shared_ptr<const Chip> chip;
  std::shared_ptr<const Interconnect> network;
  Software software;
};

/// Reads configs/systems/NAME.yaml or a path. Overrides whose path begins with "design." go to the
/// chip's design, the others to the system file. Throws InputError.
///
///   schema: 1
///   chip: tpu_v4              # a design's name, or the path of its file relative to this one
///   software: megatron_lm      # may be left out; see load_software
///   network: {topology: torus_3d, shape: [4, 4, 4]}   # see read_network
System load_system(const std::string& name_or_path, const DataFiles& files,
                   const std::vector<Override>& overrides = {});

/// Chips like `chip`, joined as `network` says. Throws InputError.
System make_system(std::string name, const Chip& chip, const NetworkConfig& network);

}  // namespace simdse
