import type { OutputModeName } from '../connectors/provider.ts'
import type { DataFrame } from '../dataframe/data-frame.ts'
import type { TestKit } from './kit.ts'
import type { Step } from './steps.ts'
import { bagText, tableText } from './rows.ts'
import { StepFailure } from './step-failure.ts'
import { upsertKeyNames } from '../plan/upsert-key.ts'
import { nameOf, type World, type WorldOptions, type WorldResult, WorldRun } from './world.ts'

/** What `testStream` did; `skipped` says which worlds could not be compared and why. */
export interface TestStreamReport {
  readonly worlds: readonly string[]
  readonly skipped: readonly string[]
}

export interface TestStreamOptions {
  readonly outputMode: OutputModeName
  /** Columns that identify a row in update mode; the grouping keys in the output unless given. */
  readonly key?: readonly string[]
  /** All unless given. */
  readonly worlds?: readonly World['kind'][]
}

const CRASHES: readonly World[] = (
  ['before-offsets', 'after-offsets', 'during-batch', 'after-sink', 'before-commit', 'after-commit'] as const
).map((point) => ({ kind: 'crash', point }))

/**
 * Runs a script over a streaming DataFrame in every world: as is; a restart between every two steps; a crash at each
 * point of every commit; one row a batch. Expectations hold in all of them (progress and new rows are not compared where
 * the slicing differs). Restarts and crashes must give the same batches; one row a batch the same final contents, unless
 * a row was late. Throws with the script, `=>` at the failing step.
 */
export async function testStream(
  kit: TestKit,
  df: DataFrame,
  options: TestStreamOptions,
  ...steps: readonly Step[]
): Promise<TestStreamReport> {
  const full: WorldOptions = { outputMode: options.outputMode, key: options.key ?? upsertKeyNames(df.analyzed) }
  const wanted = options.worlds ?? ['as is', 'restarts', 'crash', 'one row a batch']
  const runIn = (world: World): Promise<WorldResult> => new WorldRun(kit, df, full, world).run(steps)
  const reference = await runIn({ kind: 'as is' })
  const ran = ['as is']
  const skipped: string[] = []
  const crashes = steps.some((s) => s.kind === 'crashNext')
  const same: World[] = [
    ...(wanted.includes('restarts') ? [{ kind: 'restarts' } as const] : []),
    ...(wanted.includes('crash') && !crashes ? CRASHES : []),
  ]
  for (const world of same) {
    const got = await runIn(world)
    sameBatches(nameOf(world), reference, got)
    ran.push(nameOf(world))
  }
  if (wanted.includes('one row a batch') && !steps.some((s) => s.kind === 'expectError')) {
    if (reference.dropped > 0) skipped.push('one row a batch: the script has late rows')
    else {
      const got = await runIn({ kind: 'one row a batch' })
      if (got.dropped > 0) skipped.push('one row a batch: a row is late when each is a batch of its own')
      else {
        if (bagText(got.contents) !== bagText(reference.contents))
          throw new StepFailure(
            `one row a batch ends with other contents\nas is\n${tableText(reference.contents)}\none row a batch\n${tableText(got.contents)}`,
          )
        ran.push('one row a batch')
      }
    }
  }
  return { worlds: ran, skipped }
}

function sameBatches(world: string, expected: WorldResult, got: WorldResult): void {
  const text = (r: WorldResult): string => r.batches.map((b) => `batch ${b.batchId}\n${tableText(b.rows)}`).join('\n')
  if (text(expected) !== text(got))
    throw new StepFailure(`the world "${world}" gives other batches\nas is\n${text(expected)}\n${world}\n${text(got)}`)
}
