import { DOUBLE } from '../../types/data-type.ts'
import { arg, scalar, type FunctionEntry, type ScalarEntry } from '../entry.ts'

const group = 'math'
const x = arg('x', DOUBLE)

function unary(
  name: string,
  doc: string,
  sql: string,
  gives: string,
  f: (x: number) => number,
  js: string | null,
  aliases: readonly string[] = [],
): ScalarEntry {
  return scalar(name, [x], DOUBLE, {
    group,
    aliases,
    doc,
    examples: [{ sql, gives }],
    eval: f,
    ...(js === null ? {} : { codegen: ([a]: readonly string[]) => `${js}(${a})` }),
  })
}

/** A logarithm: NULL where `x` is not above `least`. */
function logarithm(
  name: string,
  doc: string,
  sql: string,
  gives: string,
  f: (x: number) => number,
  least = 0,
): ScalarEntry {
  return scalar(name, [x], DOUBLE, {
    group,
    doc,
    examples: [{ sql, gives }],
    canBeNull: true,
    eval: (a: number) => (a <= least ? null : f(a)),
  })
}

function constant(name: string, doc: string, value: number, gives: string): ScalarEntry {
  return scalar(name, [], DOUBLE, {
    group,
    doc,
    examples: [{ sql: `${name}()`, gives }],
    eval: () => value,
    codegen: () => String(value),
  })
}

/** To the nearest whole number, ties to even. */
export function rint(a: number): number {
  if (!Number.isFinite(a) || Math.abs(a) >= 4503599627370496) return a
  const low = Math.floor(a)
  const d = a - low
  if (d < 0.5) return low
  if (d > 0.5) return low + 1
  return low % 2 === 0 ? low : low + 1
}

/** Functions of doubles. */
export const entries: readonly FunctionEntry[] = [
  unary('sqrt', 'Returns the square root.', 'sqrt(16)', '4.0', Math.sqrt, 'Math.sqrt'),
  unary('cbrt', 'Returns the cube root.', 'cbrt(27)', '3.0', Math.cbrt, 'Math.cbrt'),
  unary('exp', 'Returns e to the power `x`.', 'exp(0)', '1.0', Math.exp, 'Math.exp'),
  unary('expm1', 'Returns exp(`x`) − 1, exact near 0.', 'expm1(0)', '0.0', Math.expm1, 'Math.expm1'),
  unary('sin', 'Returns the sine of radians.', 'sin(0)', '0.0', Math.sin, 'Math.sin'),
  unary('cos', 'Returns the cosine of radians.', 'cos(0)', '1.0', Math.cos, 'Math.cos'),
  unary('tan', 'Returns the tangent of radians.', 'tan(0)', '0.0', Math.tan, 'Math.tan'),
  unary('cot', 'Returns the cotangent of radians.', 'cot(0)', 'Infinity', (a) => 1 / Math.tan(a), null),
  unary('sec', 'Returns the secant of radians.', 'sec(0)', '1.0', (a) => 1 / Math.cos(a), null),
  unary('csc', 'Returns the cosecant of radians.', 'csc(0)', 'Infinity', (a) => 1 / Math.sin(a), null),
  unary('asin', 'Returns the arc sine; NaN outside −1 to 1.', 'asin(0)', '0.0', Math.asin, 'Math.asin'),
  unary('acos', 'Returns the arc cosine; NaN outside −1 to 1.', 'acos(1)', '0.0', Math.acos, 'Math.acos'),
  unary('atan', 'Returns the arc tangent.', 'atan(0)', '0.0', Math.atan, 'Math.atan'),
  unary('sinh', 'Returns the hyperbolic sine.', 'sinh(0)', '0.0', Math.sinh, 'Math.sinh'),
  unary('cosh', 'Returns the hyperbolic cosine.', 'cosh(0)', '1.0', Math.cosh, 'Math.cosh'),
  unary('tanh', 'Returns the hyperbolic tangent.', 'tanh(0)', '0.0', Math.tanh, 'Math.tanh'),
  unary('asinh', 'Returns the inverse hyperbolic sine.', 'asinh(0)', '0.0', Math.asinh, 'Math.asinh'),
  unary('acosh', 'Returns the inverse hyperbolic cosine; NaN below 1.', 'acosh(1)', '0.0', Math.acosh, 'Math.acosh'),
  unary(
    'atanh',
    'Returns the inverse hyperbolic tangent; NaN outside −1 to 1.',
    'atanh(0)',
    '0.0',
    Math.atanh,
    'Math.atanh',
  ),
  unary('degrees', 'Returns radians as degrees.', 'degrees(0)', '0.0', (a) => (a * 180) / Math.PI, null),
  unary('radians', 'Returns degrees as radians.', 'radians(0)', '0.0', (a) => (a / 180) * Math.PI, null),
  unary('rint', 'Returns the whole number nearest to `x`, ties to even.', 'rint(2.5D)', '2.0', rint, null),
  logarithm('ln', 'Returns the natural logarithm; NULL unless `x` is positive.', 'ln(1)', '0.0', Math.log),
  logarithm('log10', 'Returns the decimal logarithm; NULL unless `x` is positive.', 'log10(1000)', '3.0', Math.log10),
  logarithm('log2', 'Returns the logarithm to base 2; NULL unless `x` is positive.', 'log2(8)', '3.0', Math.log2),
  logarithm(
    'log1p',
    'Returns ln(1 + `x`), exact near 0; NULL unless `x` is above −1.',
    'log1p(0)',
    '0.0',
    Math.log1p,
    -1,
  ),
  scalar('log', [arg('base', DOUBLE), arg('x', DOUBLE, { optional: true })], DOUBLE, {
    group,
    doc: 'With one argument the natural logarithm; with two the logarithm of `x` to `base`. NULL unless both are positive.',
    examples: [{ sql: 'log(2, 8)', gives: '3.0' }],
    canBeNull: true,
    eval: (b: number, a?: number) =>
      a === undefined ? (b <= 0 ? null : Math.log(b)) : b <= 0 || a <= 0 ? null : Math.log(a) / Math.log(b),
  }),
  scalar('pow', [x, arg('exponent', DOUBLE)], DOUBLE, {
    group,
    aliases: ['power'],
    doc: 'Returns `x` to the power `exponent`.',
    examples: [{ sql: 'pow(2, 10)', gives: '1024.0' }],
    eval: (a: number, b: number) => a ** b,
    codegen: ([a, b]) => `Math.pow(${a}, ${b})`,
  }),
  scalar('atan2', [arg('y', DOUBLE), x], DOUBLE, {
    group,
    doc: 'Returns the angle of the point (`x`, `y`) in radians.',
    examples: [{ sql: 'atan2(0, 1)', gives: '0.0' }],
    eval: Math.atan2,
    codegen: ([a, b]) => `Math.atan2(${a}, ${b})`,
  }),
  scalar('hypot', [x, arg('y', DOUBLE)], DOUBLE, {
    group,
    doc: 'Returns the length of the vector (`x`, `y`).',
    examples: [{ sql: 'hypot(3, 4)', gives: '5.0' }],
    eval: (a: number, b: number) => Math.hypot(a, b),
    codegen: ([a, b]) => `Math.hypot(${a}, ${b})`,
  }),
  constant('pi', 'Returns π.', Math.PI, '3.141592653589793'),
  constant('e', 'Returns e.', Math.E, '2.718281828459045'),
]
