import type { Vector } from '../../columns/vector.ts'
import type { DataType, Field, Schema } from '../../types/data-type.ts'
import type { EncodeHelpers } from './encode-helpers.ts'
import { quoted, type TimeWriters } from './json-text.ts'

/** Appends the lines of `n` rows (of `selection`, or the first n) to `h`. */
export type Encode = (columns: readonly Vector[], selection: Int32Array | null, n: number, h: EncodeHelpers) => void

const cache = new Map<string, Encode>()

/** Compiles the encoder of a schema. `others` are the types of the values that go the long way, in the order of their numbers. */
export function compileEncoder(
  schema: Schema,
  ignoreNulls: boolean,
  times: TimeWriters = {},
): { readonly encode: Encode; readonly others: readonly DataType[] } {
  const { source, others } = encodeSource(schema, ignoreNulls, times)
  let encode = cache.get(source)
  if (encode === undefined) {
    if (cache.size >= 64) cache.delete(cache.keys().next().value!)
    encode = new Function(`'use strict'; ${source}`)() as Encode
    cache.set(source, encode)
  }
  return { encode, others }
}

/** Bytes a number, date or timestamp takes at most, and what a copy may run over its end. */
const NUMBER_ROOM = 48

/**
 * The JavaScript text of an encoder. Each member writes `,"name":value`, and the comma at the beginning of an object is
 * turned into its brace at the end: so members may be left out without a branch. Copies and constants are written
 * in words of four bytes that may run over what comes next: ROOM bytes are always free behind `q`.
 */
export function encodeSource(
  schema: Schema,
  ignoreNulls: boolean,
  times: TimeWriters = {},
): { readonly source: string; readonly others: readonly DataType[] } {
  const setup: string[] = []
  const others: DataType[] = []
  let vectors = 0
  let fixed = 64

  const literal = (text: string): string => {
    const bytes = Buffer.from(text)
    fixed += bytes.length + 4
    const padded = Buffer.concat([bytes, Buffer.alloc(4)])
    const words: string[] = []
    for (let i = 0; i < bytes.length; i += 4) words.push(`w.setInt32(q + ${i}, ${padded.readInt32LE(i)}, true);`)
    return `${words.join(' ')} q += ${bytes.length};`
  }

  const member = (f: Field, expr: string): string => {
    const id = vectors++
    setup.push(`const C${id} = ${expr}, N${id} = C${id}.validity;`)
    const value = valueSource(id, f.type)
    const name = literal(`,${quoted(f.name)}:`)
    const orNull = ignoreNulls ? '' : ` else { ${name} ${literal('null')} }`
    return `if (N${id} === null || N${id}[r] === 1) { ${name} ${value} }${orNull}`
  }

  const object = (fields: readonly Field[], expr: (i: number) => string, id: string): string => {
    const members = fields.map((f, i) => member(f, expr(i)))
    return `const q${id} = q; ${members.join('\n')} if (q === q${id}) q++; b[q${id}] = 123; b[q++] = 125;`
  }

  const other = (id: number, type: DataType): string => {
    const at = others.push(type) - 1
    return `q = h.other(q, C${id}.get(r), ${at}, room); b = h.b; w = h.w;`
  }

  const valueSource = (id: number, type: DataType): string => {
    switch (type.kind) {
      case 'boolean':
        setup.push(`const A${id} = C${id}.values;`)
        return `if (A${id}[r] === 1) { ${literal('true')} } else { ${literal('false')} }`
      case 'tinyint':
      case 'smallint':
      case 'int':
        setup.push(`const A${id} = C${id}.values;`)
        fixed += NUMBER_ROOM
        return `{ let x = A${id}[r]; if (x < 0) { b[q++] = 45; x = -x } if (x < 2147483648) ${integer('x')} else ${large('x')} }`
      case 'bigint':
        setup.push(`const H${id} = C${id}.halves;`)
        fixed += NUMBER_ROOM
        return `{ const lo = H${id}[2 * r], hi = H${id}[2 * r + 1]; if (hi === 0 && lo >= 0) ${integer('lo')}
          else if (hi > -2097152 && hi < 2097151) { let x = hi * 4294967296 + (lo >>> 0); if (x < 0) { b[q++] = 45; x = -x } ${large('x')} }
          else { h.q = q; q = h.text(q, String(C${id}.values[r]), room); b = h.b; w = h.w } }`
      case 'decimal':
        fixed += NUMBER_ROOM
        return decimalSource(id, type.precision <= 18, type.scale)
      case 'timestamp':
      case 'timestamp_ntz':
        if ((type.kind === 'timestamp' ? times.timestamp : times.timestampNtz) !== undefined) return other(id, type)
        setup.push(
          `const H${id} = C${id}.halves; let m${id} = NaN, a${id} = 0, c${id} = 0, d${id} = 0, e${id} = 0, s${id} = 0, f${id} = 0, g${id} = 0;`,
        )
        fixed += NUMBER_ROOM
        return timestampSource(id, type.kind === 'timestamp')
      case 'string':
        setup.push(
          `const S${id} = C${id}.starts, T${id} = C${id}.ends, D${id} = C${id}.data, V${id} = new DataView(D${id}.buffer, D${id}.byteOffset, D${id}.byteLength), E${id} = D${id}.length - 4;`,
        )
        fixed += 8
        return stringSource(id)
      case 'struct':
        return `{ ${object(type.fields, (i) => `C${id}.children[${i}]`, String(id))} }`
      default:
        return other(id, type)
    }
  }

  const row = object(schema.fields, (i) => `columns[${i}]`, 'row')
  const strings = Array.from({ length: vectors }, (_, id) => id).filter((id) =>
    setup.some((s) => s.startsWith(`const S${id} `)),
  )
  const lengths = strings.map((id) => ` + (N${id} === null || N${id}[r] === 1 ? T${id}[r] - S${id}[r] : 0)`).join('')
  const source = `return function encode(columns, selection, n, h) {
  const room = ${fixed};
  let b = h.b, w = h.w, q = h.q;
  ${setup.join('\n  ')}
  for (let i = 0; i < n; i++) {
    const r = selection === null ? i : selection[i];
    const need = room${lengths};
    if (b.length - q < need) { h.grow(q, need); b = h.b; w = h.w }
    ${row}
    b[q++] = 10;
  }
  h.q = q;
}`
  return { source, others }
}

