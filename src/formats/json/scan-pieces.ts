/**
 * Pieces of the generated scan, as JavaScript text. In them: `b` the block (Buffer) and `v` a DataView over the same
 * bytes, `q` the position, `e` the end of the line, `h` the functions of scan-helpers.ts. `fail` is the statement
 * that gives the line up (`break L0`).
 */

const word = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)

/** A condition, true unless `bytes` stand at `at` (an expression): four bytes a comparison. */
export function differs(bytes: Uint8Array, at: string): string {
  const n = bytes.length
  if (n < 4) return Array.from(bytes, (x, i) => `b[${at} + ${i}] !== ${x}`).join(' || ')
  const tests: string[] = []
  // The last word may overlap the one before: one comparison instead of up to three.
  for (let i = 0; i < n; i += 4) {
    const k = Math.min(i, n - 4)
    tests.push(`v.getInt32(${at} + ${k}, true) !== ${word(bytes, k)}`)
  }
  return tests.join(' || ')
}

const NULL_WORD = word(Buffer.from('null'), 0)
const TRUE_WORD = word(Buffer.from('true'), 0)
const FALS_WORD = word(Buffer.from('fals'), 0)

/** `q` at the word null: steps over it. */
export const isNull = `v.getInt32(q, true) === ${NULL_WORD}`
export const isTrue = `v.getInt32(q, true) === ${TRUE_WORD}`
export const isFalse = `v.getInt32(q, true) === ${FALS_WORD} && b[q + 4] === 101`

// (x - 0x01010101) & ~x & 0x80808080 is not zero when a byte of x is zero, and its lowest set bit is exact.
const quoteIn = (w: string): string => `((${w} ^ 0x22222222) - 0x01010101 | 0) & ~(${w} ^ 0x22222222)`

/** From `q` behind an opening quote to the closing one, four bytes at a time. */
const nearQuote = `for (;;) { const w = v.getInt32(q, true), m = ${quoteIn('w')} & 0x80808080; if (m !== 0) { q += 31 - Math.clz32(m & -m) >> 3; break } q += 4 }`

/** A native search costs what the loop above takes for about this many bytes. */
const LONG = 56

/** From `q` behind an opening quote to the closing one, for strings that were `length` bytes long in the sample. `start` holds `q`. */
export function findQuote(length: number, start: string, fail: string): string {
  const escaped = `if (b[q - 1] === 92) { q = h.closeQuote(b, ${start}, e); if (q < 0) ${fail} }`
  if (length > LONG) return `q = b.indexOf(34, q); ${escaped}`
  if (length >= 8 && length % 4 === 0) {
    // Mostly of one length (ids): all words at once, one branch.
    const all = Array.from({ length: length >> 2 }, (_, i) => {
      const w = `v.getInt32(q + ${4 * i}, true)`
      return quoteIn(w)
    })
    return `if (b[q + ${length}] === 34 && ((${all.join(' | ')}) & 0x80808080) === 0) q += ${length}; else { ${nearQuote} } ${escaped}`
  }
  return `${nearQuote} ${escaped}`
}

/**
 * An integer of at most `digits` digits into `x` (a double). `otherwise` is what to do when `q` is not at a digit
 * or minus sign, `longer` when there are more digits (`s` is where they begin, `q` behind them).
 */
export function integer(x: string, digits: number, fail: string, otherwise: string, longer = fail): string {
  const loop = `const s = q++; for (; (d = b[q] ^ 48) < 10; q++) ${x} = ${x} * 10 + d; if (q - s > ${digits}) { ${longer} } else if (b[s] === 48 && q - s > 1) ${fail};`
  return `{ let d = b[q] ^ 48; if (d < 10) { ${x} = d; ${loop} }
    else if (d === 29) { q++; if ((d = b[q] ^ 48) > 9) ${fail}; ${x} = d; ${loop} ${x} = -${x} }
    else { ${otherwise} } }`
}

/** Steps over a value of the kind seen in the sample, or of any other kind. */
export function skip(seen: string, length: number, fail: string): string {
  const any = `q = h.skipValue(b, q, e); if (q < 0) ${fail}`
  if (seen === 'string')
    return `if (b[q] === 34) { const s = ++q; ${findQuote(length, 's', fail)} q++ } else { ${any} }`
  if (seen === 'number')
    return `if ((b[q] ^ 48) < 10) { const s = q++; while ((b[q] ^ 48) < 10) q++; if (b[q] === 46 || (b[q] | 32) === 101) { q = s; ${any} } } else { ${any} }`
  return any
}

const COLON = word(Buffer.from(':00.'), 0)
const ZULU = word(Buffer.from('000Z'), 0)

/**
 * The timestamp string at `q`: `lo` and `hi` get the halves of its microseconds. The form YYYY-MM-DDTHH:MM:SS.mmmZ
 * is read here, its minute remembered from the row before (y0 … y3 its bytes, mlo and mhi the halves of its value);
 * other forms by h.timestampUs. A number is whole seconds where `zoned`. `orNull` runs when `q` is at neither.
 */
export function timestamp(lo: string, hi: string, zoned: boolean, fail: string, orNull: string): string {
  const seconds = `let us = 0; ${integer('us', 10, fail, orNull)} us *= 1e6; ${lo} = us | 0; ${hi} = Math.floor(us / 4294967296)`
  const general = `const s = q + 1, z = h.closeQuote(b, s, e); if (z < 0) ${fail};
      const us = h.timestampUs(b, s, z, ${zoned ? 'h.zone' : 'null'}); if (us !== us) ${fail};
      ${lo} = us | 0; ${hi} = Math.floor(us / 4294967296); q = z + 1`
  return `if (b[q] === 34) {
    const c = v.getInt32(q + 17, true) ^ ${COLON}, f = v.getInt32(q + 21, true) ^ ${ZULU};
    let sec = 60;
    if (b[q + 25] === 34 && ((c | c + 0x00060600) & 0xfff0f0ff) === 0 && ((f | f + 0x00060606) & 0xfff0f0f0) === 0) sec = (c >> 8 & 15) * 10 + (c >> 16 & 15);
    if (sec < 60) {
      const w0 = v.getInt32(q + 1, true), w1 = v.getInt32(q + 5, true), w2 = v.getInt32(q + 9, true), w3 = v.getInt32(q + 13, true);
      if (w3 !== y3 || w2 !== y2 || w1 !== y1 || w0 !== y0) {
        const m = h.minuteAt(b, q + 1); if (m !== m) ${fail};
        y0 = w0; y1 = w1; y2 = w2; y3 = w3; mlo = m * 60e6 | 0; mhi = Math.floor(m * 60e6 / 4294967296);
      }
      ${lo} = mlo + (sec * 1000000 + ((f & 15) * 100 + (f >> 8 & 15) * 10 + (f >> 16 & 15)) * 1000) | 0;
      ${hi} = mhi + ((${lo} ^ 0x80000000) < (mlo ^ 0x80000000) ? 1 : 0); q += 26;
    } else { ${general} }
  } else { ${zoned ? seconds : orNull} }`
}
