#include "plans/javascript/engine.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include <js/CompilationAndEvaluation.h>
#include <js/GCAPI.h>
#include <js/SourceText.h>
#include <js/StableStringChars.h>
#include <js/String.h>
#include <jsapi.h>
#include <jsfriendapi.h>

#include "plans/javascript/analysis.h"
#include "plans/javascript/context.h"
#include "plans/javascript/memory.h"
#include "plans/javascript/watchdog.h"
#include "plans/javascript/world.h"

namespace wave::plans::javascript {
namespace {

constexpr std::uint64_t compile_time_us = 500'000;
constexpr std::uint64_t shortest_us = 4'000;
constexpr std::uint32_t garbage_bytes = 16u << 20;
constexpr std::uint32_t unlimited = 0xffff'ffff;

/// A plan's variable: compiled once, evaluated when something reads it, remembered for one request.
struct VariableState {
  std::string name;
  std::size_t function = 0;  ///< index of `functions`
  std::uint64_t valid = 0;   ///< the request or run for which the rest holds
  bool whole_request = false;
  bool failed = false;
  RunResult error;
  World::Reads reads;
};

struct ScopeState {
  std::vector<VariableState> variables;
  std::size_t first_memo = 0;  ///< index of `memos`
  std::size_t object = 0;      ///< index of `functions`: what the plan's expressions see by name
};

std::string limit_message(watchdog::Reason reason, std::uint64_t time_us, std::uint64_t memory_bytes) {
  if (reason == watchdog::Reason::memory) {
    return "used more than " + std::to_string(memory_bytes >> 20) + " MiB of memory";
  }
  return "ran longer than " + std::to_string(time_us / 1000) + " ms";
}

}  // namespace

struct Engine::Impl : World {
  struct FunctionState {
    std::size_t function = 0;  ///< index of `functions`
    bool there = false;
  };

  Progress& progress;
  JSContext* context = nullptr;
  JS::PersistentRootedObject global;
  JS::PersistentRootedVector<JSObject*> functions;
  JS::PersistentRootedVector<JS::Value> memos;
  std::unique_ptr<Analyser> analyser;
  std::unordered_map<std::uint32_t, ScopeState> scopes;
  std::vector<FunctionState> by_id;
  std::uint64_t request_serial = 0;
  std::uint64_t run_serial = 0;
  std::uint64_t time_us = 0;
  std::uint64_t memory_bytes = 0;
  std::uint32_t heap_after_gc = 0;
  long long blocks_after_gc = 0;
  std::vector<VariableState*> failed;  ///< variables that failed for the expression at work

  Impl(Progress& shared, JSContext* made) : progress(shared), context(made), functions(made), memos(made) {}

