#pragma once

#include <map>
#include <vector>

#include "base/time.h"
#include "plans/expressions.h"

namespace wave::plans {

/// Remembers which expressions hit limits, so that they disturb the others ever less: they come last, one
/// per batch, after 1 s, 2 s, 4 s, ... 60 s.
class Quarantine {
 public:
  void hit(ExpressionId id, Evaluation last, MonoTime now);
  void behaved(ExpressionId id);

  struct Order {
    std::vector<ExpressionId> run;      ///< each once; the trusted first
    std::size_t trusted = 0;            ///< have ended in time before
    std::vector<ExpressionId> not_now;  ///< answer their last error
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
};

}  // namespace wave::plans
