// `npm test`: install, build, types, lint, format, unit tests (architecture and docs among them), conformance. The last line is the sum.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, install, run } from './steps.mjs'

let passed = 0
let failed = 0
let skipped = 0
const check = (name, ok) => {
  console.log(`${ok ? 'ok' : 'FAILED'}: ${name}`)
  ok ? passed++ : failed++
}

/** What a part wrote of its result; null when it ended before. */
const resultOf = (file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null)

install()
build()
check('types', run('node_modules/.bin/tsc', ['--noEmit', '-p', 'tsconfig.json']) === 0)
check('lint', run('node_modules/.bin/oxlint', ['--deny-warnings', 'src', 'grammar', 'test', 'conformance', 'bench', 'examples']) === 0)
check('format', run('node_modules/.bin/prettier', ['--check', '--log-level', 'warn', 'src', 'grammar', 'test/**/*.ts', 'conformance/*.ts', 'bench', 'examples']) === 0)

check('PostgreSQL server for the tests', run('node', ['dist/test/postgres-server/install.js']) === 0)
check('jars of the Kafka broker', run('node', ['dist/test/kafka-broker/fetch.js']) === 0)

const out = mkdtempSync(join(tmpdir(), 'millrace-ci-'))
const report = join(out, 'vitest.json')
const unitStatus = run('node_modules/.bin/vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`])
const unit = resultOf(report)
if (unit !== null) {
  passed += unit.numPassedTests
  failed += unit.numFailedTests
  skipped += unit.numPendingTests + unit.numTodoTests
  console.log(`unit: ${unit.numPassedTests} passed, ${unit.numFailedTests} failed, ${unit.numPendingTests + unit.numTodoTests} skipped`)
}
// A file that does not load, an unhandled rejection, a crash: no test failed, yet the run did.
if (!(unit?.numPassedTests > 0) || (unitStatus !== 0 && unit.numFailedTests === 0)) check('unit tests run to their end', false)

const summary = join(out, 'conformance.json')
const conformanceStatus = run('node', ['dist/conformance/run.js', 'all', '--summary', summary])
const conformance = resultOf(summary)
if (conformance !== null) {
  passed += conformance.passed
  failed += conformance.deviations
  console.log(`conformance: ${conformance.passed} passed, ${conformance.known} fail as listed in conformance/known.md, ${conformance.deviations} deviate from it`)
}
if (!(conformance?.passed > 0) || (conformanceStatus !== 0 && conformance.deviations === 0)) check('conformance runs to its end', false)
rmSync(out, { recursive: true, force: true })

if (skipped > 0) {
  console.log(`${skipped} tests were skipped: a skipped test is a failure here`)
  failed += skipped
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
