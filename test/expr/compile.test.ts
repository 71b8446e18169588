import { expect, test } from 'vitest'
import { Batch } from '../../src/columns/batch.ts'
import { batchOf, vectorOf } from '../../src/columns/builder.ts'
import { BytesVector, Int32Vector, NullVector, StructVector } from '../../src/columns/vector.ts'
import { ExecutionError } from '../../src/errors/errors.ts'
import type { CallExpr, Expr, ParamExpr } from '../../src/expr/bound.ts'
import { codegenReport, compileFilter, compileFused, compileProjection } from '../../src/expr/compile.ts'
import type { ExprEnv } from '../../src/expr/env.ts'
import { foldConstants, isDeterministic, isFoldable } from '../../src/expr/fold.ts'
import { interpret, interpretCalls } from '../../src/expr/interpret.ts'
import { arg, scalar, type FunctionEntry } from '../../src/functions/entry.ts'
import {
  arrayOf,
  BIGINT,
  BOOLEAN,
  decimal,
  DOUBLE,
  field,
  INT,
  STRING,
  structOf,
  TIMESTAMP,
  VOID,
  type DataType,
} from '../../src/types/data-type.ts'
import type { Value } from '../../src/types/value.ts'
import { and, call, cast, coalesce, col, env, isIn, legacyEnv, lit, or, schemaOfTypes, when } from './build.ts'

const rowsOf = (vectors: readonly { get(row: number): Value }[], n: number): Value[][] =>
  Array.from({ length: n }, (_, i) => vectors.map((v) => v.get(i)))

/** Values of one expression over rows, compiled; checked against interpret. */
function run(e: Expr, types: DataType[], rows: Value[][], e2: ExprEnv = env): Value[] {
  const schema = schemaOfTypes(...types)
  const [vector] = compileProjection([e], schema, e2).project(batchOf(schema, rows))
  const got = rows.map((_, i) => vector!.get(i))
  const judge = interpret(e, e2)
  expect(got).toEqual(rows.map((r) => judge(r)))
  return got
}

test('arithmetic propagates NULL', () => {
  const e = call('+', call('*', col(0, INT), lit(3, INT)), col(1, INT))
  expect(
    run(
      e,
      [INT, INT],
      [
        [1, 2],
        [null, 2],
        [4, null],
        [-5, 7],
      ],
    ),
  ).toEqual([5, null, null, -8])
})

test('BIGINT arithmetic is exact beyond 2^53 and raises beyond int64', () => {
  const e = call('+', col(0, BIGINT), lit(1n, BIGINT))
  const big = 2n ** 53n
  expect(run(e, [BIGINT], [[big - 1n], [big], [-big], [null], [2n ** 63n - 2n]])).toEqual([
    big,
    big + 1n,
    1n - big,
    null,
    2n ** 63n - 1n,
  ])
  const schema = schemaOfTypes(BIGINT)
  expect(() => compileProjection([e], schema, env).project(batchOf(schema, [[2n ** 63n - 1n]]))).toThrow(
    /ARITHMETIC_OVERFLOW/,
  )
  expect(run(call('-', col(0, BIGINT), lit(2n ** 60n, BIGINT)), [BIGINT], [[2n ** 60n], [1n]])).toEqual([
    0n,
    1n - 2n ** 60n,
  ])
})

