const DURATION_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  microsecond: 0.001,
  ms: 1,
  millisecond: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  h: 3_600_000,
  hour: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  week: 604_800_000,
}

/** Milliseconds of `10s`, `500ms`, `1 week`, `5 minutes`; a bare number is milliseconds. Null for anything else. */
export function parseDurationMs(text: string): number | null {
  const m = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text)
  if (!m) return null
  const unit = m[2]!.toLowerCase()
  const scale = unit === '' ? 1 : (DURATION_MS[unit] ?? DURATION_MS[unit.replace(/s$/, '')])
  return scale === undefined ? null : Number(m[1]) * scale
}

const BYTES: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** Bytes of `4m`, `4mb`, `1g`, `1048576`; null for anything else. */
export function parseBytes(text: string): number | null {
  const m = /^(\d+)\s*([bkmgt]?)b?$/i.exec(text)
  return m ? Number(m[1]) * BYTES[m[2]!.toLowerCase()]! : null
}
