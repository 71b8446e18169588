/**
 * Text by code points: SQL counts characters, JavaScript counts UTF-16 units. Texts without surrogate pairs
 * (nearly all) take the short way. It finds half of a pair.
 */
export const SURROGATE = /[\ud800-\udfff]/

/** True when a unit of `s` is half of a pair, so that units and characters differ. */
export const hasSurrogates = (s: string): boolean => SURROGATE.test(s)

/** The number of characters. */
export function charCount(s: string): number {
  if (!SURROGATE.test(s)) return s.length
  let n = 0
  for (let i = 0; i < s.length; i++, n++) if (isLead(s, i)) i++
  return n
}

function isLead(s: string, i: number): boolean {
  const c = s.charCodeAt(i)
  if (c < 0xd800 || c > 0xdbff || i + 1 >= s.length) return false
  const d = s.charCodeAt(i + 1)
  return d >= 0xdc00 && d <= 0xdfff
}

/** Characters `start` (inclusive) to `end` (exclusive), both from 0; a negative start counts as 0. */
export function sliceChars(s: string, start: number, end: number): string {
  if (end <= start || end <= 0) return ''
  const from = Math.max(0, start)
  if (!SURROGATE.test(s)) return s.slice(from, end)
  let unit = 0
  let n = 0
  for (; n < from && unit < s.length; n++) unit += isLead(s, unit) ? 2 : 1
  let stop = unit
  for (; n < end && stop < s.length; n++) stop += isLead(s, stop) ? 2 : 1
  return s.slice(unit, stop)
}

/** The character index of a unit index. */
export function charIndex(s: string, unit: number): number {
  return SURROGATE.test(s) ? charCount(s.slice(0, unit)) : unit
}

/** The unit index of a character index; the length of `s` where there are fewer characters. */
export function unitIndex(s: string, char: number): number {
  if (!SURROGATE.test(s)) return Math.min(char, s.length)
  let unit = 0
  for (let n = 0; n < char && unit < s.length; n++) unit += isLead(s, unit) ? 2 : 1
  return unit
}

/** SQL's substring: `pos` from 1, negative from the end, 0 as 1; `length` characters. */
export function substringSql(s: string, pos: number, length: number): string {
  const start = pos > 0 ? pos - 1 : pos < 0 ? charCount(s) + pos : 0
  return sliceChars(s, start, start + length)
}

/** The same on bytes. */
export function subarraySql(bytes: Uint8Array, pos: number, length: number): Uint8Array {
  const start = pos > 0 ? pos - 1 : pos < 0 ? bytes.length + pos : 0
  const end = Math.min(bytes.length, start + length)
  const from = Math.max(0, start)
  return end <= from ? new Uint8Array(0) : bytes.slice(from, end)
}
