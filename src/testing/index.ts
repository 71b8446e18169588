/** `millrace/testing`: runs streaming queries through scripts, in several worlds each. */
export { CrashForTest, TestKit, type TestStream } from './kit.ts'
export { ManualClock } from './manual-clock.ts'
export {
  add,
  addAll,
  advanceClock,
  crashNext,
  expectError,
  expectNew,
  expectProgress,
  expectTable,
  type ProgressExpectation,
  restart,
  run,
  type Step,
  type TestRow,
} from './steps.ts'
export {
  assertBatchEquivalence,
  type EquivalenceOptions,
  type EquivalenceQuery,
  type EquivalenceReport,
  type EquivalenceTable,
} from './batch-equivalence.ts'
export { testStream, type TestStreamReport } from './test-stream.ts'
export { TwsTester, type TwsTesterOptions } from './tws-tester.ts'
export { type ContractCheck, sourceContract, type SourceUnderTest } from './source-contract.ts'
export { sinkContract, type SinkUnderTest } from './sink-contract.ts'
export { sinkContext, sourceContext } from './contexts.ts'
export { MemoryStream } from '../connectors/memory/stream.ts'
