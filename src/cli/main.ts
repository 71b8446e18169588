#!/usr/bin/env node
import { Command } from 'commander'
import { conformStdin } from '../conform/stdin.ts'
import { MillraceError } from '../errors/errors.ts'
import { runSql } from './sql.ts'
import { VERSION } from './version.ts'

const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve())))

const program = new Command('millrace')
  .description('Structured streaming for Node: SQL over unbounded tables.')
  .version(VERSION)
  .exitOverride((e) => process.exit(e.exitCode === 0 ? 0 : 2))

program
  .command('sql')
  .description('Run SQL statements and print their results.')
  .option('-e <text>', 'statements, separated by ;')
  .option('-f <file>', 'a file of statements; - for standard input')
  .option('--conf <key=value...>', 'session settings')
  .option('--json', 'one JSON object per row instead of tables')
  .action(async (options: { readonly e?: string; readonly f?: string; readonly conf?: readonly string[]; readonly json?: boolean }) => {
    await runSql(options, print)
  })

program
  .command('conform')
  .description('Answer conformance requests (JSON lines) from standard input.')
  .requiredOption('--stdin', 'read requests from standard input')
  .action(async () => {
    await conformStdin(process.stdin, print)
  })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(error instanceof MillraceError ? `${error.name}: ${error.message}\n` : `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 1
}
