#pragma once

#include "plans/javascript/messages.h"

struct JSContext;

namespace wave::plans::javascript {

/// Finds what a text asks of the world outside, with the engine's own parser (`Reflect.parse`). It lives in
/// a realm of its own that no expression reaches.
class Analyser {
 public:
  explicit Analyser(JSContext* context);
  ~Analyser();
  Analyser(const Analyser&) = delete;
  Analyser& operator=(const Analyser&) = delete;

  /// JSON, places as byte offsets:
  ///   {"free": [[name, at]...],          identifiers that the text does not declare itself
  ///    "calls": [{"name", "at", "arguments": [{"kind": "id|text|number|options|other", "value", "begin",
  ///               "end"}]}],             calls of such identifiers
  ///    "returns": [at...],               where `return` belongs: before what gives the text its value
  ///    "problem": [message, at] or null}
  /// or the parser's complaint.
  Analysis run(const std::string& text);

 private:
  struct Impl;
  Impl* impl_;
};

}  // namespace wave::plans::javascript
