#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <typeindex>
#include <utility>
#include <vector>

namespace wave::net {

/// What several connectors use together, by type and key: one Kafka client for each cluster, one batch of
/// CloudWatch queries for each account and region. A thing lives as long as any connector holds it. For the
/// loop's thread.
class Shared {
 public:
  /// The thing that is there, or the one that `make` gives (a std::shared_ptr<T>, which may be null: then
  /// nothing is kept).
  template <class T, class Make>
  std::shared_ptr<T> get(const std::string& key, Make make) {
    auto& place = kept_[{std::type_index(typeid(T)), key}];
    if (auto there = std::static_pointer_cast<T>(place.lock())) return there;
    std::shared_ptr<T> made = make();
    place = made;
    std::erase_if(kept_, [](const auto& one) { return one.second.expired(); });
    return made;
  }

  /// Called when the services end, before the loop does: threads that would post to it stop doing so.
  void at_end(std::function<void()> callback) { at_end_.push_back(std::move(callback)); }

  Shared() = default;
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() {
    for (const auto& callback : at_end_) callback();
  }

 private:
  std::vector<std::function<void()>> at_end_;
  std::map<std::pair<std::type_index, std::string>, std::weak_ptr<void>> kept_;
};

}  // namespace wave::net
