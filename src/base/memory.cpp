#include "base/memory.h"

#ifndef WAVE_SANITIZED
#include <gperftools/malloc_extension.h>
#endif

namespace wave {

void return_unused_memory() {
#ifndef WAVE_SANITIZED
  MallocExtension::instance()->SetNumericProperty("tcmalloc.aggressive_memory_decommit", 1);
#endif
}

}  // namespace wave
