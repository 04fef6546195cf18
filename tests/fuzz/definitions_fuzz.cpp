// Definitions: every text loads or is refused with positions inside the text; problems can be printed.
#include <cstdlib>
#include <string>

#include "components/component.h"
#include "definitions/load.h"
#include "metrics/metric.h"

namespace {

const wave::definitions::Catalog& catalog() {
  static const wave::definitions::Catalog all = [] {
    wave::definitions::Catalog made;
    for (const auto* kind : wave::metrics::registry()) made.metrics.push_back(&kind->table);
    for (const auto* kind : wave::components::registry()) made.components.push_back(&kind->table);
    return made;
  }();
  return all;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto loaded = wave::definitions::load_text("fuzz.yaml", text, catalog());
  for (const auto& problem : loaded.errors) {
    if (problem.line < 0 || problem.column < 0 || problem.message.empty()) std::abort();
    if (problem.text().empty()) std::abort();
  }
  return 0;
}
