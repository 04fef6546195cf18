#include "plans/javascript/analysis.h"

#include <string_view>

#include <js/CompilationAndEvaluation.h>
#include <js/Realm.h>
#include <js/SourceText.h>
#include <jsapi.h>

#include "plans/javascript/scripts.h"
#include "plans/javascript/world.h"

namespace wave::plans::javascript {
namespace {

constexpr JSClass analysis_class = {"analysis", JSCLASS_GLOBAL_FLAGS, &JS::DefaultGlobalClassOps};

bool compile(JSContext* context, JS::MutableHandleValue function) {
  JS::CompileOptions options(context);
  options.setFileAndLine("analysis", 1);
  JS::SourceText<mozilla::Utf8Unit> source;
  return source.init(context, analysis_script, std::char_traits<char>::length(analysis_script),
                     JS::SourceOwnership::Borrowed) &&
         JS::Evaluate(context, options, source, function);
}

}  // namespace

struct Analyser::Impl {
  JSContext* context;
  JS::PersistentRootedObject global;
  JS::PersistentRootedValue function;
};

Analyser::Analyser(JSContext* context) : impl_(new Impl{.context = context, .global = {}, .function = {}}) {
  const JS::RealmOptions options;
  impl_->global.init(context,
                     JS_NewGlobalObject(context, &analysis_class, nullptr, JS::FireOnNewGlobalHook, options));
  impl_->function.init(context);
  if (!impl_->global) return;
  const JSAutoRealm realm(context, impl_->global);
  JS::RootedValue function(context);
  if (JS::InitRealmStandardClasses(context) && JS_InitReflectParse(context, impl_->global) &&
      compile(context, &function)) {
    impl_->function = function;
  } else {
    take_exception(context);
  }
}

Analyser::~Analyser() {
  delete impl_;
}

Analysis Analyser::run(const std::string& text) {
  JSContext* context = impl_->context;
  if (!impl_->function.get().isObject()) return {.problem = "the parser did not start", .place = {1, 1}};
  const JSAutoRealm realm(context, impl_->global);
  JS::RootedValueArray<1> args(context);
  JS::RootedString string(context, JS_NewStringCopyUTF8N(context, {text.data(), text.size()}));
  if (string) args[0].setString(string);
  JS::RootedValue result(context);
  JS::RootedValue function(context, impl_->function);
  if (!string || !JS::Call(context, JS::UndefinedHandleValue, function, args, &result) ||
      !result.isString()) {
    Thrown thrown = take_exception(context);
    // Columns of the parser count from 0.
    return {.problem = std::move(thrown.message), .place = {thrown.place.line, thrown.place.column + 1}};
  }
  JS::RootedString json(context, result.toString());
  const JS::UniqueChars chars = JS_EncodeStringToUTF8(context, json);
  if (!chars) return {.problem = "is too large to compile", .place = {1, 1}};
  return {.json = chars.get()};
}

}  // namespace wave::plans::javascript
