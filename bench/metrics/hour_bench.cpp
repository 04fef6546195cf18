// An hour of a thousand metrics over all HTTP kinds, half of them at endpoints that take 2 s to answer, with
// the production engine on the tests' clock and network: prints what is resident after 5 and after 60
// minutes.
#include <fstream>
#include <iostream>

#include <unistd.h>

#include "metrics/metric.h"
#include "plans/expressions_child.h"
#include "scenarios/world.h"
#include "thousand.h"

namespace wave::bench {
namespace {

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

int run() {
  auto all = endpoints();
  for (std::size_t i = 0; i < all.size(); ++i) all[i].base = "http://e" + std::to_string(i);
  test::SimulatedWorld world(*parse_time("2026-01-01T00:00:00Z"), thousand_metrics(all, "simulated"));
  std::set<const metrics::Kind*> kinds;
  for (const auto& one : all) kinds.insert(&one.subject.kind);
  world.metric_kinds.assign(kinds.begin(), kinds.end());
  std::size_t answered = 0;
  for (const auto& one : all) {
    const auto is_asked = [&one](const net::HttpRequest& request) {
      return request.url == one.base || request.url.starts_with(one.base + "/");
    };
    world.http()
        .on(is_asked)
        .reply_with([&one, &answered](const net::HttpRequest&) -> Result<net::HttpResponse> {
          ++answered;
          return net::HttpResponse{.status = 200, .headers = {}, .body = one.subject.good};
        })
        .after(one.is_slow ? 2s : 5ms);
  }
  world.start();
  double after_5 = 0;
  for (int minute = 1; minute <= 60; ++minute) {
    world.runtime.advance(1min);
    world.http().forget_requests();
    if (minute == 5) after_5 = resident_mib();
  }
  const double after_60 = resident_mib();
  std::size_t without = 0;
  for (std::size_t i = 0; i < 1000; ++i) {
    const auto* metric = world.engine().generation().metric("m" + std::to_string(i));
    if (metric == nullptr || !metric->sample()) ++without;
  }
  std::cout << answered << ' ' << after_5 << ' ' << after_60 << ' ' << without << std::endl;
  return 0;
}

}  // namespace
}  // namespace wave::bench

// Expressions start this very program again as the process that evaluates them.
int main(int argc, char** argv) {
  if (wave::plans::is_expressions_child(argc, argv)) return wave::plans::expressions_child_main(argc, argv);
  return wave::bench::run();
}
