// `npm test`: install, build, types, lint, format, unit tests (architecture and docs among them), conformance. The last line is the sum.
import { mkdtempSync, readFileSync } from 'node:fs'
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

install()
build()
check('types', run('node_modules/.bin/tsc', ['--noEmit', '-p', 'tsconfig.json']) === 0)
check('lint', run('node_modules/.bin/oxlint', ['--deny-warnings', 'src', 'grammar', 'test', 'conformance', 'bench', 'examples']) === 0)
check('format', run('node_modules/.bin/prettier', ['--check', '--log-level', 'warn', 'src', 'grammar', 'test/**/*.ts', 'conformance/*.ts', 'bench', 'examples']) === 0)

const out = mkdtempSync(join(tmpdir(), 'millrace-ci-'))
const report = join(out, 'vitest.json')
run('node_modules/.bin/vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`])
const unit = JSON.parse(readFileSync(report, 'utf8'))
passed += unit.numPassedTests
failed += unit.numFailedTests + (unit.numFailedTestSuites > 0 && unit.numFailedTests === 0 ? unit.numFailedTestSuites : 0)
skipped += unit.numPendingTests + unit.numTodoTests
console.log(`unit: ${unit.numPassedTests} passed, ${unit.numFailedTests} failed, ${unit.numPendingTests + unit.numTodoTests} skipped`)

const summary = join(out, 'conformance.json')
run('node', ['dist/conformance/run.js', 'all', '--summary', summary])
const conformance = JSON.parse(readFileSync(summary, 'utf8'))
passed += conformance.passed
failed += conformance.deviations
console.log(`conformance: ${conformance.passed} passed, ${conformance.known} fail as listed in conformance/known.md, ${conformance.deviations} deviate from it`)

if (skipped > 0) {
  console.log(`${skipped} tests were skipped: a skipped test is a failure here`)
  failed += skipped
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
