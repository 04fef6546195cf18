#pragma once

#include <map>
#include <string>
#include <vector>

#include "metrics/metric.h"

namespace wave::test {

/// A metric of a kind that speaks HTTP, for what every one of them must survive: the table of bad answers
/// (answers_test.cpp) and the fuzz target of answers.
struct Subject {
  std::string name;
  const metrics::Kind& kind;
  std::map<std::string, definitions::Settings::Value> keys;
  /// An answer from which it takes 7, the last 7 in it; empty where one answer is not enough.
  std::string good = "";
  /// A success that says inside that it is none; empty where the system has no such answer.
  std::string error_inside = "";
  /// An answer of two series, one of them 7; empty where the system has no such answer.
  std::string two = "";
  bool takes_oauth2 = true;
};

std::vector<Subject> subjects();

/// The keys of a subject, and those that every kind has: `endpoint` http://h and a token.
definitions::Settings settings_of(const Subject& subject);

}  // namespace wave::test
