#include "metrics/received/received.h"

#include <algorithm>

#include "metrics/rows.h"

namespace wave::metrics {

std::vector<Received> by_name(std::vector<Received> samples) {
  std::ranges::stable_sort(samples, {}, &Received::name);
  return samples;
}

std::vector<Series> wanted_of(const definitions::MetricDefinition& metric,
                              const std::vector<Received>& samples) {
  Labels wanted;
  for (const auto& [name, value] : metric.metadata.map("labels")) wanted.emplace(name, value);
  std::vector<Series> out;
  for (const Received& one :
       std::ranges::equal_range(samples, metric.metadata.text("name"), {}, &Received::name)) {
    if (has_labels(one.labels, wanted))
      out.push_back({.labels = one.labels, .value = one.value, .at = one.at});
  }
  return newest(std::move(out));
}

std::vector<definitions::Key> received_keys() {
  return {
      {.name = "name", .help = "The name of the samples.", .required = true, .example = "queue_depth"},
      {.name = "labels",
       .type = definitions::KeyType::map,
       .help = "Only samples that have these labels.",
       .example = "{ queue: orders }"},
  };
}

}  // namespace wave::metrics
