// What others send: the first byte picks the protocol, the rest is the body. Every body is refused or gives
// finite numbers.
#include <cmath>
#include <cstdlib>
#include <string>

#include <snappy.h>

#include "metrics/received/received.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace wave::metrics;
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data + 1), size - 1);
  wave::Result<std::vector<Received>> samples;
  if (data[0] % 4 == 0) samples = remote_write(body);
  if (data[0] % 4 == 1) {
    // Past the compression, where the protobuf is.
    std::string compressed;
    snappy::Compress(body.data(), body.size(), &compressed);
    samples = remote_write(compressed);
  }
  if (data[0] % 4 == 2) samples = otlp_protobuf(body);
  if (data[0] % 4 == 3) samples = otlp_json(body);
  if (!samples) return 0;
  for (const Received& one : *samples)
    if (!std::isfinite(one.value)) std::abort();
  return 0;
}
