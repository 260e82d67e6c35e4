#include "search/plan/contraction_program.h"

#include <algorithm>

namespace simdse {

Split Split::place_of(std::int64_t part) const {
  return {part / (m * n * k), part / (n * k) % m, part / k % n, part % k};
}

std::int64_t Split::ring_of(std::size_t operand, std::int64_t part) const {
  const Split at = place_of(part);
  return operand == 0 ? (at.batch * m + at.m) * k + at.k : (at.batch * n + at.n) * k + at.k;
}

std::int64_t Split::rank_of(std::size_t operand, std::int64_t part) const {
  const Split at = place_of(part);
  return operand == 0 ? at.n : at.m;
}

std::string split_text(const Split& split) {
  std::string axes;
  std::string parts;
  const auto add = [&](const char* axis, std::int64_t count) {
    if (count == 1) return;
    axes += (axes.empty() ? "" : " x ") + std::string(axis);
    parts += (parts.empty() ? "" : " x ") + std::to_string(count);
  };
  add("batch", split.batch);
  add("m", split.m);
  add("n", split.n);
  add("k", split.k);
  return axes.empty() ? "one core" : axes + " split over " + parts + " cores";
}

ContractionShape part_shape(const ContractionShape& whole, const Split& split, std::int64_t part) {
  const bool is_last = part == split.parts() - 1;
  const Split last{split.batch - 1, split.m - 1, split.n - 1, split.k - 1};
  const Split at = part == 0 ? Split{0, 0, 0, 0} : is_last ? last : split.place_of(part);
  const auto cut = [](std::int64_t size, std::int64_t parts, std::int64_t place) {
    if (parts == 1) return size;
    const std::int64_t share = ceil_div(size, parts);
    return std::clamp<std::int64_t>(size - place * share, 0, share);
  };
  ContractionShape shape = whole;
  shape.batch = cut(whole.batch, split.batch, at.batch);
  shape.m = cut(whole.m, split.m, at.m);
  shape.n = cut(whole.n, split.n, at.n);
  shape.k = cut(whole.k, split.k, at.k);
  return shape;
}

bool allows_follow_ups(const Split& split, const std::vector<FollowUp>& follow_ups) {
  if (follow_ups.empty()) return true;
  const bool sums_over_m = std::any_of(follow_ups.begin(), follow_ups.end(), [](const FollowUp& f) {
    return f.sum == ContractionAxis::m;
  });
  return split.n == 1 && split.k == 1 && (split.m == 1 || !sums_over_m);
}

bool fills_all_parts(const ContractionShape& whole, const Split& split) {
  return part_shape(whole, split, split.parts() - 1).macs() > 0;
}

bool sharers_agree(const ContractionShape& whole, const ContractionMapping& mapping) {
  const Split& split = mapping.split;
  const ContractionShape first = part_shape(whole, split, 0);
  const ContractionShape last = part_shape(whole, split, split.parts() - 1);
  const bool holds_a = mapping.n_is_outer ? mapping.hold_inner : mapping.hold_outer;
  const bool holds_b = mapping.n_is_outer ? mapping.hold_outer : mapping.hold_inner;
  const bool a_agrees = !split.is_shared(0) || holds_a ||
                        ceil_div(first.n, mapping.panel_n) == ceil_div(last.n, mapping.panel_n);
  const bool b_agrees = !split.is_shared(1) || holds_b ||
                        ceil_div(first.m, mapping.panel_m) == ceil_div(last.m, mapping.panel_m);
  return a_agrees && b_agrees;
}

TileShape follow_up_shape(const FollowUp& follow_up, const TileShape& block) {
  const auto size = [&](ContractionAxis axis) {
    return axis == ContractionAxis::m ? block.m : axis == ContractionAxis::n ? block.n : block.k;
  };
  return {size(follow_up.rows), size(follow_up.columns), size(follow_up.sum)};
}

ContractionCursor::ContractionCursor(const ContractionShape& part,
                                     const ContractionMapping& mapping)
    : part_(part), mapping_(mapping) {
  done_ = part.macs() == 0;
  if (done_) return;
  batch_ = Loop(part.batch, mapping.batch_block);
  const Loop m(part.m, mapping.panel_m);
  const Loop n(part.n, mapping.panel_n);
  outer_panel_ = mapping.n_is_outer ? n : m;
  inner_panel_ = mapping.n_is_outer ? m : n;
  k_ = Loop(part.k, mapping.block.k);
  enter_panels();
  describe();
}

void ContractionCursor::enter_panels() {
  const std::int64_t outer_piece = mapping_.n_is_outer ? mapping_.block.n : mapping_.block.m;
  const std::int64_t inner_piece = mapping_.n_is_outer ? mapping_.block.m : mapping_.block.n;
  outer_block_ = Loop(outer_panel_.extent(), outer_piece);
  inner_block_ = Loop(inner_panel_.extent(), inner_piece);
}

std::int64_t ContractionCursor::step_count() const {
  if (done_) return 0;
  const auto blocks = [](const Loop& panel, std::int64_t piece) {
    const std::int64_t whole = panel.size / panel.piece;
    return whole * ceil_div(panel.piece, piece) + ceil_div(panel.size % panel.piece, piece);
  };
  return batch_.count() * blocks(outer_panel_, outer_block_.piece) *
         blocks(inner_panel_, inner_block_.piece) * k_.count();
}

void ContractionCursor::next() {
  const bool single_k = k_.count() == 1;
  a_changed_ = b_changed_ = true;
  const auto advance = [](Loop& loop) {
    if (++loop.at < loop.count()) return true;
    loop.at = 0;
    return false;
  };
  if (advance(k_)) {
    describe();
    return;
  }
  // Within one pair of panels, the outer axis' operand stays the same while the inner one moves.
  const bool inner_moves = advance(inner_block_);
  if (inner_moves) {
    (mapping_.n_is_outer ? b_changed_ : a_changed_) = !single_k;
    describe();
    return;
  }
  if (advance(outer_block_)) {
    const bool inner_stays = inner_block_.count() == 1 && single_k;
    (mapping_.n_is_outer ? a_changed_ : b_changed_) = !inner_stays;
    describe();
    return;
  }
  if (!advance(inner_panel_) && !advance(outer_panel_) && !advance(batch_)) {
    done_ = true;
    return;
  }
  enter_panels();
  describe();
}

void ContractionCursor::describe() {
  ContractionStep& s = step_;  // all of it is told anew
  const TileShape block_before = s.block;
  const Loop& m = mapping_.n_is_outer ? inner_block_ : outer_block_;
  const Loop& n = mapping_.n_is_outer ? outer_block_ : inner_block_;
  s.batch = batch_.extent();
  s.block = {m.extent(), n.extent(), k_.extent()};
  s.first_k = k_.is_first();
  s.last_k = k_.is_last();

  // The outer axis' operand is used by every inner block and, if it is held, by every inner panel;
  // the inner axis' one by every outer block of its panel and, if it is held, by every outer panel.
  const bool outer_first =
      inner_block_.is_first() && (!mapping_.hold_outer || inner_panel_.is_first());
  const bool outer_last =
      inner_block_.is_last() && (!mapping_.hold_outer || inner_panel_.is_last());
  const bool inner_first =
      outer_block_.is_first() && (!mapping_.hold_inner || outer_panel_.is_first());
  const bool inner_last =
      outer_block_.is_last() && (!mapping_.hold_inner || outer_panel_.is_last());
  s.stage_a = mapping_.n_is_outer ? inner_first : outer_first;
  s.release_a = mapping_.n_is_outer ? inner_last : outer_last;
  s.stage_b = mapping_.n_is_outer ? outer_first : inner_first;
  s.release_b = mapping_.n_is_outer ? outer_last : inner_last;

  // Tiles of the block run in the order m, n, k; an operand's tile stays while its indices do.
  if (tiles_m_ == 0 || !(s.block == block_before)) {
    tiles_m_ = ceil_div(s.block.m, mapping_.tile.m);
    tiles_n_ = ceil_div(s.block.n, mapping_.tile.n);
    tiles_k_ = ceil_div(s.block.k, mapping_.tile.k);
  }
  s.a_loaded = s.a_elements() * (tiles_k_ == 1 ? 1 : tiles_n_);
  s.b_loaded = s.b_elements() * (tiles_k_ == 1 && tiles_n_ == 1 ? 1 : tiles_m_);
  // A block stays in the private memory between steps only if it is a single tile.
  s.load_a = a_changed_ || tiles_m_ * tiles_k_ * s.batch > 1;
  s.load_b = b_changed_ || tiles_n_ * tiles_k_ * s.batch > 1;
  if (!s.load_a) s.a_loaded = 0;
  if (!s.load_b) s.b_loaded = 0;

  const std::int64_t outer_begin = outer_panel_.begin() + outer_block_.begin();
  const std::int64_t inner_begin = inner_panel_.begin() + inner_block_.begin();
  const std::int64_t m_begin = mapping_.n_is_outer ? inner_begin : outer_begin;
  const std::int64_t n_begin = mapping_.n_is_outer ? outer_begin : inner_begin;
  const auto offset = [&](std::int64_t row, std::int64_t row_size, std::int64_t rows,
                          std::int64_t column, std::int64_t block_rows) {
    return batch_.begin() * rows * row_size + s.batch * (row * row_size + column * block_rows);
  };
  s.first_m = m_begin == 0;
  s.first_n = n_begin == 0;
  s.last_m = m_begin + s.block.m == part_.m;
  s.last_n = n_begin + s.block.n == part_.n;
  s.a_offset = offset(m_begin, part_.k, part_.m, k_.begin(), s.block.m);
  s.b_offset = offset(n_begin, part_.k, part_.n, k_.begin(), s.block.n);
  s.c_offset = offset(m_begin, part_.n, part_.m, n_begin, s.block.m);
}

}  // namespace simdse
