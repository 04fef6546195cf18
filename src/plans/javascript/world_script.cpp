#include "plans/javascript/scripts.h"

namespace wave::plans::javascript {

const char* const world_script = R"js(
(() => {
  'use strict';
  const global = globalThis;
  return (kept, dropped) => {
    // What remembers, tells the time or makes code from text is not for expressions.
    const NativeRegExp = RegExp, NativeDate = Date;
    const replace = (holder, name, value) =>
      Object.defineProperty(holder, name, {value, writable: true, enumerable: false, configurable: true});
    const refuse = name => function () { throw new TypeError(`${name} is not available in expressions`); };

    // RegExp.$1 and its like pass text from one expression to the next.
    const SafeRegExp = function RegExp(pattern, flags) { return new NativeRegExp(pattern, flags); };
    SafeRegExp.prototype = NativeRegExp.prototype;
    replace(NativeRegExp.prototype, 'constructor', SafeRegExp);
    replace(global, 'RegExp', SafeRegExp);

    const SafeDate = function Date(...parts) {
      if (new.target === undefined || parts.length === 0) {
        throw new TypeError('the present is not available as a Date: use now(), hour(zone) or weekday(zone)');
      }
      return Reflect.construct(NativeDate, parts, new.target);
    };
    SafeDate.prototype = NativeDate.prototype;
    SafeDate.UTC = NativeDate.UTC;
    SafeDate.parse = NativeDate.parse;
    replace(NativeDate.prototype, 'constructor', SafeDate);
    replace(global, 'Date', SafeDate);
    delete Math.random;

    const hidden = [function () {}, function* () {}, async function () {}, async function* () {}];
    for (const f of hidden) replace(Object.getPrototypeOf(f), 'constructor', refuse('Function'));

    const keep = new Set(kept);
    for (const key of Reflect.ownKeys(global)) {
      if (!keep.has(key)) delete global[key];
    }
    for (const name of dropped) {
      Object.defineProperty(global, name, {
        get: () => { throw new ReferenceError(`${name} is not available in expressions`); }, configurable: true});
    }

    const seen = new Set([global]);
    const left = [];
    const add = value => {
      if (Object(value) !== value || seen.has(value)) return;
      seen.add(value);
      left.push(value);
    };
    const addAll = holder => {
      for (const key of Reflect.ownKeys(holder)) {
        const property = Reflect.getOwnPropertyDescriptor(holder, key);
        add(property.value); add(property.get); add(property.set);
      }
      add(Reflect.getPrototypeOf(holder));
    };
    addAll(global);
    // What syntax alone reaches.
    hidden.forEach(f => { add(f.prototype); add(Object.getPrototypeOf(f)); });
    [[][Symbol.iterator](), ''[Symbol.iterator](), new Map().entries(), new Set().values(), 'a'.matchAll(/a/g), /a/,
     Object.getOwnPropertyDescriptor(function () { return arguments; }(), 'callee').get].forEach(add);
    while (left.length > 0) {
      const value = left.pop();
      addAll(value);
      Object.freeze(value);
    }
    // Not frozen as a whole: metrics become names later. No expression reaches the object itself.
    for (const key of Reflect.ownKeys(global)) {
      const property = Reflect.getOwnPropertyDescriptor(global, key);
      if (!property.configurable) continue;
      const fixed = 'value' in property ? {writable: false, configurable: false} : {configurable: false};
      Object.defineProperty(global, key, fixed);
    }
  };
})()
)js";

}  // namespace wave::plans::javascript
