#pragma once

#include <cstddef>

namespace wave::plans::javascript {

/// Counts what malloc gives out in this process, so that a memory bomb is named before it goes off. For the
/// child only; sanitizer builds have their own malloc and do not count.
///
/// SpiderMonkey's own limit covers only cells of its garbage-collected heap, not strings' and arrays' bodies.
struct MemoryCount {
  /// From now on. `on_excess` is called inside malloc, maybe on a helper thread: it may only set flags.
  static void start(void (*on_excess)());
  /// Lets the process use so many bytes more than it uses now.
  static void allow(std::size_t bytes);
  /// Bytes in use, relative to `start`.
  static long long in_use();
};

}  // namespace wave::plans::javascript
