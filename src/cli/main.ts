#!/usr/bin/env node
import { Command } from 'commander'
import { faultLine, USAGE, usageCode } from './fault.ts'
import { type CommonOptions, settings } from './options.ts'
import { VERSION } from './version.ts'

const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve())))

let json = false

const program = new Command('millrace')
  .description('Structured streaming for Node: SQL over unbounded tables. Without a command: the shell.')
  .version(VERSION)
  .option('--conf <key=value...>', 'session settings')
  .option('--mode <name>', 'how results look: box, table, csv, json, line or markdown')
  .option('--json', 'one JSON object per row, as --mode json')
  .exitOverride((e) => process.exit(e.exitCode === 0 ? 0 : USAGE))
  .action(async (options: CommonOptions & { readonly mode?: string }) => {
    json = options.json === true
    const { startShell } = await import('../shell/start.ts')
    if (!(await startShell({ conf: settings(options.conf), mode: options.mode ?? (json ? 'json' : undefined) }))) process.exitCode = 1
  })

program
  .command('sql')
  .description('Run SQL statements and print their results.')
  .option('-e <text>', 'statements, separated by ;')
  .option('-f <file>', 'a file of statements; - for standard input')
  .option('--conf <key=value...>', 'session settings')
  .option('--json', 'one JSON object per row instead of tables')
  .action(async (own: CommonOptions & { readonly e?: string; readonly f?: string }, command: Command) => {
    const options = { ...own, ...(command.optsWithGlobals() as typeof own) }
    json = options.json === true
    await (await import('./sql.ts')).runSql(options, print)
  })

program
  .command('run')
  .description('Run a file of statements and stay while the queries they start run.')
  .argument('<file>', 'a file of statements; - for standard input')
  .option('--batch', 'queries take what is there and end')
  .option('--stream', 'queries go on until they are stopped')
  .option('--conf <key=value...>', 'session settings')
  .option('--json', 'rows and events as JSON lines')
  .action(async (file: string, own: CommonOptions & { readonly batch?: boolean; readonly stream?: boolean }, command: Command) => {
    const options = { ...own, ...(command.optsWithGlobals() as typeof own) }
    json = options.json === true
    await (await import('./run.ts')).runFile(file, options)
  })

program
  .command('conform')
  .description('Answer conformance requests (JSON lines) from standard input.')
  .requiredOption('--stdin', 'read requests from standard input')
  .action(async () => {
    await (await import('../conform/stdin.ts')).conformStdin(process.stdin, print)
  })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(faultLine(error, json))
  process.exitCode = usageCode(error)
}
