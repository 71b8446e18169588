import type { DataType } from '../../src/types/data-type.ts'
import { CalendarInterval, MapValue, type Value } from '../../src/types/value.ts'

/** A seeded source of random numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) | 0
    let t = Math.imul(s ^ (s >>> 15), 1 | s)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)]!

const STRINGS = [
  '',
  ' ',
  'a',
  'A',
  'spillway',
  'Üñïçødé',
  '日本語',
  '😀',
  'a😀b',
  '\uE000',
  '\u{10FFFF}',
  'a,b,,c',
  '  pad ',
  '12',
  '-7',
  '3.5',
  '1e3',
  'true',
  '2024-02-29',
  '2024-02-29 12:34:56.789',
  'NaN',
  '%a_',
  'a\\b',
  '{"a":1,"b":[1,2]}',
  'http://h.example/p?q=1#f',
  'x'.repeat(40),
  'é'.repeat(20),
  'yyyy-MM-dd',
  'UTC',
  'America/New_York',
  'DAY',
  'month',
  '\n\t',
  "it's",
  '0',
  'ff',
  'SELECT',
  // Halves of surrogate pairs, which UTF-8 has no bytes for.
  '\uD83D',
  'a\uDE00b',
  '\uDE00\uD83D',
  'e\u0301\u200D\uFEFF',
  'ﬁ İ ı ß ς Σ',
  'a\0b',
  '-9223372036854775808',
  '9223372036854775808',
  '2147483647',
  '1.7976931348623157E308',
  '1e400',
  '-0',
  ' +5 ',
  '99999999999999999999999999999999999999',
  '0.000000000000000000000000000000000000001',
  '0001-01-01 00:00:00',
  '9999-12-31 23:59:59.999999',
  '+294247-01-10T04:00:54.775807Z',
  '2024-11-03 01:30:00 America/New_York',
  '12:34',
  'INTERVAL 1 DAY',
  '1-2',
  '3 04:05:06.789',
  '$.a',
  '$.b[1]',
  '[1,2,{"k":null}]',
  '{"a":"\\uD800"}',
  '(a+)(b)?',
  '[',
  '%%_\\_',
  '$0',
  'a=1&b=%20',
  '#,##0.00',
  '999.99',
  'utf-8',
  'y'.repeat(300),
] as const

const intRange = (random: () => number, low: number, high: number, small: boolean): number => {
  const roll = random()
  if (!small && roll < 0.12) return low
  if (!small && roll < 0.24) return high
  if (roll < 0.6) return Math.floor(random() * 12) - 3
  const [l, h] = small ? [-40, 40] : [low, high]
  return Math.max(low, Math.min(high, Math.floor(l + random() * (h - l + 1))))
}

const longs = [
  0n,
  1n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 53n,
  -(2n ** 53n),
  2n ** 53n - 1n,
  2n ** 31n,
  4294967296n,
]

/** A value of `type`: NULL now and then, extremes often. `small` keeps counts and spans small, for functions whose result grows with them. */
export function randomValue(type: DataType, random: () => number, small: boolean, nulls = 0.15): Value {
  if (random() < nulls) return null
  switch (type.kind) {
    case 'boolean':
      return random() < 0.5
    case 'tinyint':
      return intRange(random, -128, 127, small)
    case 'smallint':
      return intRange(random, -32768, 32767, small)
    case 'int':
      return intRange(random, -2147483648, 2147483647, small)
    case 'date':
      return random() < 0.2 && !small
        ? pick(random, [-719162, 2932896, 0, 19782, -141427, -2147483648, 2147483647])
        : 19000 + Math.floor(random() * (small ? 60 : 2000))
    case 'interval_ym':
      if (!small && random() < 0.1) return pick(random, [-2147483648, 2147483647])
      return Math.floor(random() * 50) - 20
    case 'bigint':
      if (small) return BigInt(Math.floor(random() * 60) - 20)
      return random() < 0.3
        ? pick(random, longs)
        : BigInt(Math.floor((random() - 0.5) * 10 ** Math.floor(random() * 18)))
    case 'timestamp':
    case 'timestamp_ntz':
      if (!small && random() < 0.15)
        return pick(random, [
          0n,
          -1n,
          -62135596800000000n,
          253402300799999999n,
          -30610224000000000n,
          // Both sides of an hour that a clock change skips or repeats in New York.
          1710053999999999n,
          1710054000000000n,
          1730611800000000n,
          2n ** 63n - 1n,
          -(2n ** 63n),
        ])
      return 1_700_000_000_000_000n + BigInt(Math.floor(random() * (small ? 86_400_000_000 * 30 : 1e14)))
    case 'interval_dt':
      if (!small && random() < 0.1) return pick(random, [2n ** 63n - 1n, -(2n ** 63n)])
      return BigInt(Math.floor((random() - 0.5) * 2e12)) * (random() < 0.1 && !small ? 1000n : 1n)
    case 'float':
      return Math.fround(randomDouble(random, small))
    case 'double':
      return randomDouble(random, small)
    case 'decimal': {
      const bound = 10n ** BigInt(type.precision)
      if (random() < 0.15 && !small) return random() < 0.5 ? bound - 1n : 1n - bound
      const digits = Math.floor(random() * (type.precision + 1))
      const x = BigInt(Math.floor(random() * 1e15)) * 10n ** 15n + BigInt(Math.floor(random() * 1e15))
      return (random() < 0.5 ? 1n : -1n) * (x % 10n ** BigInt(digits))
    }
    case 'string':
      return pick(random, STRINGS)
    case 'binary':
      return random() < 0.5
        ? Buffer.from(pick(random, STRINGS))
        : Uint8Array.from({ length: Math.floor(random() * 6) }, () => Math.floor(random() * 256))
    case 'interval':
      if (!small && random() < 0.1)
        return new CalendarInterval(
          pick(random, [-2147483648, 2147483647, 0]),
          pick(random, [-2147483648, 2147483647, 0]),
          pick(random, [2n ** 63n - 1n, -(2n ** 63n), 0n]),
        )
      return new CalendarInterval(
        Math.floor(random() * 30) - 10,
        Math.floor(random() * 60) - 20,
        BigInt(Math.floor((random() - 0.5) * 1e12)),
      )
    case 'array':
      return Array.from({ length: random() < 0.05 ? 20 : Math.floor(random() * 5) }, () =>
        randomValue(type.element, random, small, type.containsNull ? nulls : 0),
      )
    case 'map': {
      const seen = new Map<string, Value>()
      for (let i = Math.floor(random() * 4); i > 0; i--) {
        const key = randomValue(type.key, random, small, 0)
        seen.set(String(key), key)
      }
      return new MapValue(
        [...seen.values()],
        [...seen].map(() => randomValue(type.value, random, small, nulls)),
      )
    }
    case 'struct':
      return type.fields.map((f) => randomValue(f.type, random, small, f.nullable ? nulls : 0))
    case 'void':
      return null
  }
}

function randomDouble(random: () => number, small: boolean): number {
  const roll = random()
  if (roll < 0.25) return pick(random, [0, -0, 1, -1, 0.5, -2.5])
  if (roll < 0.4 && !small)
    return pick(random, [
      NaN,
      Infinity,
      -Infinity,
      1e308,
      -1e308,
      5e-324,
      2 ** 53,
      2 ** 63,
      -(2 ** 63),
      2147483648,
      -2147483649,
    ])
  return (random() - 0.5) * (small ? 50 : 10 ** Math.floor(random() * 20))
}

/** Equal as SQL results: NaN is NaN, -0 is not 0, text by its UTF-8. */
export function alike(a: Value, b: Value): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a === b || Buffer.from(a).equals(Buffer.from(b))
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((x, i) => alike(x as Value, b[i] as Value))
  if (a instanceof MapValue && b instanceof MapValue) return alike(a.keys, b.keys) && alike(a.values, b.values)
  if (a instanceof CalendarInterval && b instanceof CalendarInterval)
    return a.months === b.months && a.days === b.days && a.micros === b.micros
  return Object.is(a, b)
}