test('and, or, case, coalesce and in are three-valued and lazy', () => {
  const boom = call('=', call('div', lit(1n, BIGINT), col(0, BIGINT)), lit(1n, BIGINT))
  const guard = call('<>', col(0, BIGINT), lit(0n, BIGINT))
  const rows = [[0n], [1n], [2n], [null]]
  expect(run(and(guard, boom), [BIGINT], rows)).toEqual([false, true, false, null])
  expect(run(or(call('=', col(0, BIGINT), lit(0n, BIGINT)), boom), [BIGINT], rows)).toEqual([true, true, false, null])
  expect(run(when([[guard, boom]], lit(null, BOOLEAN)), [BIGINT], rows)).toEqual([null, true, false, null])
  expect(
    run(
      coalesce(col(1, STRING), col(0, STRING), lit('z', STRING)),
      [STRING, STRING],
      [
        ['a', 'b'],
        ['a', null],
        [null, null],
      ],
    ),
  ).toEqual(['b', 'a', 'z'])
  expect(
    run(
      isIn(col(0, INT), lit(1, INT), lit(null, INT), col(1, INT)),
      [INT, INT],
      [
        [1, 5],
        [2, 2],
        [3, 4],
        [null, 1],
      ],
    ),
  ).toEqual([true, true, null, null])
  const many = Array.from({ length: 20 }, (_, i) => lit(BigInt(i * 3), BIGINT))
  expect(run(isIn(col(0, BIGINT), ...many), [BIGINT], [[3n], [4n], [2n ** 62n], [null]])).toEqual([
    true,
    false,
    false,
    null,
  ])
})

test('STRING comparisons work on bytes, in the order of code points', () => {
  const rows = [
    ['a', 'b'],
    ['é', 'é'],
    ['\uFFFD', '😀'],
    ['', 'x'],
    [null, 'x'],
    ['abc', 'ab'],
  ]
  const types = [STRING, STRING]
  for (const op of ['=', '<>', '<', '<=', '>', '>=', '<=>']) {
    run(call(op, col(0, STRING), col(1, STRING)), types, rows)
    run(call(op, col(0, STRING), lit('é', STRING)), types, rows)
    run(call(op, lit('ab', STRING), col(1, STRING)), types, rows)
  }
  expect(run(call('<', col(0, STRING), col(1, STRING)), types, rows)).toEqual([true, false, true, true, null, false])
  expect(run(isIn(col(0, STRING), lit('é', STRING), lit('abc', STRING)), types, rows)).toEqual([
    false,
    true,
    false,
    false,
    null,
    true,
  ])
})

test('computed strings of every length come out as UTF-8', () => {
  const texts = ['', 'short', 'é', 'x'.repeat(200), '日本'.repeat(50), null, 'a😀b']
  const e = when([[call('isnull', col(1, INT)), col(0, STRING)]], lit('-', STRING))
  expect(
    run(
      e,
      [STRING, INT],
      texts.map((t) => [t, null]),
    ),
  ).toEqual(texts)
})

test('struct members are vector access, NULL where the struct is', () => {
  const type = structOf([field('a', INT), field('b', structOf([field('c', STRING)]))])
  const inner: Expr = {
    kind: 'field',
    arg: col(0, type),
    index: 1,
    type: structOf([field('c', STRING)]),
    nullable: true,
  }
  const c: Expr = { kind: 'field', arg: inner, index: 0, type: STRING, nullable: true }
  const schema = schemaOfTypes(type)
  const batch = batchOf(schema, [[[1, ['x']]], [null], [[2, null]], [[null, ['y']]]])
  const [v] = compileProjection([c], schema, env).project(batch)
  expect(rowsOf([v!], 4).flat()).toEqual(['x', null, null, 'y'])
  const [same] = compileProjection(
    [{ kind: 'field', arg: col(0, type), index: 0, type: INT, nullable: true }],
    schema,
    env,
  ).project(new Batch(schema, [new StructVector(type, (batch.columns[0] as StructVector).children, null, 4)], 4))
  expect(same).toBe((batch.columns[0] as StructVector).children[0])
  expect(run(call('=', c, lit('y', STRING)), [type], [[[1, ['x']]], [null], [[2, null]], [[null, ['y']]]])).toEqual([
    false,
    null,
    null,
    true,
  ])
})

