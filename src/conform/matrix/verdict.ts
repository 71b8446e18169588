import type { DataFrame } from '../../dataframe/data-frame.ts'
import { MillraceError } from '../../errors/errors.ts'
import { OUTPUT_MODES, type OutputModeName } from '../../connectors/provider.ts'
import { MillraceSession } from '../../session.ts'
import { demoViews } from './demo-tables.ts'
import type { Shape } from './shape.ts'
import { SHAPES } from './shapes.ts'

/** What start() says to a shape in an output mode; null: it runs. Otherwise the condition of the refusal. */
export interface Verdict {
  /** As the session is unless told. */
  readonly condition: string | null
  /** With `millrace.extensions` off: what Spark says. */
  readonly withoutExtensions: string | null
}

/** The verdicts on a shape, a mode each. */
export type Verdicts = Readonly<Record<OutputModeName, Verdict>>

/** Starts every shape in every output mode, with extensions and without, over streams that hold no rows. By name of the shape. */
export async function allVerdicts(): Promise<ReadonlyMap<string, Verdicts>> {
  const [ours, sparks] = [demoSession(true), demoSession(false)]
  const out = new Map<string, Verdicts>()
  try {
    for (const shape of SHAPES.flatMap((g) => g.shapes)) {
      const verdicts: Partial<Record<OutputModeName, Verdict>> = {}
      for (const mode of OUTPUT_MODES)
        verdicts[mode] = {
          condition: await refusalOf(shape, mode, ours),
          withoutExtensions: await refusalOf(shape, mode, sparks),
        }
      out.set(shape.name, verdicts as Verdicts)
    }
  } finally {
    await ours.stop()
    await sparks.stop()
  }
  return out
}

/** A session in which the demo tables are views. */
function demoSession(extensions: boolean): MillraceSession {
  const session = new MillraceSession(
    { 'spark.sql.session.timeZone': 'UTC', 'millrace.extensions': extensions },
    { note: () => undefined },
  )
  demoViews(session)
  return session
}

/** The query of a shape over the views of a session. */
export const build = ({ query }: Shape, session: MillraceSession): DataFrame =>
  typeof query === 'string' ? session.sql(query) : query(session)

async function refusalOf(shape: Shape, mode: OutputModeName, session: MillraceSession): Promise<string | null> {
  try {
    const query = await build(shape, session).writeStream.outputMode(mode).format('noop').start()
    await query.stop()
    return null
  } catch (error) {
    if (error instanceof MillraceError) return error.code
    throw error
  }
}
