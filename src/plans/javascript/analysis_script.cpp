#include "plans/javascript/scripts.h"

namespace wave::plans::javascript {

const char* const analysis_script = R"js(
(() => {
  'use strict';
  const parse = Reflect.parse;
  const isFunction = n => n.type === 'FunctionDeclaration' || n.type === 'FunctionExpression' ||
    n.type === 'ArrowFunctionExpression';
  const isNode = n => n !== null && typeof n === 'object';
  const notChildren = new Set(['type', 'loc']);
  const children = n => Array.isArray(n) ? n : Object.keys(n).filter(k => !notChildren.has(k)).map(k => n[k]);

  // The names that a pattern (`{a, b: [c = 1, ...d]}`) declares.
  const declare = (pattern, names) => {
    if (!isNode(pattern)) return;
    switch (pattern.type) {
      case 'Identifier': names.add(pattern.name); break;
      case 'ObjectPattern': 
        pattern.properties.forEach(p => declare(p.value ?? p.expression ?? p.argument, names));
        break;
      case 'ArrayPattern': pattern.elements.forEach(e => declare(e, names)); break;
      case 'SpreadExpression': declare(pattern.expression, names); break;
      case 'AssignmentExpression': case 'AssignmentPattern': declare(pattern.left, names); break;
    }
  };
  const declareAll = (node, names) => node.declarations.forEach(d => declare(d.id, names));
  const declareVars = (node, names) => {
    if (!isNode(node) || isFunction(node)) return;
    if (node.type === 'VariableDeclaration' && node.kind === 'var') declareAll(node, names);
    children(node).forEach(child => declareVars(child, names));
  };
  const declareBlock = (statements, names) => {
    for (const s of statements) {
      if (!isNode(s)) continue;
      if (s.type === 'VariableDeclaration' && s.kind !== 'var') declareAll(s, names);
      if ((s.type === 'FunctionDeclaration' || s.type === 'ClassStatement') && s.id) names.add(s.id.name);
    }
  };

  return text => {
    // Columns of the parser count code points; JavaScript counts UTF-16 units, C++ counts bytes.
    const lines = [0];
    const ascii = /^[\x00-\x7f]*$/.test(text);
    for (let i = 0; i < text.length; ++i) {
      const c = text[i];
      if (c === '\r' && text[i + 1] === '\n') continue;
      if (c === '\n' || c === '\r' || c === '\u2028' || c === '\u2029') lines.push(i + 1);
    }
    const unit = ({line, column}) => {
      let i = lines[line - 1];
      if (ascii) return i + column;
      for (; column > 0; --column) i += text.codePointAt(i) > 0xffff ? 2 : 1;
      return i;
    };
    let bytesBefore = null;
    const bytes = i => {
      if (ascii) return i;
      if (!bytesBefore) {
        bytesBefore = [0];
        for (let k = 0, n = 0; k < text.length; ++k) {
          const c = text.charCodeAt(k);
          n += c < 0x80 ? 1 : c < 0x800 ? 2 : c >= 0xd800 && c < 0xdc00 ? 4 : c >= 0xdc00 && c < 0xe000 ? 0 : 3;
          bytesBefore.push(n);
        }
      }
      return bytesBefore[i];
    };
    const begin = node => bytes(unit(node.loc.start));
    const end = node => bytes(unit(node.loc.end));

    const out = {free: [], calls: [], returns: [], problem: null};
    const scopes = [];
    const within = (names, then) => { scopes.push(names); then(); scopes.pop(); };
    const isFree = name => !scopes.some(names => names.has(name));

    const literal = node => {
      if (node.type === 'UnaryExpression' && node.operator === '-' && node.argument.type === 'Literal' &&
          typeof node.argument.value === 'number') return -node.argument.value;
      if (node.type === 'TemplateLiteral' && node.elements.length === 1) return literal(node.elements[0]);
      return node.type === 'Literal' && ['number', 'string'].includes(typeof node.value) ? node.value : undefined;
    };
    const argument = node => {
      const place = {begin: begin(node), end: end(node)};
      if (node.type === 'Identifier') return {kind: isFree(node.name) ? 'id' : 'other', value: node.name, ...place};
      const value = literal(node);
      if (typeof value === 'string') return {kind: 'text', value, ...place};
      if (typeof value === 'number') return {kind: 'number', value, ...place};
      if (node.type === 'ObjectExpression') {
        const value = node.properties.map(p => {
          const plain = p.type === 'Property' && p.kind === 'init' && p.key.type !== 'ComputedName';
          return plain ? [String(p.key.name ?? p.key.value), literal(p.value) ?? null] : null;
        });
        return {kind: 'options', value, ...place};
      }
      return {kind: 'other', ...place};
    };

    const visitFunction = node => {
      const names = new Set(node.type === 'ArrowFunctionExpression' ? [] : ['arguments']);
      if (node.type === 'FunctionExpression' && node.id) names.add(node.id.name);
      node.params.forEach(p => declare(p, names));
      declare(node.rest, names);
      declareVars(node.body, names);
      within(names, () => {
        node.params.forEach(visitPattern);
        (node.defaults ?? []).forEach(visit);
        visit(node.body);
      });
    };
    const block = (statements, extra = []) => {
      const names = new Set(extra);
      declareBlock(statements, names);
      within(names, () => statements.forEach(visit));
    };
    // In patterns, only defaults and computed keys are expressions; assigning to a free name is a use of it.
    const visitPattern = node => visit(node);

    const visit = node => {
      if (!isNode(node)) return;
      if (Array.isArray(node)) return node.forEach(visit);
      if (isFunction(node)) return visitFunction(node);
      switch (node.type) {
        case 'Identifier':
          if (isFree(node.name)) out.free.push([node.name, begin(node)]);
          return;
        case 'Program': case 'BlockStatement':
          return block(node.body);
        case 'ForStatement': case 'ForInStatement': case 'ForOfStatement':
          return block([node.init ?? node.left, node.test, node.update, node.right, node.body]);
        case 'SwitchStatement':
          visit(node.discriminant);
          node.cases.forEach(c => visit(c.test));
          return block(node.cases.flatMap(c => c.consequent));
        case 'CatchClause': {
          const names = new Set();
          declare(node.param, names);
          return within(names, () => { visit(node.param); visit(node.body); });
        }
        case 'ClassExpression': case 'ClassStatement':
          return within(new Set(node.id ? [node.id.name] : []), () => { visit(node.superClass); visit(node.body); });
        case 'ClassMethod': case 'ClassField':
          if (node.name?.type === 'ComputedName') visit(node.name);
          visit(node.body);
          return visit(node.initializer);
        case 'Property':
          if (node.key?.type === 'ComputedName') visit(node.key);
          return visit(node.value);
        case 'MemberExpression': case 'OptionalMemberExpression':
          visit(node.object);
          if (node.computed) visit(node.property);
          return;
        case 'LabeledStatement':
          return visit(node.body);
        case 'BreakStatement': case 'ContinueStatement': case 'MetaProperty':
          return;
        case 'CallExpression': case 'OptionalCallExpression':
          if (node.callee.type === 'Identifier' && isFree(node.callee.name)) {
            out.calls.push({name: node.callee.name, at: begin(node.callee), arguments: node.arguments.map(argument)});
          }
      }
      children(node).forEach(visit);
    };

    // The parser's nodes begin inside their parentheses: look for the beginning from what stands before.
    const skip = i => {
      for (;;) {
        const rest = /^(?:[\s\ufeff;)]+|\/\/[^\n\r\u2028\u2029]*|\/\*[^]*?\*\/)/.exec(text.slice(i, i + 65536));
        if (!rest) return i;
        i += rest[0].length;
      }
    };
    const wrong = after => {
      out.problem ??= ['the last statement must be an expression: its value is the result', bytes(skip(after))];
    };
    const tail = (node, after) => {
      switch (node.type) {
        case 'ExpressionStatement': out.returns.push(bytes(skip(after))); return;
        case 'BlockStatement': return tailOf(node.body, unit(node.loc.start) + 1);
        case 'IfStatement':
          tail(node.consequent, unit(node.test.loc.end));
          if (node.alternate) tail(node.alternate, text.indexOf('else', skip(unit(node.consequent.loc.end))) + 4);
          return;
        // No value, which its evaluation says if it ends at all.
        case 'ThrowStatement': case 'WhileStatement': case 'DoWhileStatement': case 'ForStatement':
        case 'ForInStatement': case 'ForOfStatement': case 'TryStatement':
          return;
        default: return wrong(after);
      }
    };
    const tailOf = (statements, from) => {
      let last = statements.length - 1;
      while (last >= 0 && statements[last].type === 'EmptyStatement') --last;
      if (last < 0) return wrong(from);
      tail(statements[last], last > 0 ? unit(statements[last - 1].loc.end) : from);
    };

    // Without a source's name errors would be placed in this script.
    const tree = parse(text, {source: 'expression'});
    const names = new Set(['arguments']);
    declareVars(tree, names);
    within(names, () => visit(tree));
    tailOf(tree.body, 0);
    return JSON.stringify(out);
  };
})()
)js";

}  // namespace wave::plans::javascript