test('a pruned struct member reads as NULL', () => {
  const type = structOf([field('a', INT), field('b', STRING)])
  const schema = schemaOfTypes(type)
  const struct = new StructVector(type, [vectorOf(INT, [1, 2]), new NullVector(STRING, 2)], null, 2)
  const b: Expr = { kind: 'field', arg: col(0, type), index: 1, type: STRING, nullable: true }
  const [v] = compileProjection([coalesce(b, lit('none', STRING))], schema, env).project(new Batch(schema, [struct], 2))
  expect(rowsOf([v!], 2)).toEqual([['none'], ['none']])
})

test('filter gives the selection; null when every row passes', () => {
  const schema = schemaOfTypes(INT)
  const batch = batchOf(schema, [[1], [5], [null], [9]])
  const keep = compileFilter(and(call('>', col(0, INT), lit(1, INT)), call('<', col(0, INT), lit(9, INT))), schema, env)
  expect(keep(batch)).toEqual(Int32Array.of(1))
  expect(compileFilter(call('isnotnull', col(0, INT)), schema, env)(batch)).toEqual(Int32Array.of(0, 1, 3))
  expect(compileFilter(lit(true, BOOLEAN), schema, env)(batch)).toBeNull()
  expect(keep(batch.select(Int32Array.of(3, 1)))).toEqual(Int32Array.of(1))
})

test('fused: only rows that pass are computed, columns pass through', () => {
  const schema = schemaOfTypes(BIGINT, STRING)
  const batch = batchOf(schema, [
    [4n, 'a'],
    [0n, 'b'],
    [2n, 'c'],
  ])
  const fused = compileFused(
    call('<>', col(0, BIGINT), lit(0n, BIGINT)),
    [col(1, STRING), call('div', lit(8n, BIGINT), col(0, BIGINT)), lit('k', STRING)],
    schema,
    env,
  )
  const { selection, columns } = fused(batch)
  expect(selection).toEqual(Int32Array.of(0, 2))
  expect(columns[0]).toBe(batch.columns[1])
  const out = new Batch(schemaOfTypes(STRING, BIGINT, STRING), columns, 3, selection)
  expect([out.row(0), out.row(1)]).toEqual([
    ['a', 2n, 'k'],
    ['c', 4n, 'k'],
  ])
})

test('a common subexpression is computed once per row', () => {
  let calls = 0
  const counted = scalar('counted', [arg('x', INT)], INT, {
    group: 'test',
    doc: 'Counts.',
    examples: [{ sql: 'counted(1)', gives: '2' }],
    eval: (x: number) => (calls++, x + 1),
  })
  const own: ExprEnv = { ...env, lookup: (name) => (name === 'counted' ? counted : undefined) }
  const e: CallExpr = { kind: 'call', fn: 'counted', args: [col(0, INT)], type: INT, nullable: true }
  const copy = structuredClone(e) as CallExpr
  const schema = schemaOfTypes(INT)
  const sum = { ...call('+', col(0, INT), col(0, INT)), args: [e, copy] }
  compileFused(call('>', col(0, INT), lit(0, INT)), [sum, e], schema, own)(batchOf(schema, [[1], [2], [-1]]))
  expect(calls).toBe(2)
})

test('lambdas see the columns around them', () => {
  const apply: FunctionEntry = scalar('apply_all', [arg('xs', 'ARRAY'), arg('f', 'FUNCTION')], undefined, {
    group: 'test',
    doc: 'Maps.',
    examples: [{ sql: 'apply_all(array(1), x -> x)', gives: '[1]' }],
    eval: (xs: Value[], f: (x: Value) => Value) => xs.map((x) => f(x)),
  })
  const own: ExprEnv = { ...env, lookup: (name) => (name === 'apply_all' ? apply : undefined) }
  const x: ParamExpr = { kind: 'param', id: 7, name: 'x', type: BIGINT, nullable: true }
  const e: Expr = {
    kind: 'call',
    fn: 'apply_all',
    type: arrayOf(BIGINT),
    nullable: true,
    args: [
      col(0, arrayOf(BIGINT)),
      { kind: 'lambda', params: [x], body: call('+', x, col(1, BIGINT)), type: BIGINT, nullable: true },
    ],
  }
  const rows = [
    [[1n, null, 3n], 10n],
    [null, 1n],
    [[2n ** 60n], 1n],
    [[1n], null],
  ]
  expect(run(e, [arrayOf(BIGINT), BIGINT], rows, own)).toEqual([[11n, null, 13n], null, [2n ** 60n + 1n], [null]])
})

