#include "plans/javascript/context.h"

#include <cstddef>
#include <cstdint>

#include <js/GCAPI.h>
#include <js/Initialization.h>
#include <js/Promise.h>
#include <jsapi.h>

#include "plans/javascript/watchdog.h"

namespace wave::plans::javascript {
namespace {

constexpr std::size_t stack_bytes = 512u << 10;
constexpr std::uint32_t unlimited = 0xffff'ffff;

/// Promises never settle: nothing may run after an expression has given its value.
class NoJobs final : public JS::JobQueue {
 public:
  JSObject* getIncumbentGlobal(JSContext* context) override { return JS::CurrentGlobalOrNull(context); }
  bool enqueuePromiseJob(JSContext*, JS::HandleObject, JS::HandleObject, JS::HandleObject,
                         JS::HandleObject) override {
    return true;
  }
  void runJobs(JSContext*) override {}
  bool empty() const override { return true; }

 private:
  js::UniquePtr<SavedJobQueue> saveJobQueue(JSContext*) override { return nullptr; }
};

bool no_code_from_text(JSContext*, JS::RuntimeCode, JS::HandleString) {
  return false;
}
constexpr JSSecurityCallbacks security = {.contentSecurityPolicyAllows = no_code_from_text,
                                          .subsumes = nullptr};

}  // namespace

JSContext* make_context() {
  static NoJobs jobs;
  // Interpreted code is fast enough for what a plan computes, and leaves nothing executable to attack.
  JS::DisableJitBackend();
  if (!JS_Init()) return nullptr;
  watchdog::block_signal();
  JSContext* context = JS_NewContext(unlimited);
  if (context == nullptr || !JS::InitSelfHostedCode(context)) return nullptr;
  JS_SetNativeStackQuota(context, stack_bytes);
  JS_SetSecurityCallbacks(context, &security);
  JS::SetJobQueue(context, &jobs);
  return context;
}

}  // namespace wave::plans::javascript
