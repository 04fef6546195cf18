#pragma once

#include <array>
#include <string_view>

namespace wave::plans::javascript {

/// The standard globals that expressions have, all frozen.
constexpr std::array kept_globals = std::to_array<std::string_view>({"undefined",
                                                                     "NaN",
                                                                     "Infinity",
                                                                     "isNaN",
                                                                     "isFinite",
                                                                     "parseInt",
                                                                     "parseFloat",
                                                                     "Math",
                                                                     "JSON",
                                                                     "Object",
                                                                     "Array",
                                                                     "String",
                                                                     "Number",
                                                                     "Boolean",
                                                                     "BigInt",
                                                                     "Symbol",
                                                                     "Map",
                                                                     "Set",
                                                                     "WeakMap",
                                                                     "WeakSet",
                                                                     "Promise",
                                                                     "Proxy",
                                                                     "Reflect",
                                                                     "Date",
                                                                     "RegExp",
                                                                     "Error",
                                                                     "TypeError",
                                                                     "RangeError",
                                                                     "SyntaxError",
                                                                     "ReferenceError",
                                                                     "EvalError",
                                                                     "URIError",
                                                                     "InternalError",
                                                                     "AggregateError",
                                                                     "ArrayBuffer",
                                                                     "DataView",
                                                                     "Int8Array",
                                                                     "Uint8Array",
                                                                     "Uint8ClampedArray",
                                                                     "Int16Array",
                                                                     "Uint16Array",
                                                                     "Int32Array",
                                                                     "Uint32Array",
                                                                     "Float32Array",
                                                                     "Float64Array",
                                                                     "BigInt64Array",
                                                                     "BigUint64Array",
                                                                     "encodeURI",
                                                                     "encodeURIComponent",
                                                                     "decodeURI",
                                                                     "decodeURIComponent"});

/// Known names that throw when they are read: they make code from text, remember, or share memory.
constexpr std::array dropped_globals = std::to_array<std::string_view>(
    {"eval", "Function", "globalThis", "WebAssembly", "SharedArrayBuffer", "Atomics", "WeakRef",
     "FinalizationRegistry", "Intl", "escape", "unescape"});

}  // namespace wave::plans::javascript
