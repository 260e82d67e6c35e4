#include "sim/recording/trace.h"

#include <fmt/core.h>

#include <algorithm>
#include <protozero/pbf_writer.hpp>

namespace simdse {
namespace {

// Field numbers of Perfetto's public protocol (protos/perfetto/trace).
namespace field {
constexpr protozero::pbf_tag_type trace_packet = 1;
constexpr protozero::pbf_tag_type packet_timestamp = 8;
constexpr protozero::pbf_tag_type packet_sequence = 10;
constexpr protozero::pbf_tag_type packet_track_event = 11;
constexpr protozero::pbf_tag_type packet_track_descriptor = 60;
constexpr protozero::pbf_tag_type descriptor_uuid = 1;
constexpr protozero::pbf_tag_type descriptor_name = 2;
constexpr protozero::pbf_tag_type descriptor_parent = 5;
constexpr protozero::pbf_tag_type descriptor_counter = 8;
constexpr protozero::pbf_tag_type counter_unit_name = 6;
constexpr protozero::pbf_tag_type event_double_value = 44;
constexpr protozero::pbf_tag_type event_type = 9;
constexpr protozero::pbf_tag_type event_track = 11;
constexpr protozero::pbf_tag_type event_name = 23;
}  // namespace field

constexpr std::int32_t kSliceBegin = 1;
constexpr std::int32_t kSliceEnd = 2;
constexpr std::int32_t kCounter = 4;
constexpr std::uint32_t kSequence = 1;

std::uint64_t nanoseconds(Picoseconds time) { return static_cast<std::uint64_t>(time / 1000); }

}  // namespace

std::uint64_t TraceWriter::group_uuid(const std::string& group) {
  for (const auto& [name, uuid] : groups_) {
    if (name == group) return uuid;
  }
  const std::uint64_t uuid = ++last_uuid_;
  groups_.emplace_back(group, uuid);
  protozero::pbf_writer trace(data_);
  protozero::pbf_writer packet(trace, field::trace_packet);
  protozero::pbf_writer descriptor(packet, field::packet_track_descriptor);
  descriptor.add_uint64(field::descriptor_uuid, uuid);
  descriptor.add_string(field::descriptor_name, group);
  return uuid;
}

std::uint64_t TraceWriter::add_track(const std::string& group, const std::string& name) {
  const std::uint64_t parent = group_uuid(group);
  const std::uint64_t uuid = ++last_uuid_;
  protozero::pbf_writer trace(data_);
  protozero::pbf_writer packet(trace, field::trace_packet);
  protozero::pbf_writer descriptor(packet, field::packet_track_descriptor);
  descriptor.add_uint64(field::descriptor_uuid, uuid);
  descriptor.add_string(field::descriptor_name, name);
  descriptor.add_uint64(field::descriptor_parent, parent);
  return uuid;
}

std::uint64_t TraceWriter::add_counter(const std::string& group, const std::string& name,
                                       const std::string& unit) {
  const std::uint64_t parent = group_uuid(group);
  const std::uint64_t uuid = ++last_uuid_;
  protozero::pbf_writer trace(data_);
  protozero::pbf_writer packet(trace, field::trace_packet);
  protozero::pbf_writer descriptor(packet, field::packet_track_descriptor);
  descriptor.add_uint64(field::descriptor_uuid, uuid);
  descriptor.add_string(field::descriptor_name, name);
  descriptor.add_uint64(field::descriptor_parent, parent);
  protozero::pbf_writer counter(descriptor, field::descriptor_counter);
  counter.add_string(field::counter_unit_name, unit);
  return uuid;
}

void TraceWriter::add_value(std::uint64_t counter, Picoseconds time, double value) {
  protozero::pbf_writer trace(data_);
  protozero::pbf_writer packet(trace, field::trace_packet);
  packet.add_uint64(field::packet_timestamp, nanoseconds(time));
  packet.add_uint32(field::packet_sequence, kSequence);
  protozero::pbf_writer event(packet, field::packet_track_event);
  event.add_enum(field::event_type, kCounter);
  event.add_uint64(field::event_track, counter);
  event.add_double(field::event_double_value, value);
}

void TraceWriter::add_slice(std::uint64_t track, const std::string& name, Picoseconds start,
                            Picoseconds finish) {
  protozero::pbf_writer trace(data_);
  const auto write = [&](std::uint64_t time, std::int32_t type) {
    protozero::pbf_writer packet(trace, field::trace_packet);
    packet.add_uint64(field::packet_timestamp, time);
    packet.add_uint32(field::packet_sequence, kSequence);
    protozero::pbf_writer event(packet, field::packet_track_event);
    event.add_enum(field::event_type, type);
    event.add_uint64(field::event_track, track);
    if (type == kSliceBegin) event.add_string(field::event_name, name);
  };
  write(nanoseconds(start), kSliceBegin);
  write(nanoseconds(finish), kSliceEnd);
}

OccupancyTrace::OccupancyTrace(TraceWriter& writer, const std::string& group,
                               const std::vector<std::string>& names,
                               std::vector<std::size_t> track_of_resource)
    : writer_(writer), track_of_resource_(std::move(track_of_resource)) {
  for (const std::string& name : names) tracks_.push_back({writer.add_track(group, name)});
}

void OccupancyTrace::busy(std::int64_t resource, Picoseconds start, Picoseconds finish,
                          std::int64_t bytes) {
  Track& track = tracks_[track_of_resource_[static_cast<std::size_t>(resource)]];
  if (track.is_open && start <= track.finish + writer_.resolution(start)) {
    track.finish = std::max(track.finish, finish);
    track.bytes += bytes;
    return;
  }
  close(track);
  track.start = start;
  track.finish = finish;
  track.bytes = bytes;
  track.is_open = true;
}

void OccupancyTrace::close(Track& track) {
  if (!track.is_open) return;
  const double seconds = static_cast<double>(track.finish - track.start) * 1e-12;
  const std::string name =
      track.bytes == 0
          ? "busy"
          : fmt::format("{:.4g} GB/s", static_cast<double>(track.bytes) / seconds / 1e9);
  writer_.add_slice(track.id, name, track.start, track.finish);
  track.is_open = false;
}

void OccupancyTrace::flush() {
  for (Track& track : tracks_) close(track);
}

}  // namespace simdse
