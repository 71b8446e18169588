import { AnalysisError } from '../errors/errors.ts'
import type { Schema } from '../types/data-type.ts'

/** The fixed columns of a source; a schema declared for it is refused. */
export function refuseSchema(format: string, fixed: Schema, declared: Schema | null): Schema {
  if (declared !== null)
    throw new AnalysisError(
      'SCHEMA_NOT_TAKEN',
      { format },
      { hint: `its columns are ${fixed.fields.map((f) => f.name).join(', ')}; leave out schema()` },
    )
  return fixed
}
