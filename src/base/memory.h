#pragma once

namespace wave {

/// From now on unused memory goes back to the system at once, rather than when the allocator sees fit:
/// reading ten thousand definitions takes several times what keeping them does.
void return_unused_memory();

}  // namespace wave
