#!/usr/bin/env node
import nodeModule from 'node:module'
import type { Command } from 'commander'
import type { CommonOptions } from './options.ts'
import { VERSION } from './version.ts'

// Node 22 and later keep compiled code between runs. What is imported statically here is compiled before, so it is little.
;(nodeModule as { readonly enableCompileCache?: () => void }).enableCompileCache?.()

const print = (text: string): Promise<void> =>
  new Promise((resolve, reject) => process.stdout.write(text, (error) => (error ? reject(error) : resolve())))

/** Exit code of a wrong command line. */
const USAGE = 2
let json = false

interface SharedOptions extends CommonOptions {
  readonly mode?: string
}

/** A command's own options over those given before it. */
function optionsOf<T extends SharedOptions>(own: T, command: Command): T {
  const options = { ...own, ...command.optsWithGlobals<T>() }
  json = options.json === true
  return options
}

async function program(): Promise<Command> {
  const { Command } = await import('commander')
  const root = new Command('millrace')
    .description('Structured streaming for Node: SQL over unbounded tables. Without a command: the shell.')
    .version(VERSION)
    .option('--conf <key=value...>', 'session settings')
    .option('--mode <name>', 'how results look: box, table, csv, json, line or markdown')
    .option('--json', 'one JSON object per row, as --mode json')
    .exitOverride((e) => process.exit(e.exitCode === 0 ? 0 : USAGE))
    .action(async (own: SharedOptions, command: Command) => {
      const options = optionsOf(own, command)
      const { settings } = await import('./options.ts')
      const { startShell } = await import('../shell/start.ts')
      if (!(await startShell({ conf: settings(options.conf), mode: options.mode, json }))) process.exitCode = 1
    })

  root
    .command('sql')
    .description('Run SQL statements and print their results.')
    .option('-e <text>', 'statements, separated by ;')
    .option('-f <file>', 'a file of statements; - for standard input')
    .option('--conf <key=value...>', 'session settings')
    .option('--json', 'one JSON object per row instead of tables')
    .action(async (own: SharedOptions & { readonly e?: string; readonly f?: string }, command: Command) => {
      const options = optionsOf(own, command)
      await (await import('./sql.ts')).runSql(options, print)
    })

  root
    .command('run')
    .description('Run a file of statements and stay while the queries they start run.')
    .argument('<file>', 'a file of statements; - for standard input')
    .option('--batch', 'queries take what is there and end')
    .option('--stream', 'queries go on until they are stopped')
    .option('--conf <key=value...>', 'session settings')
    .option('--json', 'rows and events as JSON lines')
    .action(
      async (
        file: string,
        own: SharedOptions & { readonly batch?: boolean; readonly stream?: boolean },
        command: Command,
      ) => {
        const options = optionsOf(own, command)
        await (await import('./run.ts')).runFile(file, options)
      },
    )

  root
    .command('inspect')
    .description('Show what is in a checkpoint: sources, watermarks, state, last batches.')
    .argument('<checkpoint>', 'its directory or SQLite file')
    .option('--json', 'one JSON object')
    .action(async (checkpoint: string, own: SharedOptions, command: Command) => {
      await (await import('./inspect.ts')).inspect(checkpoint, optionsOf(own, command), print)
    })

  root
    .command('verify')
    .description('Read all of a checkpoint and tell what is damaged; exit code 1 when something is.')
    .argument('<checkpoint>', 'its directory or SQLite file')
    .option('--json', 'one JSON object')
    .action(async (checkpoint: string, own: SharedOptions, command: Command) => {
      await (await import('./verify.ts')).verify(checkpoint, optionsOf(own, command), print)
    })

  root
    .command('backup')
    .description('Copy a checkpoint as it is at this moment, also while its query runs.')
    .argument('<checkpoint>', 'its directory or SQLite file')
    .argument('<target>', 'a directory or SQLite file that is not there yet')
    .option('--json', 'one JSON object')
    .action(async (checkpoint: string, target: string, own: SharedOptions, command: Command) => {
      await (await import('./backup.ts')).backup(checkpoint, target, optionsOf(own, command), print)
    })

  root
    .command('rollback')
    .description('Take a checkpoint back to the end of an earlier batch, while no query runs on it.')
    .argument('<checkpoint>', 'its directory or SQLite file')
    .requiredOption('--to-batch <number>', 'the batch that will be the last one')
    .option('--no-backup', 'do not keep the checkpoint as it was')
    .option('--json', 'one JSON object')
    .action(
      async (
        checkpoint: string,
        own: SharedOptions & { readonly toBatch: string; readonly backup: boolean },
        command: Command,
      ) => {
        await (await import('./rollback.ts')).rollback(checkpoint, optionsOf(own, command), print)
      },
    )

  root
    .command('conform')
    .description('Answer conformance requests (JSON lines) from standard input.')
    .requiredOption('--stdin', 'read requests from standard input')
    .action(async () => {
      await (await import('../conform/stdin.ts')).conformStdin(process.stdin, print)
    })
  return root
}

try {
  await (await program()).parseAsync()
} catch (error) {
  const { faultLine, usageCode } = await import('./fault.ts')
  process.stderr.write(faultLine(error, json))
  process.exitCode = usageCode(error)
}
