#pragma once

#include "metrics/splunk/answer.h"

namespace wave::metrics::splunk_api {

/// The same answers as in answer.h where they came as XML.
Result<std::vector<Row>> xml_rows_of(std::string_view body);
Result<std::string> xml_sid_of(std::string_view body);
Result<Job> xml_job_of(std::string_view body);
std::string xml_session_key_of(std::string_view body);
std::string xml_complaint_of(std::string_view body);

}  // namespace wave::metrics::splunk_api
