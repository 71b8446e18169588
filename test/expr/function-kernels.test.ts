import { expect, test } from 'vitest'
import { Batch } from '../../src/columns/batch.ts'
import { batchOf } from '../../src/columns/builder.ts'
import { BytesVector } from '../../src/columns/vector.ts'
import type { Expr } from '../../src/expr/bound.ts'
import { codegenReport, compileFused, compileProjection } from '../../src/expr/compile.ts'
import { interpret } from '../../src/expr/interpret.ts'
import { lookup, resolveCall } from '../../src/functions/registry.ts'
import { arrayOf, BOOLEAN, DOUBLE, INT, STRING, type DataType } from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { env, lit, schemaOfTypes } from './build.ts'
import { alike } from './random-values.ts'

const column = (type: DataType): Expr => ({ kind: 'column', index: 0, name: 'c0', type, nullable: true })

/** A call over the first column, of `type`; what is no column is a constant. */
function call(fn: string, type: DataType, ...constants: Value[]): Expr {
  const args = [column(type), ...constants.map((c) => lit(c, typeof c === 'number' ? INT : STRING))]
  const known = args.map((a, i) => ({ type: a.type, nullable: true, constant: i === 0 ? undefined : constants[i - 1] }))
  return { kind: 'call', fn, args, type: resolveCall(lookup(fn)!, known, env).type, nullable: true }
}

/** One column of values that lie anywhere in their bytes, also ones that are no UTF-8. */
function bytesBatch(values: readonly (string | Buffer | null)[]): Batch {
  const pieces = values.map((v) => (v === null ? Buffer.alloc(0) : Buffer.from(v)))
  const ends = Int32Array.from(
    pieces,
    (
      (at) => (p: Buffer) =>
        (at += p.length + 1) - 1
    )(0),
  )
  const starts = ends.map((end, i) => end - pieces[i]!.length)
  const data = Buffer.concat(pieces.flatMap((p) => [p, Buffer.from('|')]))
  const validity = Uint8Array.from(values, (v) => (v === null ? 0 : 1))
  return new Batch(schemaOfTypes(STRING), [new BytesVector(STRING, data, starts, ends, validity)], values.length)
}

const ASCII = ['', ' ', 'a', 'Mill', '  race ', 'user-17', '/a/b//c', null]
const TEXTS: Readonly<Record<string, readonly (string | Buffer | null)[]>> = {
  ASCII,
  'other characters': [...ASCII, 'é', ' Añb ', '😀x😀', 'ΑΣ', 'ß-ı'],
  'broken bytes': [...ASCII, Buffer.from([0xc3]), Buffer.from([0x20, 0xa9, 0x41]), Buffer.from([0xf0, 0x9f, 0x98])],
}
const CALLS: readonly (readonly [string, ...Value[]])[] = [
  ['upper'],
  ['lower'],
  ['length'],
  ['trim'],
  ['ltrim'],
  ['rtrim'],
  ['btrim', ' a'],
  ['substring', 2, 2],
  ['substring', -3, 2],
  ['substring', 0],
  ['left', 2],
  ['right', 2],
  ['lpad', 6, 'xy'],
  ['rpad', 3],
  ['replace', 'a', '$&'],
  ['replace', 'é', ''],
  ['split_part', '/', 2],
  ['instr', 'b'],
  ['concat', '-', 'z'],
  ['reverse'],
  ['hash', 'x'],
  ['regexp_extract', '([a-z]+)', 1],
  ['regexp_replace', '([a-z])(x)?', '<$1$2>'],
]

for (const [what, values] of Object.entries(TEXTS))
  test.each(CALLS)(`%s over ${what}`, (fn, ...constants) => {
    const e = call(fn as string, STRING, ...constants)
    const batch = bytesBatch(values)
    const judge = interpret(e, env)
    const wanted = values.map((_, i) => judge(batch.row(i)))
    const odd = batch.select(Int32Array.from([1, 3, 5, values.length - 1]))
    for (const kernels of [true, false]) {
      const projection = compileProjection([e], batch.schema, env, { kernels })
      const out = projection.project(batch)[0]!
      expect(values.map((_, i) => out.get(i))).toEqual(wanted)
      const some = projection.project(odd)[0]!
      for (const r of odd.selection!) expect(some.get(r)).toEqual(wanted[r])
    }
  })

test('a kernel that declined some batches is asked again, one that declines every batch no more', () => {
  const e = call('upper', STRING)
  const filter: Expr = { kind: 'call', fn: '<>', args: [e, lit('X', STRING)], type: BOOLEAN, nullable: true }
  const run = compileFused(filter, [e], schemaOfTypes(STRING), env)
  for (const text of ['a', 'é', 'b', 'é', 'ü', 'ñ', 'é', 'c']) {
    const { selection, columns } = run(batchOf(schemaOfTypes(STRING), [[text], ['x']]))
    expect([...selection!].map((r) => columns[0]!.get(r))).toEqual([text.toUpperCase()])
  }
})

test.each([0, 1, 2, 3, 7])('round, bround, floor and ceil near ties and zero, to %i digits', (digits) => {
  const near = [0, -0, 0.5, 1.5, 2.5, 2.345, 1.005, 2.675, 0.045, 1e-9, 4503599627370497.5, 9e15, 1e22, 1e300, NaN]
  const values = [...near, Infinity, 0.1 + 0.2, 2.5000000000000004, 0.49999999999999994, 123456789.125]
  const rows = values.flatMap((x) => [[x], [-x]])
  const batch = batchOf(schemaOfTypes(DOUBLE), rows)
  for (const e of [call('round', DOUBLE, digits), call('bround', DOUBLE, digits)]) {
    const judge = interpret(e, env)
    const out = compileProjection([e], batch.schema, env).project(batch)[0]!
    rows.forEach((row, i) => expect([row, out.get(i)]).toEqual([row, judge(row)]))
    expect(codegenReport([e], env).fallbacks).toEqual([])
  }
  for (const e of [call('floor', DOUBLE), call('ceil', DOUBLE)]) {
    const judge = interpret(e, env)
    const out = compileProjection([e], batch.schema, env).project(batch)[0]!
    rows.forEach((row, i) => expect(alike(out.get(i), judge(row))).toBe(true))
  }
})

test('elements, sizes and orders of arrays with NULL in and around them', () => {
  const rows: Value[][] = [[[3, 1, 2]], [[]], [null], [[null, 7]], [[5]]]
  const batch = batchOf(schemaOfTypes(arrayOf(INT)), rows)
  const plain = batchOf(schemaOfTypes(arrayOf(INT)), [[[3, 1, 2]], [[]], [Array.from({ length: 40 }, (_, i) => -i)]])
  const calls = [
    call('try_element_at', arrayOf(INT), -1),
    call('get', arrayOf(INT), 0),
    call('size', arrayOf(INT)),
    call('sort_array', arrayOf(INT)),
    call('array_contains', arrayOf(INT), 7),
  ]
  for (const e of calls)
    for (const b of [batch, plain]) {
      const judge = interpret(e, env)
      const out = compileProjection([e], b.schema, env).project(b)[0]!
      for (let i = 0; i < b.rowCount; i++) expect(out.get(i)).toEqual(judge(b.row(i)))
    }
})