/** Writes the digits of x, 0 ≤ x < 2^31. */
function integer(x: string): string {
  return `{ let y = ${x} | 0, k = y < 100 ? (y < 10 ? 1 : 2) : y < 10000 ? (y < 1000 ? 3 : 4) : y < 1000000 ? (y < 100000 ? 5 : 6) : y < 100000000 ? (y < 10000000 ? 7 : 8) : y < 1000000000 ? 9 : 10;
    q += k; let z = q; do { const t = y / 10 | 0; b[--z] = 48 + y - t * 10; y = t } while (y !== 0) }`
}

/** Writes the digits of x, 0 ≤ x ≤ 2^53. */
function large(x: string): string {
  return `if (${x} < 2147483648) ${integer(x)} else { const up8 = Math.floor(${x} / 1e8), low8 = ${x} - up8 * 1e8; ${integer('up8')} ${padded('low8', 8)} }`
}

/** Writes x < 10^digits with leading zeros; digits ≤ 9. */
function padded(x: string, digits: number): string {
  return `{ let y = ${x} | 0; q += ${digits}; for (let z = q, k = ${digits}; k > 0; k--) { const t = y / 10 | 0; b[--z] = 48 + y - t * 10; y = t } }`
}

function decimalSource(id: number, narrow: boolean, scale: number): string {
  const read = narrow
    ? `const v = C${id}.halves, hi = v[2 * r + 1]; let x = hi > -2097152 && hi < 2097151 ? hi * 4294967296 + (v[2 * r] >>> 0) : NaN;`
    : `const v = C${id}.halves, hi = v[4 * r + 1], up = hi >> 31; let x = hi > -2097152 && hi < 2097151 && v[4 * r + 2] === up && v[4 * r + 3] === up ? hi * 4294967296 + (v[4 * r] >>> 0) : NaN;`
  const sign = `if (x < 0) { b[q++] = 45; x = -x }`
  const whole = scale === 0 ? `{ ${large('x')} }` : scale <= 9 ? fraction(scale) : null
  const long = `q = h.text(q, h.decimal(C${id}.get(r), ${scale}), room); b = h.b; w = h.w`
  if (whole === null) return `{ ${long} }`
  return `{ ${read} if (x === x) { ${sign} ${whole} } else { ${long} } }`
}