  bool start();
  bool add_scope(const Scope& scope, std::vector<InstallProblem>& problems);
  void add_function(const Function& function, std::vector<InstallProblem>& problems);
  JSObject* compile(const std::string& text, JSObject* scope, Thrown& why);
  void install(const Request& request, Reply& reply);
  void run(const Request& request, Reply& reply);
  RunResult run_one(std::uint32_t id);
  void take_error(watchdog::Reason reason, RunResult& out);
  void take_value(JS::HandleValue value, RunResult& out);
  static bool variable_getter(JSContext* context, unsigned count, JS::Value* values);
  bool variable(std::uint32_t scope, std::uint32_t index, JS::MutableHandleValue out);
  void collect();
};

bool Engine::Impl::variable_getter(JSContext* context, unsigned count, JS::Value* values) {
  const JS::CallArgs args = JS::CallArgsFromVp(count, values);
  const auto scope = js::GetFunctionNativeReserved(&args.callee(), 0).toInt32();
  const auto index = js::GetFunctionNativeReserved(&args.callee(), 1).toInt32();
  Impl& impl = *static_cast<Impl*>(static_cast<World*>(JS_GetContextPrivate(context)));
  return impl.variable(static_cast<std::uint32_t>(scope), static_cast<std::uint32_t>(index), args.rval());
}

bool Engine::Impl::start() {
  JS_SetContextPrivate(context, static_cast<World*>(this));
  global.init(context, make_world(context));
  if (!global) return false;
  return watchdog::install(context);
}

JSObject* Engine::Impl::compile(const std::string& text, JSObject* scope, Thrown& why) {
  JS::CompileOptions options(context);
  options.setFileAndLine("expression", 1).setForceStrictMode();
  JS::RootedObjectVector chain(context);
  // The overload for UTF-8 takes bytes for characters (102.15).
  JS::RootedString string(context, JS_NewStringCopyUTF8N(context, {text.data(), text.size()}));
  JS::AutoStableStringChars chars(context);
  JS::SourceText<char16_t> source;
  JSFunction* function = nullptr;
  if (string && chars.initTwoByte(context, string) && (scope == nullptr || chain.append(scope)) &&
      source.init(context, chars.twoByteChars(), JS::GetStringLength(string),
                  JS::SourceOwnership::Borrowed)) {
    function = JS::CompileFunction(context, chain, options, "expression", 0, nullptr, source);
  }
  if (function != nullptr) return JS_GetFunctionObject(function);
  why = take_exception(context);
  why.place.column += 1;  // the parser counts from 0, running code from 1
  return nullptr;
}

bool Engine::Impl::add_scope(const Scope& scope, std::vector<InstallProblem>& problems) {
  if (scopes.contains(scope.id)) return true;
  JS::RootedObject object(context, JS_NewObjectWithGivenProto(context, nullptr, nullptr));
  ScopeState state{.first_memo = memos.length(), .object = functions.length()};
  if (!object || !functions.append(object)) return false;
  for (std::size_t i = 0; i < scope.variables.size(); ++i) {
    const Variable& given = scope.variables[i];
    Thrown why;
    JSObject* function = compile(given.text, object, why);
    if (function == nullptr) {
      problems.push_back(
          {.id = scope.id, .variable = given.name, .message = why.message, .place = why.place});
      return false;
    }
    state.variables.push_back({.name = given.name, .function = functions.length()});
    if (!functions.append(function) || !memos.append(JS::UndefinedValue())) return false;
    JSFunction* getter = js::NewFunctionWithReserved(context, variable_getter, 0, 0, given.name.c_str());
    if (getter == nullptr) return false;
    JS::RootedObject holder(context, JS_GetFunctionObject(getter));
    js::SetFunctionNativeReserved(holder, 0, JS::Int32Value(static_cast<std::int32_t>(scope.id)));
    js::SetFunctionNativeReserved(holder, 1, JS::Int32Value(static_cast<std::int32_t>(i)));
    if (!JS_DefineProperty(context, object, given.name.c_str(), holder, nullptr, JSPROP_PERMANENT)) {
      return false;
    }
  }
  if (!JS_FreezeObject(context, object)) return false;
  scopes.emplace(scope.id, std::move(state));
  return true;
}

void Engine::Impl::add_function(const Function& function, std::vector<InstallProblem>& problems) {
  JSObject* scope = nullptr;
  if (function.scope != 0) {
    const auto found = scopes.find(function.scope);
    if (found == scopes.end()) return;
    scope = functions[found->second.object];
  }
  Thrown why;
  JSObject* compiled = compile(function.text, scope, why);
  if (compiled == nullptr) {
    problems.push_back({.id = function.id, .message = why.message, .place = why.place});
    return;
  }
  if (by_id.size() <= function.id) by_id.resize(function.id + 1);
  by_id[function.id] = {.function = functions.length(), .there = true};
  if (!functions.append(compiled)) by_id[function.id].there = false;
}

void Engine::Impl::install(const Request& request, Reply& reply) {
  now = request.now;
  for (const Zone& zone : request.zones) {
    if (zone_offsets.size() <= zone.zone) zone_offsets.resize(zone.zone + 1);
    zone_offsets[zone.zone] = zone.offset_seconds;
  }
  for (const CellUpdate& cell : request.cells) {
    if (columns.size() <= cell.column) columns.resize(cell.column + 1);
    columns[cell.column] = cell;
  }
  std::size_t step = 0;
  for (const Name& name : request.names) {
    if (!add_name(context, global, name)) take_exception(context);
  }
  for (const Scope& scope : request.scopes) {
    progress.at(Progress::installing, step++);
    watchdog::begin(compile_time_us, memory_bytes);
    if (!add_scope(scope, reply.problems)) take_exception(context);
    watchdog::end();
  }
  for (const Function& function : request.functions) {
    progress.at(Progress::installing, step++);
    watchdog::begin(compile_time_us, memory_bytes);
    add_function(function, reply.problems);
    watchdog::end();
  }
}

void Engine::Impl::take_error(watchdog::Reason reason, RunResult& out) {
  out.outcome = RunResult::Outcome::error;
  const Thrown thrown = take_exception(context);
  if (reason != watchdog::Reason::none) {
    out.hit_limit = true;
    out.error = limit_message(reason, time_us, memory_bytes);
    return;
  }
  for (const VariableState* variable : failed) {
    if (variable->error.error != thrown.bare) continue;
    out.error = variable->error.error;
    out.variable = variable->error.variable;
    out.place = variable->error.place;
    return;
  }
  for (const std::uint32_t column : reads.not_fresh) {
    if (columns[column].text != thrown.bare) continue;
    out.error = thrown.bare;
    return;
  }
  out.error = thrown.message.empty() ? "ended without a result" : thrown.message;
  out.place = thrown.place;
}

void Engine::Impl::take_value(JS::HandleValue value, RunResult& out) {
  if (value.isNumber()) {
    out.outcome = RunResult::Outcome::number;
    out.number = value.toNumber();
  } else if (value.isBoolean()) {
    out.outcome = RunResult::Outcome::boolean;
    out.number = value.toBoolean() ? 1 : 0;
  } else {
    const char* what = value.isUndefined() ? "undefined"
                       : value.isNull()    ? "null"
                       : value.isString()  ? "a text"
                       : value.isBigInt()  ? "a BigInt"
                       : value.isSymbol()  ? "a symbol"
                                           : "an object";
    out.outcome = RunResult::Outcome::other;
    out.error = std::string("gives ") + what + " where a number or true or false is needed";
  }
}

/// Numbers, texts and the like hold for the whole request. Objects hold for one expression, so that no
/// expression can change what the next one gets.
bool Engine::Impl::variable(std::uint32_t scope, std::uint32_t index, JS::MutableHandleValue out) {
  ScopeState& owner = scopes.at(scope);
  VariableState& state = owner.variables[index];
  const std::size_t memo = owner.first_memo + index;
  if (state.valid != (state.whole_request ? request_serial : run_serial) || state.valid == 0) {
    World::Reads outer = std::exchange(reads, {});
    state.failed = false;
    state.error = {};
    JS::RootedValue value(context);
    JS::RootedValue function(context, JS::ObjectValue(*functions[state.function]));
    const bool ok =
        JS::Call(context, JS::UndefinedHandleValue, function, JS::HandleValueArray::empty(), &value);
    state.reads = std::exchange(reads, std::move(outer));
    state.whole_request = !ok || !value.isObject();
    state.valid = state.whole_request ? request_serial : run_serial;
    if (!ok) {
      state.failed = true;
      const bool limit = JS_IsExceptionPending(context) == false;
      if (limit) {
        state.error.error = "variable " + state.name + " ran into its limit of time or memory";
        state.error.variable = state.name;
        reads.add(state.reads);
        return false;
      }
      std::swap(reads, state.reads);
      take_error(watchdog::Reason::none, state.error);
      std::swap(reads, state.reads);
      if (state.error.variable.empty()) state.error.variable = state.name;
    }
    memos[memo].set(value);
  }
  reads.add(state.reads);
  if (!state.failed) {
    out.set(memos[memo]);
    return true;
  }
  failed.push_back(&state);
  JS_ReportErrorUTF8(context, "%s", state.error.error.c_str());
  return false;
}

RunResult Engine::Impl::run_one(std::uint32_t id) {
  RunResult out;
  if (id >= by_id.size() || !by_id[id].there) {
    out.error = "is not compiled";
    return out;
  }
  ++run_serial;
  reads = {};
  failed.clear();
  JS::RootedValue value(context);
  JS::RootedValue function(context, JS::ObjectValue(*functions[by_id[id].function]));
  watchdog::begin(time_us, memory_bytes);
  const bool ok =
      JS::Call(context, JS::UndefinedHandleValue, function, JS::HandleValueArray::empty(), &value);
  const watchdog::Reason reason = watchdog::end();
  if (ok) {
    take_value(value, out);
  } else {
    take_error(reason, out);
  }
  out.read = std::move(reads.read);
  out.not_fresh = std::move(reads.not_fresh);
  out.excused = std::move(reads.excused);
  out.read_clock = reads.clock;
  return out;
}

void Engine::Impl::run(const Request& request, Reply& reply) {
  std::uint64_t wasted = 0;
  ++request_serial;
  reply.results.reserve(request.run.size());
  for (std::size_t i = 0; i < request.run.size(); ++i) {
    progress.at(Progress::running, i);
    const std::uint64_t left = request.overrun_us - std::min(wasted, request.overrun_us);
    time_us = i < request.trusted ? request.time_us : std::clamp(left, shortest_us, request.time_us);
    reply.results.push_back(run_one(request.run[i]));
    if (reply.results.back().hit_limit) {
      collect();
      wasted += time_us;
      if (request.stops_at_hit && (i >= request.trusted || wasted > request.overrun_us)) return;
    } else if (MemoryCount::in_use() - blocks_after_gc > static_cast<long long>(request.memory_bytes)) {
      collect();
    }
  }
}

void Engine::Impl::collect() {
  JS_SetGCParameter(context, JSGC_MAX_BYTES, unlimited);
  JS_GC(context);
  heap_after_gc = JS_GetGCParameter(context, JSGC_BYTES);
  blocks_after_gc = MemoryCount::in_use();
  const std::uint64_t most = heap_after_gc + memory_bytes;
  JS_SetGCParameter(context, JSGC_MAX_BYTES,
                    static_cast<std::uint32_t>(std::min<std::uint64_t>(most, unlimited)));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

std::unique_ptr<Engine> Engine::create(Progress& progress) {
  JSContext* context = make_context();
  if (context == nullptr) return nullptr;
  auto impl = std::make_unique<Impl>(progress, context);
  if (!impl->start()) return nullptr;
  return std::unique_ptr<Engine>(new Engine(std::move(impl)));
}

Reply Engine::serve(const Request& request) {
  Impl& impl = *impl_;
  Reply reply;
  impl.memory_bytes = request.memory_bytes;
  if (impl.heap_after_gc == 0) impl.collect();
  watchdog::start_ticking();
  if (!request.analyse.empty()) {
    if (!impl.analyser) impl.analyser = std::make_unique<Analyser>(impl.context);
    for (std::size_t i = 0; i < request.analyse.size(); ++i) {
      impl.progress.at(Progress::analysing, i);
      watchdog::begin(compile_time_us, request.memory_bytes);
      reply.analyses.push_back(impl.analyser->run(request.analyse[i]));
      if (watchdog::end() != watchdog::Reason::none) {
        reply.analyses.back() = {.problem = "is too large or too deep to compile", .place = {1, 1}};
        impl.collect();
      }
    }
  }
  const JSAutoRealm realm(impl.context, impl.global);
  impl.install(request, reply);
  impl.run(request, reply);
  watchdog::stop_ticking();
  impl.progress.at(Progress::idle, 0);
  return reply;
}

void Engine::tidy() {
  if (JS_GetGCParameter(impl_->context, JSGC_BYTES) < impl_->heap_after_gc + garbage_bytes &&
      MemoryCount::in_use() < impl_->blocks_after_gc + garbage_bytes) {
    return;
  }
  impl_->collect();
}

}  // namespace wave::plans::javascript
