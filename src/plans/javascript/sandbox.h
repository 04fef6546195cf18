#pragma once

namespace wave::plans::javascript {

/// Before the engine starts: dies with its parent, closes all descriptors above `last_descriptor`, dumps no
/// core.
void leave_the_house(int last_descriptor);

/// After the engine has started its threads: no files, no sockets, no programs; only the calls that computing
/// needs. 0, or the errno with which the kernel refused the filter of calls: then only the other limits
/// stand.
int lock_the_door();

}  // namespace wave::plans::javascript
