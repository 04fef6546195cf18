#pragma once

#include <string_view>

namespace wave::cli {

/// Tells systemd (sd_notify(3)) when it started us with Type=notify; does nothing otherwise.
void notify_systemd(std::string_view state);

}  // namespace wave::cli
