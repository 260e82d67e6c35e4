// What silicon or an independent tool says, as data, and the command that asks the model the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/base/data_files.h"

namespace simdse {

/// What a measured row may be used for.
enum class RowUse {
  held_out,     ///< nothing of the model or its design file was chosen with it in view
  calibration,  ///< something was, and its note says what; its error flatters
  derived,      ///< not measured but worked out, or a bound of theory; its note says how
  excluded,     ///< not trusted; its note says why
};

const char* use_name(RowUse use);

/// One measured value.
struct ReferenceRow {
  std::string name;
  std::vector<std::string> arguments;  ///< added to the table's command
  double measured = 0;                 ///< in the table's unit
  RowUse use = RowUse::held_out;
  std::string note;
};

/// Values of one kind, all read off the same command.
struct ReferenceTable {
  std::string quantity;              ///< "GEMM on one core"
  std::string unit;                  ///< of `measured`; may be empty
  double scale = 1;                  ///< units in one of the JSON's
  std::vector<std::string> command;  ///< "probe core --design tpu_v3_core": its --json is read
  /// Another command, whose figures are subtracted: for differences between two designs.
  std::vector<std::string> less;
  std::string formula;    ///< path of the estimate's figure in the JSON; may be empty
  std::string simulated;  ///< the same of the simulation; may be empty, but not both
  std::vector<ReferenceRow> rows;
};

/// One chip or tool and what is known of it.
struct Reference {
  std::string name;  ///< of its file
  std::string title;
  std::string source;  ///< where the values were read or how they were measured
  std::vector<ReferenceTable> tables;
};

/// Reads configs/references/NAME.yaml or a path. Throws InputError.
///
///   schema: 1
///   title: TPU v3, one core
///   source: where the values are from
///   tables:
///     - quantity: GEMM
///       unit: cycles
///       command: probe core --design tpu_v3_core
///       formula: formula_cycles
///       simulated: simulated_cycles
///       rows:
///         - {name: 256^3, with: --gemm 256x256x256, measured: 3101}
Reference load_reference(const std::string& name_or_path, const DataFiles& files);

}  // namespace simdse
