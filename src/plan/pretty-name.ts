/** Functions that Spark shows in capitals. */
const CAPITALS = new Set(
  'acos acosh asin asinh atan atan2 atanh cbrt ceil cos cosh cot csc degrees e exp expm1 floor hypot log log10 log1p log2 pi power radians regexp regexp_like rlike sec signum sin sinh spark_partition_id sqrt tan tanh'.split(
    ' ',
  ),
)

/** Functions that Spark shows by another name than they were called by. */
const SHOWN_AS: Readonly<Record<string, string>> = {
  array_agg: 'collect_list',
  curdate: 'current_date',
  current_database: 'current_schema',
  random: 'rand',
}

/**
 * Texts of optional arguments that Spark fills in where they are left out, from the first optional one on. Only the column's name
 * shows them.
 */
const FILLED_IN: Readonly<Record<string, readonly [from: number, ...rest: readonly string[]]>> = {
  aes_decrypt: [2, 'GCM', 'DEFAULT', ''],
  aes_encrypt: [2, 'GCM', 'DEFAULT', '', ''],
  approx_percentile: [2, '10000'],
  bround: [1, '0'],
  from_unixtime: [1, 'yyyy-MM-dd HH:mm:ss'],
  hmac: [2, 'SHA-256'],
  listagg: [1, 'NULL'],
  locate: [2, '1'],
  lpad: [2, ' '],
  make_dt_interval: [0, '0', '0', '0', '0.000000'],
  make_interval: [0, '0', '0', '0', '0', '0', '0', '0.000000'],
  make_ym_interval: [0, '0', '0'],
  mask: [1, 'X', 'x', 'n', 'NULL'],
  months_between: [2, 'true'],
  overlay: [3, '-1'],
  percentile: [2, '1'],
  percentile_approx: [2, '10000'],
  regexp_extract: [2, '1'],
  regexp_extract_all: [2, '1'],
  regexp_instr: [2, '0'],
  regexp_replace: [3, '1'],
  replace: [2, ''],
  round: [1, '0'],
  rpad: [2, ' '],
  sentences: [1, '', ''],
  sort_array: [1, 'true'],
  split: [2, '-1'],
  str_to_map: [1, ',', ':'],
  string_agg: [1, 'NULL'],
  substring: [2, '2147483647'],
  substr: [2, '2147483647'],
  time_bucket: [2, "TIMESTAMP '1970-01-01 00:00:00'"],
  to_unix_timestamp: [1, 'yyyy-MM-dd HH:mm:ss'],
  try_aes_decrypt: [2, 'GCM', 'DEFAULT', ''],
  try_make_interval: [0, '0', '0', '0', '0', '0', '0', '0.000000'],
  vector_norm: [1, '2.0'],
  unix_timestamp: [0, 'current_timestamp()', 'yyyy-MM-dd HH:mm:ss'],
}

/** Functions of which Spark shows only the first arguments: the others are settings of the expression. */
const SHOWN_ARGUMENTS: Readonly<Record<string, number>> = {
  approx_count_distinct: 1,
  from_csv: 1,
  from_json: 1,
  schema_of_csv: 1,
  schema_of_json: 1,
  to_csv: 1,
  to_json: 1,
}

const IDENTITY = 'lambdafunction(namedlambdavariable(), namedlambdavariable())'
const TEXT_PAD = /^X'/

/** The order array_sort uses when none is given, as Spark spells it. */
const NATURAL_ORDER = (() => {
  const v = 'namedlambdavariable()'
  const isNull = `(${v} IS NULL)`
  const greater = `(IF((${v} > ${v}), 1, 0))`
  const less = `(IF((${v} < ${v}), -1, ${greater}))`
  return `lambdafunction((IF((${isNull} AND ${isNull}), 0, (IF(${isNull}, 1, (IF(${isNull}, -1, ${less})))))), ${v}, ${v})`
})()

type Args = readonly string[]

