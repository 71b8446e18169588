import { CODES, type Code } from '../../errors/codes.ts'
import { DEMO_TABLES } from '../matrix/demo-tables.ts'
import { ANALYSIS } from './error-examples/analysis.ts'
import { CHECKPOINT } from './error-examples/checkpoint.ts'
import { CONNECTORS } from './error-examples/connectors.ts'
import type { ErrorExample, ErrorExamples } from './error-examples/error-example.ts'
import { EXECUTION } from './error-examples/execution.ts'
import { MILLRACE } from './error-examples/millrace.ts'
import { PARSE } from './error-examples/parse.ts'
import { STATEMENTS } from './error-examples/statements.ts'
import { STREAMING } from './error-examples/streaming.ts'
import { USER_FUNCTIONS } from './error-examples/user-functions.ts'

/** The sections of the page; every condition is in one. */
export const ERROR_SECTIONS: readonly {
  readonly title: string
  readonly about: string
  readonly examples: ErrorExamples
}[] = [
  { title: 'Syntax', about: 'The text is no statement.', examples: PARSE },
  { title: 'Analysis', about: 'Names and types do not fit; nothing has run.', examples: ANALYSIS },
  { title: 'Execution', about: 'A value of a row cannot be computed.', examples: EXECUTION },
  {
    title: 'Statements',
    about: 'Tables, views, functions, variables, INSERT, EXECUTE IMMEDIATE.',
    examples: STATEMENTS,
  },
  {
    title: 'Streaming',
    about: 'A query that cannot run as a stream, or not in this output mode.',
    examples: STREAMING,
  },
  {
    title: 'Functions and state of the program',
    about: 'Closures, registered functions, state functions.',
    examples: USER_FUNCTIONS,
  },
  { title: 'Sources and sinks', about: 'Options, files and servers.', examples: CONNECTORS },
  { title: 'Checkpoints', about: 'What a restart found.', examples: CHECKPOINT },
  { title: 'The API, the shell and running queries', about: 'How millrace is called.', examples: MILLRACE },
]

/** docs/errors.md, from errors/codes.ts and the examples. */
export function errorsPage(): string {
  return [
    '# Errors',
    '<!-- Printed from src/errors/codes.ts and src/conform/reference/error-examples by `node .ci/print-docs.mjs`; do not edit. -->',
    INTRO,
    contents(),
    demo(),
    ...ERROR_SECTIONS.map(({ title, about, examples }) => {
      const rows = Object.entries(examples).map(([code, example]) => row(code as Code, example))
      return `## ${title}\n\n${about}\n\n| condition | SQLSTATE | text | an example |\n|---|---|---|---|\n${rows.join('\n')}`
    }),
  ]
    .join('\n\n')
    .concat('\n')
}

const INTRO = `Every error that millrace raises has a condition (\`error.code\`), an SQLSTATE (\`error.sqlState\`), parameters (\`error.params\`, in braces below), and mostly a place in the statement (\`error.at\`) and a hint. The condition stays when the wording changes. Conditions are Spark's where the meaning is Spark's.

The last column says what gives the condition. Statements are tests: each is run, and the last one must raise it. *Started in …* means \`df.writeStream.outputMode(…).start()\`; *without extensions* means \`millrace.extensions = false\`.`

const contents = (): string =>
  [
    '| section | conditions | |\n|---|--:|---|',
    ...ERROR_SECTIONS.map(
      ({ title, about, examples }) =>
        `| [${title}](#${title.toLowerCase().replaceAll(',', '').replaceAll(' ', '-')}) | ${Object.keys(examples).length} | ${about} |`,
    ),
  ].join('\n')

const demo = (): string =>
  `The statements read these views, of which ${DEMO_TABLES.filter((t) => t.static !== true)
    .map((t) => code(t.name))
    .join(', ')} are streams:\n\n${DEMO_TABLES.map((t) => `- ${code(t.name)}: ${code(t.schema)}`).join('\n')}`

function row(name: Code, example: ErrorExample): string {
  const { sqlState, text } = CODES[name]
  return `| ${code(name)} | ${sqlState} | ${text.replaceAll('|', '\\|')} | ${exampleText(example)} |`
}

function exampleText(example: ErrorExample): string {
  if ('when' in example) return example.when.replaceAll('|', '\\|')
  const how = [
    ...(example.mode === undefined ? [] : [`started in ${example.mode}`]),
    ...(example.conform ? ['without extensions'] : []),
  ]
  return `${example.statements.map(code).join('<br>')}${how.length > 0 ? ` (${how.join(', ')})` : ''}`
}

/** Text as code inside a table. */
function code(text: string): string {
  const fence = text.includes('`') ? '``' : '`'
  return `${fence}${text.replaceAll('|', '\\|').replaceAll('\n', ' ')}${fence}`
}
