#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/runtime.h"

namespace wave::net {

/// What a call answers that had rather be asked for fewer names, in the end for each alone.
inline std::unexpected<Error> ask_for_fewer() {
  return fail(ErrorCode::invalid_argument, "many names together cost more than each alone");
}

/// What it means that a call for several names is forbidden.
enum class Forbidden {
  each,  ///< one of them is: permissions are given for single things
  all,   ///< the call is, whatever it asks for
};

/// One Describe for many: names that are asked for within a twentieth of a second travel in one call, at most
/// `most` of them. Keep one in `Shared` for everything that one call can answer together.
///
/// Where the other side refuses the whole call, halves find the name that it refuses, which fails alone.
/// Names that were forbidden travel apart from the others for some minutes, and are not looked for again. For
/// the loop's thread.
template <class Answer>
class Batch : public std::enable_shared_from_this<Batch<Answer>> {
 public:
  using Answers = std::map<std::string, Answer>;
  /// Answers what is there of the names; the others are not there.
  using Call = std::function<Task<Result<Answers>>(std::vector<std::string> names)>;
  static constexpr Duration gather = 50ms;
  static constexpr Duration forbidden_lasts = 5min;

  Batch(Runtime& runtime, std::size_t most, Call call, Forbidden forbidden = Forbidden::each)
      : runtime_(runtime), most_(most), call_(std::move(call)), forbidden_(forbidden) {}

  /// nullopt: the answer does not have that name.
  Task<Result<std::optional<Answer>>> ask(std::string name) {
    const auto self = this->shared_from_this();
    Asked asked{.name = std::move(name), .done = {}};
    const auto done = asked.done;
    gathering_.push_back(std::move(asked));
    if (gathering_.size() == 1) runtime_.after(gather, [self] { self->send(); });
    auto result = co_await done;
    co_return result;
  }

 private:
  struct Asked {
    std::string name;
    OneShot<Result<std::optional<Answer>>> done;
  };
  using Group = std::vector<Asked>;

  void send() {
    std::erase_if(refused_, [&](const auto& one) { return runtime_.mono() - one.second > forbidden_lasts; });
    Group waiting = std::exchange(gathering_, {});
    std::ranges::stable_sort(waiting, {}, &Asked::name);
    const auto apart = std::ranges::stable_partition(
        waiting, [&](const Asked& asked) { return !refused_.contains(asked.name); });
    send(Group(waiting.begin(), apart.begin()));
    send(Group(apart.begin(), apart.end()));
  }

  void send(Group waiting) {
    Group group;
    std::size_t names = 0;
    for (auto& asked : waiting) {
      const bool is_new = group.empty() || group.back().name != asked.name;
      if (is_new && names == most_) {
        spawn(answer(std::exchange(group, {})));
        names = 0;
      }
      if (is_new) ++names;
      group.push_back(std::move(asked));
    }
    if (!group.empty()) spawn(answer(std::move(group)));
  }

  /// Whether halves would tell more than the refusal does.
  bool is_worth_halving(const Error& error, const Group& group) const {
    if (error.retryable) return false;
    if (error.code != ErrorCode::forbidden) return true;
    return forbidden_ == Forbidden::each &&
           !std::ranges::all_of(group, [&](const Asked& asked) { return refused_.contains(asked.name); });
  }

  Task<void> answer(Group group) {
    const auto self = this->shared_from_this();
    std::vector<std::string> names;
    for (const auto& asked : group)
      if (names.empty() || names.back() != asked.name) names.push_back(asked.name);
    const bool several = names.size() > 1;
    auto answers = co_await call_(std::move(names));
    if (!answers && several && is_worth_halving(answers.error(), group)) {
      const auto middle = std::ranges::find_if(
          group, [&](const Asked& asked) { return asked.name == group[group.size() / 2].name; });
      // Equal names stay together.
      const auto cut = middle == group.begin()
                           ? std::ranges::find_if(
                                 group, [&](const Asked& asked) { return asked.name != group.front().name; })
                           : middle;
      spawn(answer(Group(group.begin(), cut)));
      spawn(answer(Group(cut, group.end())));
      co_return;
    }
    const bool is_forbidden = !answers && answers.error().code == ErrorCode::forbidden;
    for (const auto& asked : group) {
      if (!is_forbidden) {
        refused_.erase(asked.name);
      } else if (!several && forbidden_ == Forbidden::each) {
        refused_[asked.name] = runtime_.mono();
      }
      if (!answers) {
        asked.done.set(std::unexpected(answers.error()));
        continue;
      }
      const auto found = answers->find(asked.name);
      asked.done.set(found == answers->end() ? std::optional<Answer>()
                                             : std::optional<Answer>(found->second));
    }
  }

  Runtime& runtime_;
  std::size_t most_;
  Call call_;
  Forbidden forbidden_;
  Group gathering_;
  std::map<std::string, MonoTime> refused_;  ///< names that were forbidden alone, and when
};

}  // namespace wave::net
