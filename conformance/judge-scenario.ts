import { sameValue } from './judge-sql.ts'

/** Judging of streaming scenarios: data/scenarios/README.md, sections 6 and 7. */
export interface ScenarioFile {
  readonly name: string
  readonly tags: readonly string[]
  readonly ordered?: boolean
  readonly restartInvariant?: boolean
  readonly outputMode: string
  readonly resultSchema?: readonly { readonly name: string; readonly type: string }[]
  readonly steps?: readonly ScenarioStep[]
  readonly error?: RecordedError
  readonly [other: string]: unknown
}
export interface ScenarioStep {
  readonly add?: unknown
  readonly run?: boolean
  readonly restart?: boolean
  readonly expect?: { readonly batches: readonly RecordedBatch[]; readonly error?: RecordedError }
}
interface RecordedError {
  readonly phase: string
  readonly condition: string | null
  readonly sqlState: string | null
}
interface RecordedBatch {
  readonly batchId: number
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly watermark: string | null
  readonly numInputRows: number
  readonly stateOperators: readonly Readonly<Record<string, number | string>>[] | null
}
export interface ScenarioAnswer {
  readonly resultSchema?: readonly { readonly name: string; readonly type: string }[]
  readonly steps?: readonly ScenarioStep[]
  readonly error?: RecordedError & { readonly message: string }
}
export interface ScenarioVerdict {
  /** Highest level reached: -1 none, then L0 … L3. */
  readonly level: number
  readonly cause: string
}

const TOLERANCE = 1e-9
const COUNTERS = [
  'numRowsTotal',
  'numRowsUpdated',
  'numRowsRemoved',
  'numRowsDroppedByWatermark',
  'numDroppedDuplicateRows',
] as const

export function judgeScenario(file: ScenarioFile, answer: ScenarioAnswer | undefined): ScenarioVerdict {
  if (answer === undefined) return { level: -1, cause: 'no answer' }
  if (file.error !== undefined) {
    if (answer.error === undefined) return { level: -1, cause: 'accepted, should be refused' }
    const why = refusal(file.error, answer.error)
    return why === '' ? { level: 3, cause: '' } : { level: -1, cause: why }
  }
  if (answer.error !== undefined)
    return {
      level: -1,
      cause: `refused: ${answer.error.condition} ${answer.error.message.slice(0, 90).replaceAll('\n', ' ')}`,
    }
  const want = (file.steps ?? []).filter((s) => s.run === true)
  const got = (answer.steps ?? []).filter((s) => s.run === true)
  for (const [i, step] of want.entries()) {
    const mine = got[i]?.expect
    const expected = step.expect!
    if (mine === undefined) return { level: -1, cause: `run ${i}: no answer` }
    if (expected.error && !mine.error)
      return { level: -1, cause: `run ${i}: should fail with ${expected.error.condition}` }
    if (!expected.error && mine.error) return { level: -1, cause: `run ${i}: failed with ${mine.error.condition}` }
    if (expected.error && mine.error) {
      const why = refusal(expected.error, mine.error)
      if (why !== '') return { level: -1, cause: `run ${i}: ${why}` }
    }
  }
  const zero = level0(file, want, got)
  if (zero !== '') return { level: -1, cause: zero }
  const one = each(want, got, (a, b) => {
    if (a.batchId !== b.batchId) return `batchId ${a.batchId}, got ${b.batchId}`
    return sameRows(a.rows, b.rows, file.ordered === true) ? '' : `batch ${a.batchId}: other rows`
  })
  if (one !== '') return { level: 0, cause: one }
  if (!sameValue(file.resultSchema, answer.resultSchema, 0))
    return { level: 1, cause: `schema ${JSON.stringify(answer.resultSchema)}` }
  const self = file.tags.includes('self')
  const two = each(want, got, (a, b) => {
    if (a.watermark !== b.watermark) return `batch ${a.batchId}: watermark ${a.watermark}, got ${b.watermark}`
    return self || a.numInputRows === b.numInputRows
      ? ''
      : `batch ${a.batchId}: numInputRows ${a.numInputRows}, got ${b.numInputRows}`
  })
  if (two !== '') return { level: 1, cause: two }
  const three = each(want, got, (a, b) => {
    if (a.stateOperators === null) return ''
    if (a.stateOperators.length !== b.stateOperators?.length)
      return `batch ${a.batchId}: ${a.stateOperators.length} state operators, got ${b.stateOperators?.length}`
    for (const [k, op] of a.stateOperators.entries())
      for (const c of COUNTERS) {
        if (c === 'numRowsTotal' && op['operatorName'] === 'globalLimit') continue
        const have = b.stateOperators[k]![c]
        if (op[c] !== undefined && op[c] !== have)
          return `batch ${a.batchId}: ${String(op['operatorName'])}.${c} ${op[c]}, got ${String(have)}`
      }
    return ''
  })
  return three === '' ? { level: 3, cause: '' } : { level: 2, cause: three }
}