test('batch time is that of the batch, in both modes', () => {
  let now = 5n
  const own: ExprEnv = { ...env, batchTimeUs: () => now }
  const schema = schemaOfTypes(INT)
  const p = compileProjection([{ kind: 'context', name: 'batch_time', type: TIMESTAMP, nullable: false }], schema, own)
  const batch = batchOf(schema, [[1]])
  expect(p.project(batch)[0]!.get(0)).toBe(5n)
  now = 2n ** 60n
  expect(p.project(batch)[0]!.get(0)).toBe(2n ** 60n)
})

test('an error names its clause', () => {
  const sql = 'SELECT a, 1 / b FROM t'
  const at = { sql, start: 10, end: 15 }
  const e = { ...call('/', col(0, DOUBLE), col(1, DOUBLE)), at }
  const schema = schemaOfTypes(DOUBLE, DOUBLE)
  try {
    compileProjection([e], schema, env).project(
      batchOf(schema, [
        [1, 2],
        [1, 0],
      ]),
    )
    expect.unreachable()
  } catch (error) {
    expect(error).toBeInstanceOf(ExecutionError)
    expect((error as ExecutionError).code).toBe('DIVIDE_BY_ZERO')
    expect((error as ExecutionError).at).toEqual(at)
  }
})

test('running compiled code interprets nothing', () => {
  const schema = schemaOfTypes(INT, STRING)
  const p = compileProjection([call('+', col(0, INT), lit(1, INT)), cast(col(1, STRING), DOUBLE, 'try')], schema, env)
  const before = interpretCalls.count
  p.project(
    batchOf(schema, [
      [1, '2.5'],
      [2, 'x'],
    ]),
  )
  expect(interpretCalls.count).toBe(before)
})

test('casts agree with the caster at the borders', () => {
  const doubles = [0, -0, 1.9, -1.9, 2147483647.5, -2147483648.5, null]
  run(
    cast(col(0, DOUBLE), INT),
    [DOUBLE],
    doubles.map((x) => [x]),
  )
  run(
    cast(col(0, DOUBLE), BIGINT),
    [DOUBLE],
    [...doubles, 9007199254740992, -9.2e18].map((x) => [x]),
  )
  const all = [NaN, Infinity, 2147483648, 1e300, -1e300, ...doubles]
  for (const mode of ['try', 'legacy'] as const)
    for (const type of [
      INT,
      BIGINT,
      { kind: 'tinyint' },
      { kind: 'float' },
      BOOLEAN,
      STRING,
      decimal(10, 2),
    ] as DataType[])
      run(
        cast(col(0, DOUBLE), type, mode),
        [DOUBLE],
        all.map((x) => [x]),
        legacyEnv,
      )
  const longs = [0n, 1n, 127n, 128n, -129n, 2n ** 31n, 2n ** 53n, -(2n ** 63n), null].map((x) => [x])
  for (const type of [
    INT,
    { kind: 'tinyint' },
    DOUBLE,
    { kind: 'float' },
    BOOLEAN,
    STRING,
    decimal(18, 4),
    decimal(30, 2),
    decimal(3, 0),
  ] as DataType[])
    run(cast(col(0, BIGINT), type, 'try'), [BIGINT], longs)
  const decimals = [0n, 150n, -12345n, 999999999999999999n, null].map((x) => [x])
  for (const type of [DOUBLE, decimal(18, 4), decimal(20, 4), decimal(5, 1), BOOLEAN, BIGINT, STRING] as DataType[])
    run(cast(col(0, decimal(18, 2)), type, 'try'), [decimal(18, 2)], decimals)
  expect(() => run(cast(col(0, DOUBLE), INT), [DOUBLE], [[NaN]])).toThrow(/CAST_OVERFLOW/)
})

