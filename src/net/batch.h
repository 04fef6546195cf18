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

/// One Describe for many: names that are asked for within a twentieth of a second travel in one call, at most
/// `most` of them. Keep one in `Shared` for everything that one call can answer together.
///
/// Where the other side refuses the whole call, halves find the name that it refuses, which fails alone. For
/// the loop's thread.
template <class Answer>
class Batch : public std::enable_shared_from_this<Batch<Answer>> {
 public:
  using Answers = std::map<std::string, Answer>;
  /// Answers what is there of the names; the others are not there.
  using Call = std::function<Task<Result<Answers>>(std::vector<std::string> names)>;
  static constexpr Duration gather = 50ms;

  Batch(Runtime& runtime, std::size_t most, Call call)
      : runtime_(runtime), most_(most), call_(std::move(call)) {}

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
    Group waiting = std::exchange(gathering_, {});
    std::ranges::stable_sort(waiting, {}, &Asked::name);
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
    spawn(answer(std::move(group)));
  }

  Task<void> answer(Group group) {
    const auto self = this->shared_from_this();
    std::vector<std::string> names;
    for (const auto& asked : group)
      if (names.empty() || names.back() != asked.name) names.push_back(asked.name);
    const bool several = names.size() > 1;
    auto answers = co_await call_(std::move(names));
    if (!answers && several && !answers.error().retryable) {
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
    for (const auto& asked : group) {
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
  Group gathering_;
};

}  // namespace wave::net