function fraction(scale: number): string {
  const ten = 10 ** scale
  return `{ let top = Math.floor(x / ${ten}), part = x - top * ${ten}; if (part < 0) { top--; part += ${ten} } else if (part >= ${ten}) { top++; part -= ${ten} }
    { ${large('top')} } b[q++] = 46; ${padded('part', scale)} }`
}

function timestampSource(id: number, zoned: boolean): string {
  // The minute's text is made once and kept in locals: rows mostly share it.
  return `{ const hi = H${id}[2 * r + 1], us = hi * 4294967296 + (H${id}[2 * r] >>> 0);
    b[q++] = 34; let u = us - m${id};
    if (!(u >= 0 && u < 60000000)) { h.minute(us, ${zoned}); m${id} = h.minuteUs; a${id} = h.w0; c${id} = h.w1; d${id} = h.w2; e${id} = h.w3; s${id} = h.suffix; f${id} = h.w4; g${id} = h.w5; u = us - m${id} }
    if (s${id} < 0 || hi > 2097150 || hi < -2097151) { q = h.timestamp(q, C${id}.values[r], ${zoned}, room); b = h.b; w = h.w; m${id} = NaN }
    else {
      w.setInt32(q, a${id}, true); w.setInt32(q + 4, c${id}, true); w.setInt32(q + 8, d${id}, true); w.setInt32(q + 12, e${id}, true);
      const ms = u / 1000 | 0, sec = ms / 1000 | 0, f = ms - sec * 1000, st = sec / 10 | 0, fh = f / 100 | 0, ft = (f - fh * 100) / 10 | 0;
      w.setInt32(q + 16, 0x2e30303a + (st << 8) + (sec - st * 10 << 16), true);
      w.setInt32(q + 20, 0x5a303030 + fh + (ft << 8) + (f - fh * 100 - ft * 10 << 16), true);
      q += 23;
      if (s${id} === 1) q++; else if (s${id} === 6) { w.setInt32(q, f${id}, true); w.setInt32(q + 4, g${id}, true); q += 6 }
    }
    b[q++] = 34; }`
}

function stringSource(id: number): string {
  const hit = (w: string): string =>
    `((${w} ^ 0x22222222) - 0x01010101 & ~(${w} ^ 0x22222222) | (${w} ^ 0x5c5c5c5c) - 0x01010101 & ~(${w} ^ 0x5c5c5c5c) | ${w} - 0x20202020 & ~${w}) & 0x80808080`
  return `{ let s = S${id}[r]; const t = T${id}[r], from = s; let p = q + 1, bad = t > E${id} ? 1 : 0; b[q] = 34;
    if (bad === 0) {
      for (const last = t - 4; s <= last; s += 4, p += 4) { const x = V${id}.getInt32(s, true); w.setInt32(p, x, true); bad |= ${hit('x')} }
      if (s < t) { const keep = (1 << (t - s << 3)) - 1, x = V${id}.getInt32(s, true); w.setInt32(p, x, true); const y = x & keep | 0x20202020 & ~keep; bad |= ${hit('y')}; p += t - s }
    }
    if (bad !== 0) { p = h.escaped(q + 1, D${id}, from, t, need + room); b = h.b; w = h.w }
    b[p] = 34; q = p + 1; }`
}
