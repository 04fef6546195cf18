#pragma once

#include "metrics/rows.h"

namespace wave::metrics::splunk_api {

/// What Splunk answers, by its content and not by its Content-Type: JSON where `output_mode=json` was heard,
/// XML where it was not (sign-in errors, older servers). Every value is text.

/// The rows of a search: a results document, or what an export streams (one JSON object a line, or one XML
/// document after another), of which only what is no preview counts. `_time` becomes the row's time. A
/// message of type FATAL or ERROR is an error, whatever the status was.
Result<std::vector<Row>> rows_of(std::string_view body);

/// The id of a job that was started.
Result<std::string> sid_of(std::string_view body);

struct Job {
  std::string state;  ///< DONE, RUNNING, FAILED, ...; empty while it is not known yet
  bool is_done = false;
  bool is_failed = false;
  std::string message;
};
Result<Job> job_of(std::string_view body);

/// The session key of a sign-in; empty when there is none.
std::string session_key_of(std::string_view body);

/// What the messages of an answer say; empty when they hold neither FATAL nor ERROR.
std::string complaint_of(std::string_view body);

}  // namespace wave::metrics::splunk_api
