#pragma once

#include <filesystem>
#include <vector>

#include "forecast/series.h"

/// The CSV files of a folder, in the order of their names.
std::vector<std::filesystem::path> traces_in(const std::filesystem::path& folder);
/// `timestamp,value` a line, with a header; the step is that of the first two rows.
wave::forecast::Series read_trace(const std::filesystem::path& path);

/// Prints how often the quantiles of a forecast 15 minutes ahead held in the last seven days of each trace,
/// as it is and with a level that changes in the middle of them.
void print_lead(const std::filesystem::path& folder);
/// Prints what one step costs a forecaster of the lead time, in time and memory.
void print_speed();
