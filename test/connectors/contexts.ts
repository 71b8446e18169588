/** The contexts of millrace/testing, under the names these tests use. */
export { sinkContext, sinkToken as token, sourceContext, valuesOf as rowsOf } from '../../src/testing/contexts.ts'
