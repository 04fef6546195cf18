#pragma once

namespace wave::plans::javascript {

/// What the daemon and its child agree on: the hidden argument and the descriptors.
constexpr const char* child_argument = "wave-expressions-child";
constexpr int child_socket = 3;
constexpr int child_progress = 4;

}  // namespace wave::plans::javascript
