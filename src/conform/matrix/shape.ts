import type { DataFrame } from '../../dataframe/data-frame.ts'
import type { OutputModeName } from '../../connectors/provider.ts'
import type { MillraceSession } from '../../session.ts'

/** A kind of streaming query, as an example over the demo tables. */
export interface Shape {
  readonly name: string
  /** SQL text, or what builds the query where SQL has no words for it. */
  readonly query: string | ((session: MillraceSession) => DataFrame)
  /** How the page writes a query that is built. */
  readonly text?: string
  /** Columns that identify a row in update mode, where they do not follow from the plan. */
  readonly key?: readonly string[]
  /** What it gives in a mode where that is not the answer over bounded tables; a recorded scenario shows it. */
  readonly unlikeBatch?: Readonly<Partial<Record<OutputModeName, string>>>
  /** Recorded scenarios of this shape: Spark refuses and allows as the matrix does without extensions. */
  readonly recorded?: readonly string[]
}

/** Shapes under one heading of the page. */
export interface ShapeGroup {
  readonly title: string
  readonly intro?: string
  readonly shapes: readonly Shape[]
}
