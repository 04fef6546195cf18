#include "metrics/kinds.h"

namespace wave::metrics {

const Kind& push() {
  static const Kind kind{
      .table = {.document = definitions::Document::metric,
                .name = "push",
                .vendor = "push",
                .summary = "Values that arrive by `POST /api/v1/metrics/{id}`.",
                .keys = {},
                .stale_after = 5min,
                .polled = false,
                .notes =
                    "The body is `{\"value\": 12.5}`, with `labels` (a map) and `at` (ISO-8601) where they "
                    "are wanted. Each set of labels is a series of its own; `aggregate` says how several "
                    "become one number."},
      .create = nullptr};
  return kind;
}

}  // namespace wave::metrics
