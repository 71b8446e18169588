import { type CheckpointInspection, inspectCheckpoint } from '../session/inspect-checkpoint.ts'
import type { CommonOptions } from './options.ts'

/** `millrace inspect`: what is in a checkpoint, also while its query runs. */
export async function inspect(
  checkpoint: string,
  options: CommonOptions,
  print: (text: string) => Promise<void>,
): Promise<void> {
  const found = inspectCheckpoint(checkpoint)
  await print(options.json === true ? `${JSON.stringify(found)}\n` : inspectionText(found))
}

/** What was found, for people: a heading and lines below it for each part. */
export function inspectionText(found: CheckpointInspection): string {
  const { held, batches, sink } = found
  const planned = batches.find((b) => !b.committed)
  const lines = [
    `checkpoint  ${found.path}, format version ${found.formatVersion}, ${found.bytes} bytes`,
    `query       ${found.queryId}`,
    `in use by   ${found.heldBy ?? 'nobody'}`,
    `batches     ${held === null ? 'none is committed' : `${held.first} to ${held.last} are held`}${planned === undefined ? '' : `; ${planned.batchId} is not committed: a start runs it again`}`,
    `watermark   ${found.watermarkMs === null ? 'none' : watermark(found.watermarkMs)}`,
    ...Object.entries(found.streamWatermarksMs).map(
      ([stream, ms]) => `            of stream ${stream}: ${ms === null ? 'nothing seen' : watermark(ms)}`,
    ),
    ...part(
      'sources',
      found.sources.map((s) => `${s.name}  ${s.reads ?? 'not known'}  at ${JSON.stringify(s.offset)}`),
    ),
  ]
  if (sink !== null)
    lines.push(
      ...part('sink', [
        `${sink.writes}  output mode ${sink.outputMode}`,
        ...(sink.token === undefined ? [] : [tokenLine(sink.token, sink.expected)]),
      ]),
    )
  lines.push(
    ...part(
      'operators with state',
      found.operators.flatMap((o) => [
        `${o.operatorId}${o.meaning === null ? '' : `  ${o.meaning}`}`,
        ...o.tables.map(
          (t) => `  ${t.table}: ${t.rows} rows, ${t.memoryBytes} bytes in memory, ${t.storedBytes} bytes stored`,
        ),
      ]),
    ),
    ...part(
      'last batches',
      batches.map(
        (b) =>
          `${b.batchId}  ${time(b.timestampMs)}  watermark ${watermark(b.watermarkMs)}${b.committed ? '' : '  not committed'}`,
      ),
    ),
    ...part(
      'settings of the first start',
      Object.entries(found.settings).map(([key, value]) => `${key} = ${value}`),
    ),
  )
  return `${lines.join('\n')}\n`
}

type SinkOf = NonNullable<CheckpointInspection['sink']>

function tokenLine(token: NonNullable<SinkOf['token']> | null, expected: SinkOf['expected']): string {
  if (token === null) return 'holds no token'
  const same = token.queryId === expected?.queryId && token.batchId === expected.batchId
  const fits = same && token.offsetHash === expected.offsetHash
  return `holds the token of batch ${token.batchId} of query ${token.queryId}${fits ? '' : ', which is not that of the last committed batch'}`
}

const part = (heading: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', heading, ...lines.map((line) => `  ${line}`)]

const time = (ms: number): string => new Date(ms).toISOString()
const watermark = (ms: number): string => (ms === 0 ? 'none' : time(ms))
