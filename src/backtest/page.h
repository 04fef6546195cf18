#pragma once

#include <string>
#include <vector>

#include "backtest/backtest.h"

namespace wave::backtest {

/// When a known event of the load lasted.
struct Marked {
  std::string event_id;
  UtcTime begin;
  UtcTime end;
  std::string text;  ///< `2.17 times the usual load`; empty where that cannot be told
};

/// The known events of the load within the test, at most the last 1,000, by begin.
std::vector<Marked> known_events(const definitions::Definitions& definitions, const Question& question);

/// What a page shows.
struct Page {
  const Question& question;
  const Answer& answer;
  std::string result;              ///< JSON as `--json` prints it, without the series
  std::vector<std::string> order;  ///< of the policies in its figures
  std::vector<Marked> events;
};

/// A document of its own: it loads nothing. Up to two weeks of minutes are kept as they are; of more, the
/// lowest and highest of each stretch, so that a year stays below 3 MB. Of changes, the 1,000 largest.
std::string html_of(const Page& page);

}  // namespace wave::backtest