function refusal(want: RecordedError, got: RecordedError): string {
  if (['UNSUPPORTED', 'INTERNAL_ERROR', 'TIMEOUT'].includes(got.condition ?? ''))
    return `${got.condition} instead of ${want.condition}`
  const phase = (p: string): string => (p === 'run' ? 'run' : 'analysis')
  if (phase(want.phase) !== phase(got.phase)) return `refused at ${got.phase}, should be ${want.phase}`
  if (want.condition === null || want.condition.startsWith('_LEGACY')) return ''
  return want.condition === got.condition ? '' : `condition ${want.condition}, got ${got.condition}`
}

function level0(file: ScenarioFile, want: readonly ScenarioStep[], got: readonly ScenarioStep[]): string {
  if (file.outputMode !== 'append') return ''
  for (const [i, step] of want.entries()) {
    const rows = (s: ScenarioStep): RecordedBatch['rows'] => s.expect!.batches.flatMap((b) => b.rows)
    if (!sameRows(rows(step), rows(got[i]!), false))
      return `run ${i}: other rows (${firstDifference(rows(step), rows(got[i]!))})`
  }
  return ''
}

function firstDifference(want: RecordedBatch['rows'], got: RecordedBatch['rows']): string {
  const missing = want.find((w) => !got.some((g) => sameValue(w, g, TOLERANCE)))
  const extra = got.find((g) => !want.some((w) => sameValue(w, g, TOLERANCE)))
  return `missing ${JSON.stringify(missing)}, extra ${JSON.stringify(extra)}`
}

function each(
  want: readonly ScenarioStep[],
  got: readonly ScenarioStep[],
  compare: (a: RecordedBatch, b: RecordedBatch) => string,
): string {
  for (const [i, step] of want.entries()) {
    const a = step.expect!.batches
    const b = got[i]!.expect!.batches
    for (const [k, batch] of a.entries()) {
      const other = b[k]
      if (other === undefined) return `run ${i}: ${a.length} batches, got ${b.length}`
      const why = compare(batch, other)
      if (why !== '') return `run ${i}: ${why}`
    }
    if (b.length !== a.length) return `run ${i}: ${a.length} batches, got ${b.length}`
  }
  return ''
}

function sameRows(want: RecordedBatch['rows'], got: RecordedBatch['rows'], ordered: boolean): boolean {
  if (want.length !== got.length) return false
  if (ordered) return want.every((w, i) => sameValue(w, got[i], TOLERANCE))
  const key = (r: unknown): string => JSON.stringify(r)
  const a = want.map(key).sort()
  const b = got.map(key).sort()
  if (a.every((x, i) => x === b[i])) return true
  const left = [...got]
  return want.every((w) => {
    const at = left.findIndex((g) => sameValue(w, g, TOLERANCE))
    if (at >= 0) left.splice(at, 1)
    return at >= 0
  })
}
