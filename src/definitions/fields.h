#pragma once

#include "definitions/documents.h"

// Keys that several documents have.
namespace wave::definitions::fields {

inline Field kind(std::string_view document) {
  return {.name = "kind",
          .type = FieldType::constant,
          .help = "Which document it is.",
          .required = true,
          .choices = document};
}

inline Field id(std::string_view help) {
  return {.name = "id", .help = help, .required = true};
}

inline Field enabled(std::string_view help) {
  return {.name = "enabled", .type = FieldType::flag, .help = help, .default_value = "true"};
}

inline Field metadata() {
  return {.name = "metadata", .type = FieldType::map, .help = "What its kind needs: see the kind's page."};
}

}  // namespace wave::definitions::fields