/** Forms that are not `name(arguments)`. */
const FORMS: Readonly<Record<string, ((args: Args) => string | null) | undefined>> = {
  isnull: ([a]) => `(${a} IS NULL)`,
  isnotnull: ([a]) => `(${a} IS NOT NULL)`,
  not: ([a]) => `(NOT ${a})`,
  like: ([a, b, c]) => `${a} LIKE ${b}${c === undefined ? '' : ` ESCAPE '${c}'`}`,
  positive: ([a]) => `(+ ${a})`,
  '%': ([a, b]) => `(${a} % ${b})`,
  extract: ([unit, x]) => `extract(${unit} FROM ${x})`,
  datepart: ([unit, x]) => `datepart(${unit} FROM ${x})`,
  date_part: ([unit, x]) => `date_part(${unit}, ${x})`,
  ltrim: ([cut, x]) => (x === undefined ? null : `TRIM(LEADING ${cut} FROM ${x})`),
  rtrim: ([cut, x]) => (x === undefined ? null : `TRIM(TRAILING ${cut} FROM ${x})`),
  trim: ([cut, x]) => (x === undefined ? null : `TRIM(BOTH ${cut} FROM ${x})`),
  position: ([sub, text, from]) => (from === undefined ? `locate(${sub}, ${text}, 1)` : null),
  ceil: (args) => (args.length === 2 ? `ceil(${args.join(', ')})` : null),
  floor: (args) => (args.length === 2 ? `floor(${args.join(', ')})` : null),
  dateadd: (args) => (args.length === 3 ? `timestampadd(${args.join(', ')})` : `date_add(${args.join(', ')})`),
  date_add: (args) => (args.length === 3 ? `timestampadd(${args.join(', ')})` : null),
  datediff: (args) => (args.length === 3 ? `timestampdiff(${args.join(', ')})` : null),
  date_diff: (args) => (args.length === 3 ? `timestampdiff(${args.join(', ')})` : null),
  instr: (args) => (args.length === 3 ? `instr(${args.join(', ')}, 1)` : null),
  log: (args) => `LOG(${(args.length === 1 ? ['E()', ...args] : args).join(', ')})`,
  aggregate: (args) => (args.length === 3 ? `aggregate(${[...args, IDENTITY].join(', ')})` : null),
  reduce: (args) => (args.length === 3 ? `reduce(${[...args, IDENTITY].join(', ')})` : null),
  array_sort: (args) => (args.length === 1 ? `array_sort(${args[0]}, ${NATURAL_ORDER})` : null),
  assert_true: ([a, message]) => (message === undefined ? `assert_true(${a}, '${a}' is not true!)` : null),
  convert_timezone: (args) => (args.length === 2 ? `convert_timezone(current_timezone(), ${args.join(', ')})` : null),
  raise_error: (args) =>
    args.length === 1 ? `raise_error(USER_RAISED_EXCEPTION, map(errorMessage, ${args[0]}))` : null,
  mode: (args) => (args.length === 2 && args[1] === 'true' ? `mode() WITHIN GROUP (ORDER BY ${args[0]} DESC)` : null),
}

/** The text of a call inside a column's name: `name` as it was called, in lower case. */
export function callName(name: string, args: Args): string {
  const form = FORMS[name]?.(args)
  if (form !== undefined && form !== null) return form
  const shown = SHOWN_AS[name] ?? name
  return `${CAPITALS.has(shown) ? shown.toUpperCase() : shown}(${shownArguments(name, args).join(', ')})`
}

function shownArguments(name: string, args: Args): Args {
  const most = SHOWN_ARGUMENTS[name]
  if (most !== undefined) return args.slice(0, most)
  const filled = FILLED_IN[name]
  if (!filled) return args
  const [from, ...rest] = filled
  const more = rest.slice(Math.max(0, args.length - from))
  // Binary text is padded with zero bytes.
  const binary = (name === 'lpad' || name === 'rpad') && TEXT_PAD.test(args[0] ?? '')
  return [...args, ...(binary && more.length > 0 ? ["X'00'"] : more)]
}
