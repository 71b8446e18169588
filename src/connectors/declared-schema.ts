import { AnalysisError } from '../errors/errors.ts'
import type { Schema } from '../types/data-type.ts'

/** The declared columns of a source that cannot know them itself; UNABLE_TO_INFER_SCHEMA without. */
export function declaredSchema(format: string, declared: Schema | null): Schema {
  if (declared !== null && declared.fields.length > 0) return declared
  throw new AnalysisError('UNABLE_TO_INFER_SCHEMA', { format }, { hint: "call schema('a INT, …') before load()" })
}
