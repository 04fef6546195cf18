#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/time.h"
#include "plans/expressions.h"

namespace wave::plans {

/// Remembers which expressions hit limits, so that they disturb the others ever less: they come last, one
/// per batch, after 1 s, 2 s, 4 s, ... 60 s. What is tried apart from batches is in none until it was judged.
class Quarantine {
 public:
  void hit(ExpressionId id, Evaluation last, MonoTime now);
  void behaved(ExpressionId id);
  /// It is tried apart from now on, until `hit`, `behaved` or `gave_up`.
  void tries(ExpressionId id) { trying_.insert(id); }
  void gave_up(ExpressionId id) { trying_.erase(id); }

  struct Order {
    std::vector<ExpressionId> run;      ///< each once; the trusted first
    std::size_t trusted = 0;            ///< have ended in time before
    std::optional<ExpressionId> retry;  ///< has hit a limit and may have another go
    std::vector<ExpressionId> not_now;  ///< answer their last error
    std::vector<ExpressionId> unknown;  ///< are tried for the first time, apart
  };
  Order order(const std::vector<ExpressionId>& wanted, MonoTime now) const;
  const Evaluation& last(ExpressionId id) const { return struck_.at(id).last; }

 private:
  struct Struck {
    int strikes = 0;
    MonoTime until{};
    Evaluation last;
  };
  std::vector<bool> proven_;  ///< by ExpressionId
  std::map<ExpressionId, Struck> struck_;
  std::set<ExpressionId> trying_;
};

}  // namespace wave::plans