test('constants fold; what raises or is random stays', () => {
  const two = call('+', lit(1, INT), lit(1, INT))
  expect(foldConstants(call('*', two, col(0, INT)), env)).toMatchObject({
    args: [{ kind: 'literal', value: 2 }, { kind: 'column' }],
  })
  const boom = call('/', lit(1, DOUBLE), lit(0, DOUBLE))
  expect(foldConstants(boom, env)).toBe(boom)
  expect(isFoldable({ kind: 'context', name: 'batch_time', type: TIMESTAMP, nullable: false }, env)).toBe(false)
  expect(isFoldable(cast(lit('now', STRING), TIMESTAMP), env)).toBe(false)
  expect(isFoldable(cast(lit('2024-01-01', STRING), TIMESTAMP), env)).toBe(true)
  expect(isDeterministic(two, env)).toBe(true)
  expect(foldConstants(lit(null, VOID), env)).toEqual(lit(null, VOID))
})

test('a user text never becomes source', () => {
  const nasty = "'; throw 1; //`${x}\n\u2028"
  expect(run(call('=', col(0, STRING), lit(nasty, STRING)), [STRING], [[nasty], ['a']])).toEqual([true, false])
  expect(
    run(when([[call('isnull', col(0, STRING)), lit(nasty, STRING)]], col(0, STRING)), [STRING], [[null], ['a']]),
  ).toEqual([nasty, 'a'])
})

test('the report names what falls back', () => {
  const report = codegenReport([call('+', cast(col(0, STRING), INT), lit(1, INT))], env)
  expect(report).toEqual({ calls: 2, fallbacks: ['cast string to int'] })
})

test('an empty batch gives empty columns', () => {
  const schema = schemaOfTypes(BIGINT, STRING)
  const { selection, columns } = compileFused(
    call('>', col(0, BIGINT), lit(0n, BIGINT)),
    [call('+', col(0, BIGINT), lit(1n, BIGINT)), coalesce(col(1, STRING), lit('x', STRING)), lit('k', STRING)],
    schema,
    env,
  )(batchOf(schema, []))
  expect(selection).toBeNull()
  expect(columns.map((c) => c.length)).toEqual([0, 0, 0])
})

test('a vector kernel runs once per batch over the rows that count; the loop takes over where it declines or fails', () => {
  const seen: (number[] | null)[] = []
  let answer: 'vector' | 'declines' | 'fails' = 'vector'
  const doubled = scalar('doubled', [arg('x', INT), arg('by', INT)], INT, {
    group: 'test',
    doc: 'Multiplies.',
    examples: [{ sql: 'doubled(1, 2)', gives: '2' }],
    eval: (x: number, by: number) => x * by,
    vector: ([x, by], rows, length) => {
      seen.push(rows === null ? null : [...rows])
      if (answer === 'declines') return null
      if (answer === 'fails') throw new ExecutionError('DIVIDE_BY_ZERO', {})
      const out = new Int32Array(length)
      for (let i = 0; i < length; i++) out[i] = (x as Int32Vector).values[i]! * (by as Int32Vector).values[i]!
      return new Int32Vector(INT, out, null)
    },
  })
  const own: ExprEnv = { ...env, lookup: (name) => (name === 'doubled' ? doubled : undefined) }
  const e: CallExpr = { kind: 'call', fn: 'doubled', args: [col(0, INT), lit(2, INT)], type: INT, nullable: true }
  const schema = schemaOfTypes(INT)
  const batch = batchOf(schema, [[1], [null], [3]])
  for (answer of ['vector', 'declines', 'fails'] as const) {
    seen.length = 0
    const plus = call('+', e, lit(1, INT))
    const { selection, columns } = compileFused(call('isnotnull', col(0, INT)), [e, plus], schema, own)(batch)
    expect(selection).toEqual(Int32Array.of(0, 2))
    expect(columns.map((c) => [c.get(0), c.get(2)])).toEqual([
      [2, 6],
      [3, 7],
    ])
    expect(seen[0]).toEqual([0, 2])
    expect(rowsOf(compileProjection([e, plus], schema, own).project(batch), 3)).toEqual([
      [2, 3],
      [null, null],
      [6, 7],
    ])
  }
})

