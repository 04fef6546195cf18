#include "plans/javascript/memory.h"

#include <atomic>
#include <cerrno>
#include <cstdint>

#include <malloc.h>

namespace wave::plans::javascript {
namespace {

std::atomic<bool> counting{false};
std::atomic<long long> in_use_bytes{0};
std::atomic<long long> most_bytes{INT64_MAX};
void (*excess)() = nullptr;

}  // namespace

void MemoryCount::start(void (*on_excess)()) {
  excess = on_excess;
  counting.store(true, std::memory_order_relaxed);
}
void MemoryCount::allow(std::size_t bytes) {
  most_bytes.store(in_use() + static_cast<long long>(bytes), std::memory_order_relaxed);
}
long long MemoryCount::in_use() {
  return in_use_bytes.load(std::memory_order_relaxed);
}

#ifndef WAVE_SANITIZED
namespace {

// Refusing a small request aborts the engine; a large one it survives.
constexpr std::size_t refusable = 8u << 20;

bool refuse(std::size_t size) {
  if (!counting.load(std::memory_order_relaxed)) return false;
  const long long after =
      in_use_bytes.load(std::memory_order_relaxed) + static_cast<long long>(size & ~(std::size_t{1} << 63));
  if (after <= most_bytes.load(std::memory_order_relaxed)) return false;
  excess();
  return size >= refusable;
}
void add(void* block) {
  if (!counting.load(std::memory_order_relaxed) || block == nullptr) return;
  in_use_bytes.fetch_add(static_cast<long long>(malloc_usable_size(block)), std::memory_order_relaxed);
}
void subtract(void* block) {
  if (!counting.load(std::memory_order_relaxed) || block == nullptr) return;
  in_use_bytes.fetch_sub(static_cast<long long>(malloc_usable_size(block)), std::memory_order_relaxed);
}
void* out_of_memory() {
  errno = ENOMEM;
  return nullptr;
}

}  // namespace
#endif

}  // namespace wave::plans::javascript

#ifndef WAVE_SANITIZED
// glibc lets a program replace malloc and keeps its own under these names.
// NOLINTBEGIN(bugprone-reserved-identifier)
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);

void* malloc(std::size_t size) {
  using namespace wave::plans::javascript;
  if (refuse(size)) return out_of_memory();
  void* block = __libc_malloc(size);
  add(block);
  return block;
}
void* calloc(std::size_t count, std::size_t size) {
  using namespace wave::plans::javascript;
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes) || refuse(bytes)) return out_of_memory();
  void* block = __libc_calloc(count, size);
  add(block);
  return block;
}
void* realloc(void* old, std::size_t size) {
  using namespace wave::plans::javascript;
  if (refuse(size)) return out_of_memory();
  subtract(old);
  void* block = __libc_realloc(old, size);
  add(block != nullptr || size == 0 ? block : old);
  return block;
}
void* memalign(std::size_t alignment, std::size_t size) {
  using namespace wave::plans::javascript;
  if (refuse(size)) return out_of_memory();
  void* block = __libc_memalign(alignment, size);
  add(block);
  return block;
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return memalign(alignment, size);
}
int posix_memalign(void** out, std::size_t alignment, std::size_t size) {
  void* block = memalign(alignment, size);
  if (block == nullptr) return ENOMEM;
  *out = block;
  return 0;
}
void free(void* block) {
  wave::plans::javascript::subtract(block);
  __libc_free(block);
}
}
// NOLINTEND(bugprone-reserved-identifier)
#endif
