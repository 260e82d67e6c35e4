// A storage without contention between streams, to find out what contention costs.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "models/core/storage_core.h"

namespace simdse {

/// Gives every stream a storage of its own: its own banks, channels and queues. A stream still
/// waits for itself. Answers at once or later, as the storages do.
class PrivateStorage : public StorageCore, public DeferredStorage, private Timed, TimeService {
 public:
  using Factory = std::function<std::unique_ptr<StorageCore>()>;

  explicit PrivateStorage(Factory factory) : factory_(std::move(factory)), next_(factory_()) {}

  StorageSpan serve(Picoseconds now, const StorageRequest& request) override {
    return storage_of(request.stream).serve(now, request);
  }
  DeferredStorage* deferred() override { return next_->deferred() == nullptr ? nullptr : this; }
  std::size_t queue_depth() const override { return ~std::size_t{0}; }

  void attach(TimeService& time, const std::string& name, StorageClient& client) override;
  void submit(Picoseconds now, const StorageRequest& request, std::uint64_t tag) override {
    storage_of(request.stream).deferred()->submit(now, request, tag);
  }

 private:
  StorageCore& storage_of(std::uint32_t stream);

  // Time as the streams' storages have it. They come into being during the run, when nothing can
  // join any more; as they don't know of each other, all of them may have this block's place.
  Picoseconds time_between() const override { return time_->now(); }
  void call_at(Picoseconds time, Stage stage, Timed& target, std::uint64_t token) override {
    time_->call_at(time, stage, target, token);
  }
  void join(Timed& block, const std::string&) override { block.rank = rank; }
  void on_time(std::uint64_t) override {}  // calls go to the streams' storages

  Factory factory_;
  std::unique_ptr<StorageCore> next_;  ///< for the next new stream
  std::map<std::uint32_t, std::unique_ptr<StorageCore>> streams_;
  TimeService* time_ = nullptr;
  std::string name_;
  StorageClient* client_ = nullptr;
};

}  // namespace simdse
