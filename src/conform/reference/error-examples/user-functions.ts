import { when, type ErrorExamples } from './error-example.ts'

/** An example for every condition of the section "functions of the user's" of errors/codes.ts. */
export const USER_FUNCTIONS: ErrorExamples = {
  ASYNC_CALL_TIMEOUT: when(
    'A call of an asynchronous function takes longer than its `timeoutMs`: the query says FAILED_EXECUTE_UDF, with this as its cause.',
  ),
  CLOSURE_SCHEMA_UNKNOWN: when('`df.map(f).schema` where the rows that `f` was tried with gave no columns.'),
  CLOSURE_SCHEMA_REQUIRED: when('`stream.map(f)` without the type of its results.'),
  FUNCTION_NOT_ASYNC: when('`df.map(async (row) => …)`: the query says FAILED_EXECUTE_UDF, with this as its cause.'),
  INVALID_FUNCTION_DEFINITION: when("`session.udf.register('two words', f, 'INT')`"),
  EMITTING_ROWS_OLDER_THAN_WATERMARK_NOT_ALLOWED: when(
    'A processor gives a row whose event time column lies before the watermark.',
  ),
  'ILLEGAL_STATE_STORE_VALUE.EMPTY_LIST_VALUE': when('`state.put([])` of a list state.'),
  'ILLEGAL_STATE_STORE_VALUE.NULL_VALUE': when('`state.update(null)` of a value state.'),
  INVALID_GROUP_STATE_CALL: when("`state.setTimeoutDuration('1 minute')` in a function without ProcessingTimeTimeout."),
  INVALID_STATE_NAME: when("`handle.getValueState('two words', 'INT')`"),
  STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_HANDLE_STATE: when(
    'A state is used after the call of the processor in which it was read has ended.',
  ),
  STATEFUL_PROCESSOR_CANNOT_PERFORM_OPERATION_WITH_INVALID_TIME_MODE: when(
    '`handle.registerTimer` in a processor that runs without a time mode.',
  ),
  STATEFUL_PROCESSOR_DUPLICATE_STATE_VARIABLE_DEFINED: when('`init` names two states alike.'),
  STATEFUL_PROCESSOR_INCORRECT_TIME_MODE_TO_ASSIGN_TTL: when(
    'A state with a TTL in a processor whose time mode is not ProcessingTime.',
  ),
  STATEFUL_PROCESSOR_INITIAL_STATE_KEY: when('The initial state is grouped by an INT, the rows by a STRING.'),
  STATEFUL_PROCESSOR_STATES_CHANGED: when('`init` makes other states from one call to the next.'),
  STATEFUL_PROCESSOR_TTL_DURATION_MUST_BE_POSITIVE: when('A state with a TTL of 0.'),
  STATEFUL_PROCESSOR_UNKNOWN_TIME_MODE: when("`transformWithState(processor, { timeMode: 'sometimes' })`"),
  SCHEMA_WITHOUT_COLUMNS: when('A Standard Schema object that is no object of named columns.'),
}
