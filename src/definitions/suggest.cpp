#include <algorithm>

#include "base/text.h"
#include "definitions/load.h"

namespace wave::definitions {

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::string wanted = to_lower(word);
  std::size_t best = std::max<std::size_t>(1, wanted.size() / 3) + 1;
  const std::string* found = nullptr;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(wanted, to_lower(candidate));
    if (distance >= best || distance >= candidate.size()) continue;
    best = distance;
    found = &candidate;
  }
  return found != nullptr ? " (did you mean '" + *found + "'?)" : "";
}

}  // namespace wave::definitions
