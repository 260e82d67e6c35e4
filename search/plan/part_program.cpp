#include "search/plan/part_program.h"

#include <algorithm>
#include <cmath>

namespace simdse {
namespace {
constexpr std::int64_t kSumBytes = 4;  // the arrays add up in fp32

/// Written where it stays: copied whole right after it was written by members, it would have to be
/// waited for.
void add_transfer(std::vector<StepTransfer>& transfers, std::int32_t operand, Bytes bytes,
                  std::int64_t address) {
  StepTransfer& transfer = transfers.emplace_back();
  transfer.operand = operand;
  transfer.bytes = bytes;
  transfer.address = address;
}
}  // namespace

const char* path_name(Path path) {
  switch (path) {
    case Path::direct:
      return "direct";
    case Path::staged:
      return "staged";
    case Path::resident:
      return "resident";
  }
  return "";
}

PartProgram::PartProgram(const Chip& chip, const Region& region, std::size_t part, StepView view)
    : region_(region), view_(view) {
  const auto index = static_cast<std::int64_t>(part);
  (region.contraction ? step_.tensor_loads : step_.vector_loads).reserve(region.inputs.size());
  step_.stores.reserve(region.outputs.size());
  if (!region.vector_cores.empty()) {
    vector_core_ = chip.vector_cores()[region.vector_cores[part]].get();
  }
  if (!region.contraction) {
    chunks_ = part_chunks(region.vector_mapping, index);
    shares_.reserve(region.inputs.size() + region.outputs.size() + region.vector.size());
    for (const Operand& input : region.inputs) shares_.add(input.bytes.value());
    for (const Operand& output : region.outputs) shares_.add(output.bytes.value());
    for (const VectorShape& whole : region.vector) {
      shares_.add(shared_total(whole, region.vector_mapping));
    }
    if (!done()) shares_.begin(region.vector_mapping, chunks_.first);
  } else {
    tensor_core_ = chip.tensor_cores()[region.tensor_cores[part]].get();
    const ContractionShape& whole = *region.contraction;
    const Split& split = region.mapping.split;
    const ContractionShape first = part_shape(whole, split, 0);
    part_shape_ = part_shape(whole, split, index);
    cursor_.emplace(part_shape_, region.mapping);
    // Operands are stored part by part; those before this one along an axis are as large as the
    // first. Every part along k leaves sums of its own.
    const Split at = split.place_of(index);
    const auto base = [&](std::int64_t rows, std::int64_t row_begin, std::int64_t columns,
                          std::int64_t part_rows, std::int64_t column_begin) {
      return at.batch * first.batch * rows * columns +
             part_shape_.batch * (row_begin * columns + part_rows * column_begin);
    };
    const std::int64_t m_begin = at.m * first.m;
    const std::int64_t n_begin = at.n * first.n;
    const std::int64_t k_begin = at.k * first.k;
    part_base_[0] = base(whole.m, m_begin, whole.k, part_shape_.m, k_begin);
    part_base_[1] = base(whole.n, n_begin, whole.k, part_shape_.n, k_begin);
    part_base_[2] = at.k * whole.batch * whole.m * whole.n +
                    base(whole.m, m_begin, whole.n, part_shape_.m, n_begin);
    for (std::size_t i = 0; i < 2; ++i) {
      const Operand& input = region.inputs[i];
      const std::int64_t ring_bytes = input.ring_bytes.value() / split.rings(i);
      ring_bytes_[i] = Divisor(std::max<std::int64_t>(ring_bytes, 1));
      ring_address_[i] = input.ring_address + split.ring_of(i, index) * ring_bytes;
      feeds_ring_[i] = split.rank_of(i, index) == 0;
    }
  }
  if (!done()) describe();
}

bool PartProgram::done() const { return cursor_ ? cursor_->done() : chunks_.first == chunks_.last; }

void PartProgram::next() {
  if (cursor_) {
    cursor_->next();
  } else {
    ++chunks_.first;
    if (done()) return;
    if (shares_.next()) {
      advance_chunk();
      return;
    }
  }
  if (!done()) describe();
}

void PartProgram::describe() {
  step_.tensor_loads.clear();
  step_.vector_loads.clear();
  step_.stores.clear();
  step_.staged.clear();
  step_.released[0] = step_.released[1] = Bytes(0);
  step_.macs = 0;
  step_.forwarded = Bytes(0);
  step_.vector_operations = 0;
  if (cursor_) {
    describe_contraction();
  } else {
    describe_chunk();
  }
}

TileTiming PartProgram::vector_timing(const VectorCore& core,
                                      const std::vector<VectorShape>& shapes) const {
  // The operators of a chain follow each other on the same data; only the last one's drain shows.
  TileTiming total;
  for (const VectorShape& shape : shapes) {
    const TileTiming timing = core.timing(shape);
    total.body += timing.setup + timing.body;
    total.tail = timing.tail;
  }
  total.open = total.body;
  return total;
}

TileTiming PartProgram::epilogue_timing(const std::vector<VectorShape>& shapes,
                                        Bytes forwarded) const {
  // Half of the vector core's memory holds what is worked on, half what comes in meanwhile. A block
  // that does not fit one half comes in pieces, of which only the first is waited for.
  TileTiming timing = vector_timing(*vector_core_, shapes);
  const std::int64_t half = std::max<std::int64_t>(vector_core_->private_memory().value() / 2, 1);
  const std::int64_t pieces = ceil_div(forwarded.value(), half);
  const auto transfer = static_cast<std::int64_t>(
      std::ceil(to_double(forwarded) / tensor_core_->drain_width().value()));
  const Cycles first(ceil_div(transfer, pieces));
  const Cycles work = timing.body;
  timing.setup = first;
  timing.body = std::max(work, Cycles(transfer) - first);
  // The next block may come in as soon as the last piece is worked on.
  timing.open = timing.body - Cycles(work.value() / pieces);
  return timing;
}

template <class Visit>
void PartProgram::for_each_ring_piece(std::size_t operand, std::int64_t begin, std::int64_t bytes,
                                      Visit&& visit) const {
  const Divisor& ring = ring_bytes_[operand];
  for (std::int64_t done = 0; done < bytes;) {
    const std::int64_t place = ring.rest(begin + done);
    const std::int64_t piece = std::min(bytes - done, ring.value() - place);
    visit(ring_address_[operand] + place, done, piece);
    done += piece;
  }
}

void PartProgram::describe_contraction() {
  const ContractionStep& s = cursor_->step();
  const ContractionMapping& mapping = region_.mapping;
  for (std::size_t i = 0; i < 2; ++i) describe_input(i, s);
  if (view_ == StepView::staging) return;
  if (!tensor_known_.is_of(s)) {
    tensor_known_ = {s.batch, s.block};
    tensor_timing_ =
        tensor_core_->timing_of(region_.format, mapping.dataflow, s.block, mapping.tile, s.batch);
    output_places_ = tensor_core_->output_places(s.c_elements());
  }
  step_.tensor = tensor_timing_;
  step_.output_places = output_places_;
  step_.macs = s.macs();
  step_.starts_output = s.first_k;
  step_.has_output = s.last_k;
  if (!s.last_k) return;

  if (region_.follow_ups.empty()) {
    describe_block_output(s);
  } else {
    describe_follow_ups(s);
    describe_fused_traffic(s);
  }
  if (vector_core_ != nullptr) describe_epilogue(s);
}

void PartProgram::describe_input(std::size_t i, const ContractionStep& s) {
  const Operand& operand = region_.inputs[i];
  const bool is_staged = operand.path == Path::staged;
  const bool is_fetched = is_staged && (i == 0 ? s.stage_a : s.stage_b);
  if (!is_fetched && view_ == StepView::staging) return;
  const auto index = static_cast<std::int32_t>(i);
  const Ratio& size = operand.bytes_per_element;
  const std::int64_t begin = size.times(part_base_[i] + (i == 0 ? s.a_offset : s.b_offset));
  const std::int64_t block_bytes = size.times(i == 0 ? s.a_elements() : s.b_elements());
  if (is_fetched) {
    for_each_ring_piece(
        i, begin, block_bytes, [&](std::int64_t address, std::int64_t done, std::int64_t bytes) {
          ++step_.blocks_fetched[i];
          if (!feeds_ring_[i]) return;
          step_.staged.push_back({index, Bytes(bytes), operand.address + begin + done, address});
        });
    if (view_ == StepView::staging) return;
  }
  const bool is_loaded = i == 0 ? s.load_a : s.load_b;
  const std::int64_t load_bytes = is_loaded ? size.times(i == 0 ? s.a_loaded : s.b_loaded) : 0;
  if (!is_staged) {
    if (load_bytes > 0) {
      add_transfer(step_.tensor_loads, index, Bytes(load_bytes), operand.address + begin);
    }
    return;
  }
  if (i == 0 ? s.release_a : s.release_b) step_.released[i] = Bytes(block_bytes);
  for_each_ring_piece(i, begin, load_bytes,
                      [&](std::int64_t address, std::int64_t, std::int64_t bytes) {
                        add_transfer(step_.tensor_loads, index, Bytes(bytes), address);
                      });
}

/// What the vector core does with the finished block.
void PartProgram::describe_epilogue(const ContractionStep& s) {
  if (!vector_known_.is_of(s)) {
    vector_known_ = {s.batch, s.block};
    shapes_.clear();
    vector_operations_ = 0;
    for (const VectorShape& whole : region_.vector) {
      VectorShape shape = whole;
      shape.rows = s.batch * s.block.m;
      shape.columns = s.block.n;
      vector_operations_ += shape.operations();
      shapes_.push_back(shape);
    }
    forwarded_ = forwarded_bytes(s);
    step_.vector = epilogue_timing(shapes_, forwarded_);
  }
  step_.forwarded = forwarded_;
  step_.vector_operations = vector_operations_;
}

/// Bytes that pass between tensor and vector core for one block: sums of 4 bytes for each product
/// of the block's own shape and, where products follow on the results, those results on their way
/// back.
Bytes PartProgram::forwarded_bytes(const ContractionStep& s) const {
  if (region_.follow_ups.empty()) return Bytes(s.c_elements() * kSumBytes);
  const auto is_alike = [](const FollowUp& f) {
    return f.rows == ContractionAxis::m && f.columns == ContractionAxis::n;
  };
  const auto products =
      1 + std::count_if(region_.follow_ups.begin(), region_.follow_ups.end(), is_alike);
  return (Bytes(s.c_elements() * kSumBytes) + region_.format.bytes(s.c_elements())) * products;
}

void PartProgram::describe_block_output(const ContractionStep& s) {
  const std::int64_t c_elements = s.c_elements();
  for (std::size_t i = 0; i < region_.outputs.size(); ++i) {
    const Operand& output = region_.outputs[i];
    const Ratio& ratio = output.bytes_per_element;
    add_transfer(step_.stores, static_cast<std::int32_t>(i), Bytes(ratio.times(c_elements)),
                 output.address + ratio.times(part_base_[2] + s.c_offset));
  }
  if (vector_core_ == nullptr) return;
  // What is fused behind works on the block just finished; its other operands are broadcast along
  // m.
  const std::int64_t n = region_.contraction->n;
  for (std::size_t i = 2; i < region_.inputs.size(); ++i) {
    const Operand& input = region_.inputs[i];
    const Ratio share = Ratio::of(s.block.n, n);
    add_transfer(step_.vector_loads, static_cast<std::int32_t>(i),
                 Bytes(share.times(input.bytes.value())), input.address);
  }
}

void PartProgram::describe_follow_ups(const ContractionStep& s) {
  // The array runs the follow-ups of a block when the vector core has worked on it, in its next
  // turn. Told off to the block's own step they make the same sum, because the last turn has them
  // alone.
  TilePipeline turn;
  TilePipeline::Span span = turn.append(step_.tensor, Cycles(0));
  const Cycles setup = step_.tensor.setup;
  for (std::size_t i = 0; i < region_.follow_ups.size(); ++i) {
    const TileShape shape = follow_up_shape(region_.follow_ups[i], s.block);
    span = turn.append(tensor_core_->timing_of(region_.format, region_.mapping.dataflow, shape,
                                               region_.mapping.follow_up_tiles[i], s.batch),
                       Cycles(0));
    step_.macs += s.macs();
  }
  step_.tensor = {setup, turn.open - setup, turn.end - setup, span.done - turn.end};
}

void PartProgram::describe_fused_traffic(const ContractionStep& s) {
  // Rows (along m) and columns (along n) stay on chip while consecutive steps share them.
  ContractionCursor next = *cursor_;
  next.next();
  const bool ends_rows = next.done() || next.step().a_offset != s.a_offset;
  const bool ends_columns = next.done() || next.step().b_offset != s.b_offset;
  const bool begins_rows = s.a_offset != last_a_offset_;
  last_a_offset_ = s.a_offset;

  const ContractionShape& whole = *region_.contraction;
  const Ratio rows = Ratio::of(s.batch * s.block.m, whole.batch * whole.m);
  const Ratio columns = Ratio::of(s.batch * s.block.n, whole.batch * whole.n);
  const std::int64_t first_row = part_base_[0] / whole.k + s.a_offset / whole.k;
  for (std::size_t i = 2; i < region_.inputs.size() && begins_rows; ++i) {
    const Operand& input = region_.inputs[i];
    const Ratio share = Ratio::of(input.bytes.value(), whole.batch * whole.m);
    step_.vector_loads.push_back({static_cast<std::int32_t>(i),
                                  Bytes(rows.times(input.bytes.value())),
                                  input.address + share.times(first_row)});
  }
  const bool has_columns =
      std::any_of(region_.follow_ups.begin(), region_.follow_ups.end(),
                  [](const FollowUp& f) { return f.rows == ContractionAxis::n; });
  // Bytes of sums per byte of results, over a whole block of a format that shares scales.
  const std::int64_t piece = std::max(1, region_.format.block_size);
  const Ratio sums = Ratio::of(kSumBytes * piece, region_.format.bytes(piece).value());
  for (std::size_t i = 0; i < region_.outputs.size(); ++i) {
    const Operand& output = region_.outputs[i];
    const bool is_column = has_columns && i + 1 == region_.outputs.size();
    if (!(is_column ? ends_columns : ends_rows)) continue;
    const bool is_finished = is_column ? s.last_m : s.last_n;
    const std::int64_t bytes = (is_column ? columns : rows).times(output.bytes.value());
    // Sums that are not finished go out in fp32 and come back for the next block, which is booked
    // with their going.
    step_.stores.push_back({static_cast<std::int32_t>(i),
                            Bytes(is_finished ? bytes : 2 * sums.times(bytes)), output.address});
  }
}

void PartProgram::advance_chunk() {
  const std::int64_t chunks = region_.vector_mapping.chunks;
  for (StepTransfer& load : step_.vector_loads) {
    load.address += region_.inputs[load.operand].bytes.value() / chunks;
  }
  for (StepTransfer& store : step_.stores) {
    store.address += region_.outputs[store.operand].bytes.value() / chunks;
  }
}

void PartProgram::describe_chunk() {
  const VectorMapping& mapping = region_.vector_mapping;
  const std::int64_t chunk = chunks_.first;
  step_.tensor = TileTiming{};
  step_.has_output = true;
  std::size_t next_share = 0;
  const auto describe_all = [&](const std::vector<Operand>& operands, std::int64_t times,
                                std::vector<StepTransfer>& transfers) {
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const Bytes bytes(shares_.share(next_share++) * times);
      if (bytes == Bytes(0)) continue;
      // Close enough to tell addresses apart.
      const std::int64_t begin = operands[i].bytes.value() / mapping.chunks * chunk;
      add_transfer(transfers, static_cast<std::int32_t>(i), bytes, operands[i].address + begin);
    }
  };
  describe_all(region_.inputs, mapping.input_passes, step_.vector_loads);
  describe_all(region_.outputs, 1, step_.stores);
  shapes_.clear();
  for (const VectorShape& whole : region_.vector) {
    shapes_.push_back(whole);
    cut_to_share(shapes_.back(), mapping, shares_.share(next_share++));
    step_.vector_operations += shapes_.back().operations();
  }
  step_.vector = vector_timing(*vector_core_, shapes_);
  std::int64_t stored = 1;
  for (const StepTransfer& store : step_.stores) stored += store.bytes.value();
  step_.output_places =
      std::max<std::int64_t>(2, vector_core_->private_memory().value() / 2 / stored);
}

}  // namespace simdse
