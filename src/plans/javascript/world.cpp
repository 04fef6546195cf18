#include "plans/javascript/world.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <js/Array.h>
#include <js/CompilationAndEvaluation.h>
#include <js/Exception.h>
#include <js/JSON.h>
#include <js/Realm.h>
#include <js/SourceText.h>
#include <jsapi.h>
#include <jsfriendapi.h>

#include "base/text.h"
#include "plans/functions.h"
#include "plans/javascript/names.h"
#include "plans/javascript/scripts.h"

namespace wave::plans::javascript {
namespace {

World& world_of(JSContext* context) {
  return *static_cast<World*>(JS_GetContextPrivate(context));
}

void note(std::vector<std::uint32_t>& list, std::uint32_t column) {
  if (std::ranges::find(list, column) == list.end()) list.push_back(column);
}

bool give_cell(JSContext* context, std::uint32_t column, JS::MutableHandleValue out) {
  World& world = world_of(context);
  note(world.reads.read, column);
  const CellUpdate& cell = world.columns[column];
  switch (cell.state) {
    case CellUpdate::State::number:
      out.setNumber(cell.value);
      return true;
    case CellUpdate::State::series: {
      JS::RootedString text(context, JS_NewStringCopyUTF8N(context, {cell.text.data(), cell.text.size()}));
      return text && JS_ParseJSON(context, text, out);
    }
    case CellUpdate::State::not_fresh:
      break;
  }
  note(world.reads.not_fresh, column);
  JS_ReportErrorUTF8(context, "%s", cell.text.c_str());
  return false;
}

/// The column that compiling has put in place of an id.
std::optional<std::uint32_t> column_of(JSContext* context, const JS::CallArgs& args) {
  if (args.get(0).isInt32() && args[0].toInt32() >= 0) {
    const auto column = static_cast<std::uint32_t>(args[0].toInt32());
    if (column < world_of(context).columns.size()) return column;
  }
  JS_ReportErrorASCII(context, "the id must be written out where the function is called");
  return std::nullopt;
}

bool read_function(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs args = JS::CallArgsFromVp(count, values);
  const auto column = column_of(context, args);
  return column && give_cell(context, *column, args.rval());
}

/// metric(id, {otherwise: n}): what is not fresh is n and counts as read, but not as missing.
bool metric_function(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs args = JS::CallArgsFromVp(count, values);
  const auto column = column_of(context, args);
  if (!column) return false;
  World& world = world_of(context);
  if (world.columns[*column].state == CellUpdate::State::not_fresh && args.get(1).isObject()) {
    JS::RootedObject options(context, &args[1].toObject());
    JS::RootedValue otherwise(context);
    if (!JS_GetProperty(context, options, "otherwise", &otherwise)) return false;
    if (!otherwise.isUndefined()) {
      note(world.reads.read, *column);
      note(world.reads.excused, *column);
      args.rval().set(otherwise);
      return true;
    }
  }
  return give_cell(context, *column, args.rval());
}

bool metric_getter(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs args = JS::CallArgsFromVp(count, values);
  const JS::Value slot = js::GetFunctionNativeReserved(&args.callee(), 0);
  return give_cell(context, static_cast<std::uint32_t>(slot.toInt32()), args.rval());
}

bool now_function(JSContext* context, unsigned count, JS::Value* values) {
  World& world = world_of(context);
  world.reads.clock = true;
  JS::CallArgsFromVp(count, values).rval().setNumber(world.now);
  return true;
}

/// Seconds since 1970 as the clocks of the zone show them; without a zone UTC. Zones are numbers since
/// compiling.
std::optional<double> local_seconds(JSContext* context, const JS::CallArgs& args, unsigned index) {
  World& world = world_of(context);
  world.reads.clock = true;
  const JS::HandleValue zone = args.get(index);
  if (zone.isUndefined()) return std::floor(world.now);
  if (zone.isInt32() && zone.toInt32() >= 0 &&
      static_cast<std::size_t>(zone.toInt32()) < world.zone_offsets.size()) {
    return std::floor(world.now) + world.zone_offsets[static_cast<std::size_t>(zone.toInt32())];
  }
  JS_ReportErrorASCII(context, "the time zone must be written out where the function is called");
  return std::nullopt;
}

constexpr double day_seconds = 86'400;

double second_of_day(double local) {
  return local - std::floor(local / day_seconds) * day_seconds;
}

bool hour_function(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs args = JS::CallArgsFromVp(count, values);
  const auto local = local_seconds(context, args, 0);
  if (!local) return false;
  args.rval().setInt32(static_cast<int>(second_of_day(*local) / 3600));
  return true;
}

bool weekday_function(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs args = JS::CallArgsFromVp(count, values);
  const auto local = local_seconds(context, args, 0);
  if (!local) return false;
  // 1970-01-01 was a Thursday.
  const double days = std::floor(*local / day_seconds) + 4;
  args.rval().setInt32(static_cast<int>(days - std::floor(days / 7) * 7));
  return true;
}

/// `09:00` in minutes; `24:00` is the end of the day.
std::optional<int> minutes_argument(JSContext* context, JS::HandleValue value) {
  if (value.isString()) {
    JS::RootedString string(context, value.toString());
    const JS::UniqueChars chars = JS_EncodeStringToUTF8(context, string);
    const auto minutes = chars ? parse_minutes(chars.get()) : std::nullopt;
    if (minutes) return minutes;
  }
  JS_ReportErrorASCII(context, "between needs times like '09:00'");
  return std::nullopt;
}

bool between_function(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs args = JS::CallArgsFromVp(count, values);
  const auto from = minutes_argument(context, args.get(0));
  if (!from) return false;
  const auto to = minutes_argument(context, args.get(1));
  if (!to) return false;
  const auto local = local_seconds(context, args, 2);
  if (!local) return false;
  const double at = second_of_day(*local) / 60;
  const bool after = at >= *from;
  const bool before = at < *to;
  args.rval().setBoolean(*from < *to ? after && before : after || before);
  return true;
}

bool define_functions(JSContext* context, JS::HandleObject global) {
  for (const auto& one : reading_functions) {
    const JSNative native = one.name == "metric" ? metric_function : read_function;
    if (JS_DefineFunction(context, global, one.name.data(), native, 1, 0) == nullptr) return false;
  }
  constexpr std::array natives = {now_function, hour_function, weekday_function, between_function};
  static_assert(natives.size() == clock_functions.size());
  for (std::size_t i = 0; i < natives.size(); ++i) {
    if (JS_DefineFunction(context, global, clock_functions[i].name.data(), natives[i], 0, 0) == nullptr) {
      return false;
    }
  }
  return true;
}

JSObject* list_of(JSContext* context, std::span<const std::string_view> names) {
  JS::RootedValueVector values(context);
  for (const std::string_view name : names) {
    JSString* string = JS_NewStringCopyN(context, name.data(), name.size());
    if (string == nullptr || !values.append(JS::StringValue(string))) return nullptr;
  }
  return JS::NewArrayObject(context, values);
}

bool freeze(JSContext* context, JS::HandleObject global) {
  JS::CompileOptions options(context);
  options.setFileAndLine("world", 1);
  JS::SourceText<mozilla::Utf8Unit> source;
  JS::RootedValue script(context);
  if (!source.init(context, world_script, std::char_traits<char>::length(world_script),
                   JS::SourceOwnership::Borrowed) ||
      !JS::Evaluate(context, options, source, &script)) {
    return false;
  }
  std::vector<std::string_view> names(kept_globals.begin(), kept_globals.end());
  for (const auto& one : reading_functions) names.push_back(one.name);
  for (const auto& one : clock_functions) names.push_back(one.name);
  JS::RootedObject kept(context, list_of(context, names));
  JS::RootedObject dropped(context, list_of(context, dropped_globals));
  if (!kept || !dropped) return false;
  JS::RootedValueArray<2> args(context);
  args[0].setObject(*kept);
  args[1].setObject(*dropped);
  JS::RootedValue ignored(context);
  return JS_CallFunctionValue(context, global, script, args, &ignored);
}

constexpr JSClass global_class = {"global", JSCLASS_GLOBAL_FLAGS, &JS::DefaultGlobalClassOps};

}  // namespace

void World::Reads::add(const Reads& other) {
  for (const auto column : other.read) note(read, column);
  for (const auto column : other.not_fresh) note(not_fresh, column);
  for (const auto column : other.excused) note(excused, column);
  clock = clock || other.clock;
}

JSObject* make_world(JSContext* context) {
  JS::RealmOptions options;
  options.creationOptions().setSharedMemoryAndAtomicsEnabled(false).setToSourceEnabled(false);
  JS::RootedObject global(
      context, JS_NewGlobalObject(context, &global_class, nullptr, JS::FireOnNewGlobalHook, options));
  if (!global) return nullptr;
  const JSAutoRealm realm(context, global);
  if (!JS::InitRealmStandardClasses(context) || !define_functions(context, global) ||
      !freeze(context, global)) {
    return nullptr;
  }
  return global;
}

bool add_name(JSContext* context, JSObject* global, const Name& name) {
  JS::RootedObject holder(context, global);
  JSFunction* getter = js::NewFunctionWithReserved(context, metric_getter, 0, 0, name.name.c_str());
  if (getter == nullptr) return false;
  JS::RootedObject object(context, JS_GetFunctionObject(getter));
  js::SetFunctionNativeReserved(object, 0, JS::Int32Value(static_cast<std::int32_t>(name.column)));
  return JS_DefineProperty(context, holder, name.name.c_str(), object, nullptr,
                           JSPROP_ENUMERATE | JSPROP_PERMANENT);
}

std::optional<int> parse_minutes(std::string_view text) {
  const auto digit = [&](std::size_t i) {
    return text[i] >= '0' && text[i] <= '9' ? text[i] - '0' : -10'000;
  };
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const int hours = digit(0) * 10 + digit(1);
  const int minutes = digit(3) * 10 + digit(4);
  const int total = hours * 60 + minutes;
  if (hours < 0 || minutes < 0 || minutes > 59 || total > 24 * 60) return std::nullopt;
  return total;
}

Thrown take_exception(JSContext* context) {
  constexpr std::size_t longest = 300;
  Thrown out;
  JS::ExceptionStack stack(context);
  if (!JS::StealPendingExceptionStack(context, &stack)) return out;
  JS::ErrorReportBuilder report(context);
  if (!report.init(context, stack, JS::ErrorReportBuilder::NoSideEffects)) {
    JS_ClearPendingException(context);
    out.message = "threw something that cannot be shown";
    return out;
  }
  out.bare = report.report()->message().c_str();
  out.message = report.toStringResult().c_str();
  if (out.message.size() > longest) {
    out.message = std::string(cut(out.message, longest)) + "...";
  }
  out.place = {.line = report.report()->lineno, .column = report.report()->column};
  return out;
}

}  // namespace wave::plans::javascript
