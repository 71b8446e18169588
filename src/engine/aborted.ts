import { ExecutionError } from '../errors/errors.ts'

/** Work that ended because its caller asked for it: `stop()`, an AbortSignal, or a time limit. */
export class OperationAborted extends ExecutionError {
  readonly why: 'stopped' | 'timeout'
  constructor(why: 'stopped' | 'timeout') {
    super(why === 'timeout' ? 'OPERATION_TIMEOUT' : 'OPERATION_CANCELED', {}, {})
    this.why = why
  }
}
