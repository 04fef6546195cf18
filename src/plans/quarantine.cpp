#include "plans/quarantine.h"

#include <algorithm>

#include "base/backoff.h"

namespace wave::plans {

void Quarantine::hit(ExpressionId id, Evaluation last, MonoTime now) {
  trying_.erase(id);
  Struck& it = struck_[id];
  it.until = now + doubled(1s, it.strikes, 60s);
  ++it.strikes;
  it.last = std::move(last);
}

void Quarantine::behaved(ExpressionId id) {
  trying_.erase(id);
  if (proven_.size() <= id) proven_.resize(id + 1);
  proven_[id] = true;
  struck_.erase(id);
}

Quarantine::Order Quarantine::order(const std::vector<ExpressionId>& wanted, MonoTime now) const {
  Order out;
  std::vector<ExpressionId> unproven;
  std::vector<ExpressionId> unique = wanted;
  std::ranges::sort(unique);
  unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
  for (const ExpressionId id : unique) {
    const auto it = struck_.find(id);
    if (trying_.contains(id)) {
      (it == struck_.end() ? out.unknown : out.not_now).push_back(id);
    } else if (it == struck_.end()) {
      (id < proven_.size() && proven_[id] ? out.run : unproven).push_back(id);
    } else if (now < it->second.until || (out.retry && it->second.until >= struck_.at(*out.retry).until)) {
      out.not_now.push_back(id);
    } else {
      if (out.retry) out.not_now.push_back(*out.retry);
      out.retry = id;
    }
  }
  out.trusted = out.run.size();
  out.run.insert(out.run.end(), unproven.begin(), unproven.end());
  return out;
}

}  // namespace wave::plans
