import { OUTPUT_MODES } from './output-mode.ts'

/** One command of the shell itself. */
export interface MetaCommand {
  readonly names: readonly [string, ...string[]]
  readonly args: string
  readonly doc: string
}

/** Every command, in the order `.help` prints them. */
export const META_COMMANDS = [
  { names: ['.help', '\\?'], args: '', doc: 'this list' },
  { names: ['.tables', '\\dt'], args: '', doc: 'tables and views' },
  { names: ['.schema'], args: '[name]', doc: 'columns as DDL, of one table or all' },
  { names: ['\\d'], args: '[name]', doc: 'columns of a table; all tables without a name' },
  {
    names: ['.functions', '\\df'],
    args: '[pattern]',
    doc: 'functions, with `*` in the pattern for anything; one name: what it does',
  },
  { names: ['.queries'], args: '', doc: 'running queries' },
  { names: ['.mode'], args: `[${OUTPUT_MODES.join('|')}]`, doc: 'how results look' },
  { names: ['\\x'], args: '', doc: 'one column a line, on and off' },
  { names: ['.timer', '\\timing'], args: '[on|off]', doc: 'print how long statements take' },
  { names: ['.read', '\\i'], args: 'FILE', doc: 'run the statements of a file' },
  { names: ['.quit', '\\q', '.exit'], args: '', doc: 'leave; running queries finish their batch' },
] as const satisfies readonly MetaCommand[]

/** By which name a command is meant. */
export type MetaName = (typeof META_COMMANDS)[number]['names'][0]

/** Every name, for completion. */
export const META_NAMES: readonly string[] = META_COMMANDS.flatMap((c) => [...c.names])

/** Commands that take a table. */
export const TABLE_COMMANDS: ReadonlySet<string> = new Set(['.schema', '\\d'])

/** Words the argument of a command may be. */
export const MODES_OF: Readonly<Record<string, readonly string[]>> = {
  '.mode': OUTPUT_MODES,
  '.timer': ['on', 'off'],
  '\\timing': ['on', 'off'],
}

/** The command of that name; undefined when there is none. */
export const metaCommand = (name: string): (typeof META_COMMANDS)[number] | undefined =>
  META_COMMANDS.find((c) => (c.names as readonly string[]).includes(name))
