#pragma once

namespace wave::plans::javascript {

/// Gives the function behind `Analyser::run`.
extern const char* const analysis_script;

/// Gives a function (kept names, dropped names) that takes from a realm what expressions may not have and
/// freezes the rest.
extern const char* const world_script;

}  // namespace wave::plans::javascript
