import { VOID, type DataType } from '../types/data-type.ts'

/** The type of an argument that is not known yet. */
export const NULL_TYPE: DataType = VOID
