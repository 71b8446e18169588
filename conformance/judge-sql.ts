/** Judging of SQL cases: data/sql/README.md, "How a case is judged". */
export interface SqlCase {
  readonly sql: string
  readonly schema?: readonly (readonly [name: string, type: string])[]
  readonly rows?: readonly (readonly unknown[])[]
  readonly ordered?: boolean
  readonly orderKeys?: readonly number[]
  readonly error?: { readonly condition: string; readonly sqlState: string | null }
}
export interface SqlResult {
  readonly schema?: readonly (readonly [string, string])[]
  readonly rows?: readonly (readonly unknown[])[]
  readonly error?: { readonly condition: string; readonly message: string }
}
export interface SqlVerdict {
  /** Rows or condition. */
  readonly pass: boolean
  readonly types: boolean
  readonly names: boolean
  /** Why it fails, in a few words. */
  readonly cause: string
}

const FAILS = { types: false, names: false } as const

export function judgeSql(c: SqlCase, r: SqlResult | undefined): SqlVerdict {
  if (r === undefined) return { pass: false, ...FAILS, cause: 'no answer' }
  if (c.error !== undefined) {
    const got = r.error?.condition ?? 'rows'
    const unusable = got === 'UNSUPPORTED' || got === 'INTERNAL_ERROR' || got === 'TIMEOUT' || got === 'rows'
    const pass = c.error.condition.startsWith('_LEGACY') ? !unusable : got === c.error.condition
    return { pass, types: pass, names: pass, cause: pass ? '' : `expected ${c.error.condition}, got ${got}` }
  }
  if (r.error !== undefined)
    return {
      pass: false,
      ...FAILS,
      cause: r.error.condition === 'UNSUPPORTED' ? unsupported(r.error.message) : `unexpected ${r.error.condition}`,
    }
  const schema = c.schema ?? []
  const types = schema.length === r.schema?.length && schema.every((s, i) => s[1] === r.schema![i]![1])
  const names = schema.length === r.schema?.length && schema.every((s, i) => s[0] === r.schema![i]![0])
  const floats = schema.map((s) => s[1].includes('float'))
  const pass = sameRows(c, r.rows ?? [], floats)
  return { pass, types: pass && types, names: pass && names, cause: pass ? '' : 'other rows' }
}

function unsupported(message: string): string {
  return `not supported: ${/\] (.*?) is not supported yet/.exec(message)?.[1] ?? message.slice(0, 60)}`
}

function sameRows(c: SqlCase, got: readonly (readonly unknown[])[], floats: readonly boolean[]): boolean {
  const want = c.rows ?? []
  if (want.length !== got.length) return false
  const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
    a.length === b.length && a.every((x, i) => sameValue(x, b[i], floats[i] ? 1e-6 : 1e-11))
  if (c.ordered === true && c.orderKeys === undefined) return want.every((row, i) => same(row, got[i]!))
  if (
    c.orderKeys !== undefined &&
    !want.every((row, i) => c.orderKeys!.every((k) => sameValue(row[k], got[i]![k], floats[k] ? 1e-6 : 1e-11)))
  )
    return false
  const left = [...got]
  return want.every((row) => {
    const at = left.findIndex((other) => same(row, other))
    if (at < 0) return false
    left.splice(at, 1)
    return true
  })
}

/** Numbers within a relative tolerance, 0.0 equal to -0.0, all else exactly; also inside arrays and objects. */
export function sameValue(a: unknown, b: unknown, tolerance: number): boolean {
  if (typeof a === 'number' && typeof b === 'number')
    return a === b || Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b))
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => sameValue(x, b[i], tolerance))
    )
  if (a !== null && b !== null && typeof a === 'object' && typeof b === 'object') {
    const x = Object.entries(a)
    const y = b as Record<string, unknown>
    return x.length === Object.keys(y).length && x.every(([k, v]) => k in y && sameValue(v, y[k], tolerance))
  }
  return a === b
}
