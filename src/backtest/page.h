#pragma once

#include <string>
#include <vector>

#include "backtest/backtest.h"

namespace wave::backtest {

/// What a page shows.
struct Page {
  const Question& question;
  const Answer& answer;
  std::string result;              ///< JSON as `--json` prints it, without the series
  std::vector<std::string> order;  ///< of the policies in its figures
};

/// A document of its own: it loads nothing. Up to two weeks of minutes are kept as they are; of more, the
/// lowest and highest of each stretch, so that a year stays below 3 MB. Of changes, the 1,000 largest.
std::string html_of(const Page& page);

}  // namespace wave::backtest
