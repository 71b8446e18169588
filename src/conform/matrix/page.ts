import { CODES } from '../../errors/codes.ts'
import { OUTPUT_MODES, type OutputModeName } from '../../connectors/provider.ts'
import { DEMO_TABLES } from './demo-tables.ts'
import type { Shape, ShapeGroup } from './shape.ts'
import { SHAPES } from './shapes.ts'
import type { Verdict, Verdicts } from './verdict.ts'

/** What the page says of a shape in an output mode. */
export function cellText(shape: Shape, mode: OutputModeName, { condition, withoutExtensions }: Verdict): string {
  if (condition !== null) return `\`${condition}\``
  if (shape.unlikeBatch?.[mode] !== undefined) return 'as Spark'
  const sparks = withoutExtensions === null || withoutExtensions === 'STREAMING_OUTPUT_MODE.INVALID'
  return sparks ? 'yes' : `yes, ours (\`${withoutExtensions}\`)`
}

/** docs/streaming-matrix.md, from what start() says to every shape. */
export function matrixPage(verdicts: ReadonlyMap<string, Verdicts>): string {
  const all = [...verdicts.values()].flatMap((of) => OUTPUT_MODES.map((m) => of[m]))
  return [
    '# What runs as a stream, in which output mode',
    '<!-- Printed from what start() says to the shapes in src/conform/matrix by `node .ci/print-docs.mjs`; do not edit. -->',
    INTRO,
    tables(),
    ...SHAPES.map((g) => section(g, verdicts)),
    conditions(all),
  ].join('\n\n')
}

const INTRO = `- **yes**: it runs. A test runs it on the rows of the demo tables, cut into batches in several ways, and compares with the answer over bounded tables.
- **yes, ours**: it runs in millrace and not in Spark. \`millrace.extensions = false\` refuses it with Spark's condition, which stands behind it.
- **as Spark**: it runs and gives what Spark gives, which is not the answer over bounded tables. What it gives stands under the table.
- a condition: \`start()\` refuses it. What the conditions say stands [below](#conditions).

\`changelog\` is no mode of Spark's: without extensions it is \`STREAMING_OUTPUT_MODE.INVALID\`.

[Output modes](output-modes.md) says what the modes mean, [state](state.md) what each operator remembers.`

const tables = (): string =>
  [
    '## Demo tables\n',
    '| table | columns | |',
    '|---|---|---|',
    ...DEMO_TABLES.map(
      ({ name, schema, watermark, static: bounded }) =>
        `| \`${name}\` | \`${schema}\` | ${bounded ? 'bounded' : watermark ? `stream, watermark on ${watermark[0]}, ${watermark[1]}` : 'stream without a watermark'} |`,
    ),
  ].join('\n')

function section({ title, intro, shapes }: ShapeGroup, verdicts: ReadonlyMap<string, Verdicts>): string {
  const rows = shapes.map((s) => {
    const of = verdicts.get(s.name)!
    return `| ${s.name} | ${OUTPUT_MODES.map((m) => cellText(s, m, of[m])).join(' | ')} |`
  })
  const table = [`| | ${OUTPUT_MODES.join(' | ')} |`, `|---|${OUTPUT_MODES.map(() => '---|').join('')}`, ...rows]
  const notes = shapes.flatMap((s) =>
    Object.entries(s.unlikeBatch ?? {}).map(([mode, note]) => `*${s.name}* in mode ${mode}: ${note}`),
  )
  const texts = shapes.map((s) => `-- ${s.name}\n${textOf(s)}`)
  return [
    `## ${title}`,
    ...(intro === undefined ? [] : [intro]),
    table.join('\n'),
    ...notes,
    `<details><summary>The queries</summary>\n\n\`\`\`sql\n${texts.join('\n\n')}\n\`\`\`\n\n</details>`,
  ].join('\n\n')
}

const textOf = ({ query, text }: Shape): string => text ?? (typeof query === 'string' ? query : '')

function conditions(verdicts: readonly Verdict[]): string {
  const seen = new Set(verdicts.flatMap((v) => [v.condition, v.withoutExtensions]).filter((c) => c !== null))
  const rows = [...seen]
    .sort()
    .map(
      (c) =>
        `| \`${c}\` | ${CODES[c as keyof typeof CODES].sqlState} | ${CODES[c as keyof typeof CODES].text.replaceAll('|', '\\|')} |`,
    )
  return `## Conditions\n\n| condition | SQLSTATE | |\n|---|---|---|\n${rows.join('\n')}\n`
}
