import { equalValues } from '../types/compare.ts'
import type { Codegen } from './codegen.ts'
import type { BytesRef, Reg } from './emitter.ts'

/** The operators whose STRING form works on bytes, with the JavaScript test of an order against 0. */
const TESTS: Readonly<Record<string, string>> = {
  '=': '=== 0',
  '<=>': '=== 0',
  '<>': '!== 0',
  '<': '< 0',
  '<=': '<= 0',
  '>': '> 0',
  '>=': '>= 0',
}

/**
 * A comparison of two STRINGs, not NULL, of which at least one is still bytes: compared as bytes (the order of
 * UTF-8 bytes is Spark's). null when both are JavaScript strings or `operator` is no comparison.
 */
export function bytesComparison(operator: string, a: Reg, b: Reg): string | null {
  const test = Object.hasOwn(TESTS, operator) ? TESTS[operator] : undefined
  if (test === undefined || a.bytes === undefined || b.bytes === undefined) return null
  if (operator === '=' || operator === '<=>') return sameText(a.bytes, b.bytes)
  if (operator === '<>') return `!${sameText(a.bytes, b.bytes)}`
  const range = (x: BytesRef): string => `${x.data}, ${x.start}, ${x.end}`
  return `(rt.compareBytes(${range(a.bytes)}, ${range(b.bytes)}) ${test})`
}

function sameText(a: BytesRef, b: BytesRef): string {
  if (a.whole) [a, b] = [b, a]
  if (b.whole) return `(${a.end} - ${a.start} === ${b.end} && rt.sameBytes(${a.data}, ${a.start}, ${b.data}))`
  return `(${a.end} - ${a.start} === ${b.end} - ${b.start} && rt.sameRange(${a.data}, ${a.start}, ${a.end}, ${b.data}, ${b.start}))`
}

/** Equality of two values of one type, neither NULL, as `IN` wants it: NaN equals NaN, 0 equals -0. */
export function equalCode(gen: Codegen, a: Reg, b: Reg): string {
  if (a.form === 'str') {
    const bytes = bytesComparison('=', a, b)
    if (bytes !== null) return bytes
  }
  const x = gen.named(a)
  const y = gen.named(b)
  switch (a.type.kind) {
    case 'float':
    case 'double':
      return `${x} === ${y} || (${x} !== ${x} && ${y} !== ${y})`
    default:
      if (a.form !== 'value') return `${x} === ${y}`
      return `${gen.out.constant(equalValues(a.type))}(${x}, ${y})`
  }
}
