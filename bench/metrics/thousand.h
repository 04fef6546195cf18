#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "unit/metrics/subjects.h"

namespace wave::bench {

/// A server that metrics ask: one system, quick or slow.
struct Endpoint {
  test::Subject subject;
  bool is_slow = false;
  std::string base;  ///< `http://127.0.0.1:4711`
};

/// A quick one of every kind that is asked over HTTP, and ten slow ones; `base` is still empty. CloudWatch is
/// not among them: its metrics go 500 to a request.
std::vector<Endpoint> endpoints();

/// A thousand metrics at 1 s, half of them at slow endpoints, each with a component and a plan. Requests say
/// which metric they are for in `X-Metric`, where the kind takes headers: no two are alike.
std::string thousand_metrics(const std::vector<Endpoint>& endpoints, std::string_view component_kind);

}  // namespace wave::bench
