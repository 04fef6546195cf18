#include "components/aws/sizes.h"

#include <algorithm>

#include "base/text.h"
#include "net/http.h"

namespace wave::components {

definitions::ValueSpec Sizes::spec(std::string_view key, std::string_view help) {
  return {.name = value, .help = help, .lowest = 1, .highest = 100, .place_in = key};
}

Result<Sizes> Sizes::create(std::string_view key, const definitions::Settings& settings) {
  Sizes made(key);
  for (auto& name : settings.list(key)) {
    if (std::ranges::find(made.names_, name) != made.names_.end())
      return fail(ErrorCode::invalid_argument, made.key_ + " lists '" + name + "' twice");
    made.names_.push_back(std::move(name));
  }
  return made;
}

void Sizes::add(const std::string& now, Observation& seen) const {
  const auto place = std::ranges::find(names_, now);
  if (place != names_.end()) {
    seen.current[value] = static_cast<double>(place - names_.begin() + 1);
    seen.system_max[value] = static_cast<double>(names_.size());
  } else if (!names_.empty()) {
    seen.blocks.push_back({.value = value,
                           .reason = "it is '" + net::excerpt(now, 40) + "' now, which " + key_ +
                                     " does not list: add it there, in the order of size"});
  }
}

Result<std::string> Sizes::at(double size) const {
  if (size >= 1 && size <= static_cast<double>(names_.size()))
    return names_[static_cast<std::size_t>(size) - 1];
  if (names_.empty())
    return fail(ErrorCode::invalid_argument, "a size is a place in " + key_ + ", which is not given");
  return fail(ErrorCode::invalid_argument, "size " + whole(size) + " is no place in " + key_ +
                                               ", which has " + std::to_string(names_.size()) + " classes");
}

}  // namespace wave::components
