#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plans/javascript/messages.h"

struct JSContext;
class JSObject;

namespace wave::plans::javascript {

/// What expressions can read of the world outside, and what the one at work has read.
struct World {
  struct Reads {
    std::vector<std::uint32_t> read;
    std::vector<std::uint32_t> not_fresh;
    std::vector<std::uint32_t> excused;  ///< not fresh, with another number instead
    bool clock = false;
    void add(const Reads& other);
  };

  std::vector<CellUpdate> columns;
  std::vector<std::int32_t> zone_offsets;  ///< seconds east of UTC
  double now = 0;
  Reads reads;
};

/// A realm with our functions and without all that remembers, tells the time or makes code from text;
/// everything in it is frozen. Null with an exception pending. The context's private pointer is a World.
JSObject* make_world(JSContext* context);

/// Makes a metric a variable. False with an exception pending.
bool add_name(JSContext* context, JSObject* global, const Name& name);

/// What was thrown: `TypeError: x is null`, cut to a length that a table shows.
struct Thrown {
  std::string message;
  std::string bare;  ///< without the error's name
  Place place;
};
/// Takes the pending exception; all is empty when none is (a limit).
Thrown take_exception(JSContext* context);

/// Minutes of `09:00` up to `24:00`, the end of the day.
std::optional<int> parse_minutes(std::string_view text);

}  // namespace wave::plans::javascript
