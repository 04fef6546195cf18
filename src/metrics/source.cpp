#include "metrics/metric.h"

namespace wave::metrics {

Task<Result<std::vector<PastSeries>>> Source::past(PastRange) {
  co_return fail(ErrorCode::invalid_argument, "this kind of metric keeps no past");
}

}  // namespace wave::metrics
