#include "plans/quarantine.h"

#include <algorithm>

#include "base/backoff.h"

namespace wave::plans {

Quarantine::State& Quarantine::state(ExpressionId id) {
  if (states_.size() <= id) states_.resize(id + 1);
  return states_[id];
}

void Quarantine::hit(ExpressionId id, Evaluation last, MonoTime now) {
  State& it = state(id);
  it.until = now + doubled(1s, it.strikes, 60s);
  ++it.strikes;
  it.last = std::move(last);
}

void Quarantine::behaved(ExpressionId id) {
  State& it = state(id);
  it.proven = true;
  if (it.strikes > 0) it = {.proven = true};
}

Quarantine::Order Quarantine::order(const std::vector<ExpressionId>& wanted, MonoTime now) const {
  Order out;
  std::vector<ExpressionId> unproven;
  std::optional<ExpressionId> retry;
  std::vector<ExpressionId> unique = wanted;
  std::ranges::sort(unique);
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  for (const ExpressionId id : unique) {
    const State* it = id < states_.size() ? &states_[id] : nullptr;
    if (it == nullptr || (it->strikes == 0 && !it->proven)) {
      unproven.push_back(id);
    } else if (it->strikes == 0) {
      out.run.push_back(id);
    } else if (now < it->until || (retry && it->until >= states_[*retry].until)) {
      out.not_now.push_back(id);
    } else {
      if (retry) out.not_now.push_back(*retry);
      retry = id;
    }
  }
  out.trusted = out.run.size();
  out.run.insert(out.run.end(), unproven.begin(), unproven.end());
  if (retry) out.run.push_back(*retry);
  return out;
}

}  // namespace wave::plans