test('a choice between strings copies bytes', () => {
  const e = when([[call('=', col(1, INT), lit(1, INT)), col(0, STRING)]], coalesce(col(2, STRING), lit('日本', STRING)))
  const rows = [
    ['a', 1, 'b'],
    ['a', 2, 'b'],
    ['a', 2, null],
    [null, 1, 'b'],
  ]
  const types = [STRING, INT, STRING]
  expect(run(e, types, rows)).toEqual(['a', 'b', '日本', null])
  expect(run(call('=', e, lit('日本', STRING)), types, rows)).toEqual([false, false, true, null])
  expect(run(cast(cast(e, { kind: 'binary' }), STRING), types, rows)).toEqual(['a', 'b', '日本', null])
})

test('what is random runs once per row, whatever the mode', () => {
  let calls = 0
  const roll = scalar('roll', [arg('x', BIGINT)], BIGINT, {
    group: 'test',
    doc: 'Counts.',
    examples: [{ sql: 'roll(1)', gives: '1' }],
    deterministic: false,
    bind: () => (x: bigint) => x + BigInt(++calls),
  })
  const own: ExprEnv = { ...env, lookup: (name) => (name === 'roll' ? roll : undefined) }
  const e = (): CallExpr => ({ kind: 'call', fn: 'roll', args: [col(0, BIGINT)], type: BIGINT, nullable: true })
  const schema = schemaOfTypes(BIGINT)
  const got = compileProjection([e(), e()], schema, own).project(batchOf(schema, [[0n], [2n ** 60n]]))
  expect(rowsOf(got, 2)).toEqual([
    [1n, 2n],
    [2n ** 60n + 3n, 2n ** 60n + 4n],
  ])
  expect(foldConstants({ ...e(), args: [lit(1n, BIGINT)] }, own)).toMatchObject({ kind: 'call' })
})

test('text is read alike one by one, all at once, and out of a wide block', () => {
  const types = [STRING]
  const e = call('upper', col(0, STRING))
  const texts = Array.from({ length: 60 }, (_, i) => (i % 7 === 3 ? null : `item-${i}`))
  const upper = texts.map((t) => t?.toUpperCase() ?? null)
  expect(
    run(
      e,
      types,
      texts.map((t) => [t]),
    ),
  ).toEqual(upper)
  expect(run(e, types, [['é'], ...texts.map((t) => [t])])).toEqual(['É', ...upper])
  // Values far apart in their block, in another order than the rows, with bytes between them that are not theirs.
  const data = Buffer.from(
    texts
      .map((t) => `${'-'.repeat(100)}${t ?? ''}`)
      .reverse()
      .join(''),
  )
  const starts = Int32Array.from(texts, (t) => (t === null ? 0 : data.indexOf(`-${t}`) + 1))
  const ends = Int32Array.from(texts, (t, i) => starts[i]! + (t?.length ?? 0))
  const validity = Uint8Array.from(texts, (t) => (t === null ? 0 : 1))
  const schema = schemaOfTypes(STRING)
  const batch = new Batch(schema, [new BytesVector(STRING, data, starts, ends, validity)], texts.length)
  expect(rowsOf(compileProjection([e], schema, env).project(batch), 60).flat()).toEqual(upper)
})
