#pragma once

struct JSContext;

namespace wave::plans::javascript {

/// Starts SpiderMonkey: without machine code, without code from text, without promises that settle, with a
/// small stack. Null when it cannot. It is never taken down: the process ends with it.
JSContext* make_context();

}  // namespace wave::plans::javascript
