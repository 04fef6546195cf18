#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "definitions/definitions.h"

namespace wave::definitions {

/// Reads files and folders (`*.yaml`, `*.yml`, not hidden, not deeper than 8) and reports every problem at
/// once. JavaScript is not compiled here: `plans::check` does that on the result.
Loaded load(const std::vector<std::filesystem::path>& paths, const Catalog& catalog);

/// The same from text; `name` stands for the file in messages.
Loaded load_text(const std::string& name, const std::string& yaml, const Catalog& catalog);

/// The JSON Schema (draft 2020-12) of the definitions, made from the tables.
std::string json_schema(const Catalog& catalog);

/// ` (did you mean 'query'?)`, or nothing when no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace wave::definitions
