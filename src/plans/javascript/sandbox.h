#pragma once

namespace wave::plans::javascript {

/// Before the engine starts: dies with its parent, closes all descriptors above `last_descriptor`, dumps no
/// core.
void leave_the_house(int last_descriptor);

/// After the engine has started its threads: no files, no sockets, no programs; only the calls that computing
/// needs. Best effort: where the kernel refuses filters, the rest of the limits stands.
void lock_the_door();

}  // namespace wave::plans::javascript
