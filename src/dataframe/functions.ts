import type { AstExpr } from '../sql/ast.ts'
import { callExpr, Column, columnExpr, type ColumnOrName, type ColumnOrValue, exprOf } from './column.ts'

/**
 * The functions of daily use as typed calls; every other function of SQL is reached by `callFunction(name, …)` or `expr(sql)`.
 * As in Spark, a string stands for a column where a column is wanted, and for itself where a constant is.
 */

const call = (name: string, args: readonly AstExpr[]): Column => new Column(callExpr(name, args))

/** Any function by its SQL name, over columns and constants. */
export const callFunction = (name: string, ...args: ColumnOrValue[]): Column => call(name, args.map(exprOf))
/** CASE WHEN condition THEN value …; continue with `.when` and `.otherwise`. */
export const when = (condition: Column, value: ColumnOrValue): Column =>
  new Column({ kind: 'case', branches: [{ when: condition.expr, then: exprOf(value) }] })
/** Count of distinct combinations of the columns. */
export const countDistinct = (...columns: ColumnOrName[]): Column =>
  new Column(callExpr('count', columns.map(columnExpr), { distinct: true }))
/** `window(ts, '10 minutes', '5 minutes')`: the time windows that hold the row, as struct<start, end>. */
export const window = (
  time: ColumnOrName,
  windowDuration: string,
  slideDuration?: string,
  startTime?: string,
): Column =>
  call('window', [
    columnExpr(time),
    ...[windowDuration, slideDuration ?? (startTime === undefined ? undefined : windowDuration), startTime]
      .filter((x) => x !== undefined)
      .map(exprOf),
  ])

/**
 * `calendar_window(ts, 'month')`: the day, week, month, quarter or year (or `'2 weeks'`, `'6 months'`) of the calendar that
 * holds the row, as struct<start, end>. In the session's time zone unless another is given; weeks begin on Monday unless
 * `weekStart` says otherwise.
 */
export const calendar_window = (
  time: ColumnOrName,
  period: string,
  { timeZone, weekStart }: { readonly timeZone?: string; readonly weekStart?: string } = {},
): Column =>
  call('calendar_window', [
    columnExpr(time),
    exprOf(period),
    ...(timeZone === undefined && weekStart === undefined ? [] : [exprOf(timeZone ?? null)]),
    ...(weekStart === undefined ? [] : [exprOf(weekStart)]),
  ])

// ---------------------------------------------------------------- aggregate

/** SQL `count`. */
export const count = (a: ColumnOrName): Column => call('count', [columnExpr(a)])
/** SQL `sum`. */
export const sum = (a: ColumnOrName): Column => call('sum', [columnExpr(a)])
/** SQL `avg`. */
export const avg = (a: ColumnOrName): Column => call('avg', [columnExpr(a)])
/** SQL `mean`. */
export const mean = (a: ColumnOrName): Column => call('mean', [columnExpr(a)])
/** SQL `min`. */
export const min = (a: ColumnOrName): Column => call('min', [columnExpr(a)])
/** SQL `max`. */
export const max = (a: ColumnOrName): Column => call('max', [columnExpr(a)])
/** SQL `first`. */
export const first = (a: ColumnOrName): Column => call('first', [columnExpr(a)])
/** SQL `last`. */
export const last = (a: ColumnOrName): Column => call('last', [columnExpr(a)])
/** SQL `any_value`. */
export const any_value = (a: ColumnOrName): Column => call('any_value', [columnExpr(a)])
/** SQL `collect_list`. */
export const collect_list = (a: ColumnOrName): Column => call('collect_list', [columnExpr(a)])
/** SQL `collect_set`. */
export const collect_set = (a: ColumnOrName): Column => call('collect_set', [columnExpr(a)])
/** SQL `count_if`. */
export const count_if = (a: ColumnOrName): Column => call('count_if', [columnExpr(a)])
/** SQL `bool_and`. */
export const bool_and = (a: ColumnOrName): Column => call('bool_and', [columnExpr(a)])
/** SQL `bool_or`. */
export const bool_or = (a: ColumnOrName): Column => call('bool_or', [columnExpr(a)])
/** SQL `approx_count_distinct`. */
export const approx_count_distinct = (a: ColumnOrName): Column => call('approx_count_distinct', [columnExpr(a)])
/** SQL `stddev`. */
export const stddev = (a: ColumnOrName): Column => call('stddev', [columnExpr(a)])
/** SQL `stddev_pop`. */
export const stddev_pop = (a: ColumnOrName): Column => call('stddev_pop', [columnExpr(a)])
/** SQL `stddev_samp`. */
export const stddev_samp = (a: ColumnOrName): Column => call('stddev_samp', [columnExpr(a)])
/** SQL `variance`. */
export const variance = (a: ColumnOrName): Column => call('variance', [columnExpr(a)])
/** SQL `var_pop`. */
export const var_pop = (a: ColumnOrName): Column => call('var_pop', [columnExpr(a)])
/** SQL `var_samp`. */
export const var_samp = (a: ColumnOrName): Column => call('var_samp', [columnExpr(a)])
/** SQL `skewness`. */
export const skewness = (a: ColumnOrName): Column => call('skewness', [columnExpr(a)])
/** SQL `kurtosis`. */
export const kurtosis = (a: ColumnOrName): Column => call('kurtosis', [columnExpr(a)])
/** SQL `median`. */
export const median = (a: ColumnOrName): Column => call('median', [columnExpr(a)])
/** SQL `mode`. */
export const mode = (a: ColumnOrName): Column => call('mode', [columnExpr(a)])
/** SQL `corr`. */
export const corr = (a: ColumnOrName, b: ColumnOrName): Column => call('corr', [columnExpr(a), columnExpr(b)])
/** SQL `covar_pop`. */
export const covar_pop = (a: ColumnOrName, b: ColumnOrName): Column => call('covar_pop', [columnExpr(a), columnExpr(b)])
/** SQL `covar_samp`. */
export const covar_samp = (a: ColumnOrName, b: ColumnOrName): Column =>
  call('covar_samp', [columnExpr(a), columnExpr(b)])
/** SQL `max_by`. */
export const max_by = (a: ColumnOrName, b: ColumnOrName): Column => call('max_by', [columnExpr(a), columnExpr(b)])
/** SQL `min_by`. */
export const min_by = (a: ColumnOrName, b: ColumnOrName): Column => call('min_by', [columnExpr(a), columnExpr(b)])
/** SQL `percentile`. */
export const percentile = (a: ColumnOrName, b: ColumnOrValue): Column => call('percentile', [columnExpr(a), exprOf(b)])
/** SQL `percentile_approx`. */
export const percentile_approx = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('percentile_approx', [columnExpr(a), exprOf(b)])

// ---------------------------------------------------------------- math

/** SQL `abs`. */
export const abs = (a: ColumnOrName): Column => call('abs', [columnExpr(a)])
/** SQL `sqrt`. */
export const sqrt = (a: ColumnOrName): Column => call('sqrt', [columnExpr(a)])
/** SQL `exp`. */
export const exp = (a: ColumnOrName): Column => call('exp', [columnExpr(a)])
/** SQL `ln`. */
export const ln = (a: ColumnOrName): Column => call('ln', [columnExpr(a)])
/** SQL `log10`. */
export const log10 = (a: ColumnOrName): Column => call('log10', [columnExpr(a)])
/** SQL `log2`. */
export const log2 = (a: ColumnOrName): Column => call('log2', [columnExpr(a)])
/** SQL `sin`. */
export const sin = (a: ColumnOrName): Column => call('sin', [columnExpr(a)])
/** SQL `cos`. */
export const cos = (a: ColumnOrName): Column => call('cos', [columnExpr(a)])
/** SQL `tan`. */
export const tan = (a: ColumnOrName): Column => call('tan', [columnExpr(a)])
/** SQL `asin`. */
export const asin = (a: ColumnOrName): Column => call('asin', [columnExpr(a)])
/** SQL `acos`. */
export const acos = (a: ColumnOrName): Column => call('acos', [columnExpr(a)])
/** SQL `atan`. */
export const atan = (a: ColumnOrName): Column => call('atan', [columnExpr(a)])
/** SQL `ceil`. */
export const ceil = (a: ColumnOrName): Column => call('ceil', [columnExpr(a)])
/** SQL `floor`. */
export const floor = (a: ColumnOrName): Column => call('floor', [columnExpr(a)])
/** SQL `signum`. */
export const signum = (a: ColumnOrName): Column => call('signum', [columnExpr(a)])
/** SQL `negative`. */
export const negative = (a: ColumnOrName): Column => call('negative', [columnExpr(a)])
/** SQL `pow`. */
export const pow = (a: ColumnOrName, b: ColumnOrName): Column => call('pow', [columnExpr(a), columnExpr(b)])
/** SQL `pmod`. */
export const pmod = (a: ColumnOrName, b: ColumnOrName): Column => call('pmod', [columnExpr(a), columnExpr(b)])
/** SQL `atan2`. */
export const atan2 = (a: ColumnOrName, b: ColumnOrName): Column => call('atan2', [columnExpr(a), columnExpr(b)])
/** SQL `greatest`. */
export const greatest = (...rest: ColumnOrName[]): Column => call('greatest', rest.map(columnExpr))
/** SQL `least`. */
export const least = (...rest: ColumnOrName[]): Column => call('least', rest.map(columnExpr))
/** SQL `round`. */
export const round = (a: ColumnOrName, b?: ColumnOrValue): Column =>
  call('round', [columnExpr(a), ...(b === undefined ? [] : [exprOf(b)])])
/** SQL `bround`. */
export const bround = (a: ColumnOrName, b?: ColumnOrValue): Column =>
  call('bround', [columnExpr(a), ...(b === undefined ? [] : [exprOf(b)])])
/** SQL `rand`. */
export const rand = (a?: ColumnOrValue): Column => call('rand', a === undefined ? [] : [exprOf(a)])

// ---------------------------------------------------------------- string

/** SQL `upper`. */
export const upper = (a: ColumnOrName): Column => call('upper', [columnExpr(a)])
/** SQL `lower`. */
export const lower = (a: ColumnOrName): Column => call('lower', [columnExpr(a)])
/** SQL `initcap`. */
export const initcap = (a: ColumnOrName): Column => call('initcap', [columnExpr(a)])
/** SQL `length`. */
export const length = (a: ColumnOrName): Column => call('length', [columnExpr(a)])
/** SQL `trim`. */
export const trim = (a: ColumnOrName): Column => call('trim', [columnExpr(a)])
/** SQL `ltrim`. */
export const ltrim = (a: ColumnOrName): Column => call('ltrim', [columnExpr(a)])
/** SQL `rtrim`. */
export const rtrim = (a: ColumnOrName): Column => call('rtrim', [columnExpr(a)])
/** SQL `reverse`. */
export const reverse = (a: ColumnOrName): Column => call('reverse', [columnExpr(a)])
/** SQL `concat`. */
export const concat = (...rest: ColumnOrName[]): Column => call('concat', rest.map(columnExpr))
/** SQL `concat_ws`. */
export const concat_ws = (a: ColumnOrValue, ...rest: ColumnOrName[]): Column =>
  call('concat_ws', [exprOf(a), ...rest.map(columnExpr)])
/** SQL `substring`. */
export const substring = (a: ColumnOrName, b: ColumnOrValue, c: ColumnOrValue): Column =>
  call('substring', [columnExpr(a), exprOf(b), exprOf(c)])
/** SQL `split`. */
export const split = (a: ColumnOrName, b: ColumnOrValue): Column => call('split', [columnExpr(a), exprOf(b)])
/** SQL `lpad`. */
export const lpad = (a: ColumnOrName, b: ColumnOrValue, c: ColumnOrValue): Column =>
  call('lpad', [columnExpr(a), exprOf(b), exprOf(c)])
/** SQL `rpad`. */
export const rpad = (a: ColumnOrName, b: ColumnOrValue, c: ColumnOrValue): Column =>
  call('rpad', [columnExpr(a), exprOf(b), exprOf(c)])
/** SQL `repeat`. */
export const repeat = (a: ColumnOrName, b: ColumnOrValue): Column => call('repeat', [columnExpr(a), exprOf(b)])
/** SQL `instr`. */
export const instr = (a: ColumnOrName, b: ColumnOrValue): Column => call('instr', [columnExpr(a), exprOf(b)])
/** SQL `locate`. */
export const locate = (a: ColumnOrValue, b: ColumnOrName): Column => call('locate', [exprOf(a), columnExpr(b)])
/** SQL `regexp_extract`. */
export const regexp_extract = (a: ColumnOrName, b: ColumnOrValue, c: ColumnOrValue): Column =>
  call('regexp_extract', [columnExpr(a), exprOf(b), exprOf(c)])
/** SQL `regexp_replace`. */
export const regexp_replace = (a: ColumnOrName, b: ColumnOrValue, c: ColumnOrValue): Column =>
  call('regexp_replace', [columnExpr(a), exprOf(b), exprOf(c)])
/** SQL `replace`. */
export const replace = (a: ColumnOrName, b: ColumnOrName, c: ColumnOrName): Column =>
  call('replace', [columnExpr(a), columnExpr(b), columnExpr(c)])
/** SQL `translate`. */
export const translate = (a: ColumnOrName, b: ColumnOrValue, c: ColumnOrValue): Column =>
  call('translate', [columnExpr(a), exprOf(b), exprOf(c)])
/** SQL `ascii`. */
export const ascii = (a: ColumnOrName): Column => call('ascii', [columnExpr(a)])
/** SQL `base64`. */
export const base64 = (a: ColumnOrName): Column => call('base64', [columnExpr(a)])
/** SQL `unbase64`. */
export const unbase64 = (a: ColumnOrName): Column => call('unbase64', [columnExpr(a)])
/** SQL `format_string`. */
export const format_string = (a: ColumnOrValue, ...rest: ColumnOrName[]): Column =>
  call('format_string', [exprOf(a), ...rest.map(columnExpr)])
/** SQL `levenshtein`. */
export const levenshtein = (a: ColumnOrName, b: ColumnOrName): Column =>
  call('levenshtein', [columnExpr(a), columnExpr(b)])
/** SQL `soundex`. */
export const soundex = (a: ColumnOrName): Column => call('soundex', [columnExpr(a)])
/** SQL `startswith`. */
export const startswith = (a: ColumnOrName, b: ColumnOrName): Column =>
  call('startswith', [columnExpr(a), columnExpr(b)])
/** SQL `endswith`. */
export const endswith = (a: ColumnOrName, b: ColumnOrName): Column => call('endswith', [columnExpr(a), columnExpr(b)])
/** SQL `contains`. */
export const contains = (a: ColumnOrName, b: ColumnOrName): Column => call('contains', [columnExpr(a), columnExpr(b)])
/** SQL `md5`. */
export const md5 = (a: ColumnOrName): Column => call('md5', [columnExpr(a)])
/** SQL `sha1`. */
export const sha1 = (a: ColumnOrName): Column => call('sha1', [columnExpr(a)])
/** SQL `sha2`. */
export const sha2 = (a: ColumnOrName, b: ColumnOrValue): Column => call('sha2', [columnExpr(a), exprOf(b)])
/** SQL `crc32`. */
export const crc32 = (a: ColumnOrName): Column => call('crc32', [columnExpr(a)])
/** SQL `hash`. */
export const hash = (...rest: ColumnOrName[]): Column => call('hash', rest.map(columnExpr))
/** SQL `xxhash64`. */
export const xxhash64 = (...rest: ColumnOrName[]): Column => call('xxhash64', rest.map(columnExpr))

// ---------------------------------------------------------------- datetime

/** SQL `year`. */
export const year = (a: ColumnOrName): Column => call('year', [columnExpr(a)])
/** SQL `quarter`. */
export const quarter = (a: ColumnOrName): Column => call('quarter', [columnExpr(a)])
/** SQL `month`. */
export const month = (a: ColumnOrName): Column => call('month', [columnExpr(a)])
/** SQL `dayofmonth`. */
export const dayofmonth = (a: ColumnOrName): Column => call('dayofmonth', [columnExpr(a)])
/** SQL `dayofweek`. */
export const dayofweek = (a: ColumnOrName): Column => call('dayofweek', [columnExpr(a)])
/** SQL `dayofyear`. */
export const dayofyear = (a: ColumnOrName): Column => call('dayofyear', [columnExpr(a)])
/** SQL `weekofyear`. */
export const weekofyear = (a: ColumnOrName): Column => call('weekofyear', [columnExpr(a)])
/** SQL `hour`. */
export const hour = (a: ColumnOrName): Column => call('hour', [columnExpr(a)])
/** SQL `minute`. */
export const minute = (a: ColumnOrName): Column => call('minute', [columnExpr(a)])
/** SQL `second`. */
export const second = (a: ColumnOrName): Column => call('second', [columnExpr(a)])
/** SQL `to_date`. */
export const to_date = (a: ColumnOrName, b?: ColumnOrValue): Column =>
  call('to_date', [columnExpr(a), ...(b === undefined ? [] : [exprOf(b)])])
/** SQL `to_timestamp`. */
export const to_timestamp = (a: ColumnOrName, b?: ColumnOrValue): Column =>
  call('to_timestamp', [columnExpr(a), ...(b === undefined ? [] : [exprOf(b)])])
/** SQL `date_format`. */
export const date_format = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('date_format', [columnExpr(a), exprOf(b)])
/** SQL `date_trunc`. */
export const date_trunc = (a: ColumnOrValue, b: ColumnOrName): Column => call('date_trunc', [exprOf(a), columnExpr(b)])
/** SQL `trunc`. */
export const trunc = (a: ColumnOrName, b: ColumnOrValue): Column => call('trunc', [columnExpr(a), exprOf(b)])
/** SQL `date_add`. */
export const date_add = (a: ColumnOrName, b: ColumnOrName): Column => call('date_add', [columnExpr(a), columnExpr(b)])
/** SQL `date_sub`. */
export const date_sub = (a: ColumnOrName, b: ColumnOrName): Column => call('date_sub', [columnExpr(a), columnExpr(b)])
/** SQL `datediff`. */
export const datediff = (a: ColumnOrName, b: ColumnOrName): Column => call('datediff', [columnExpr(a), columnExpr(b)])
/** SQL `add_months`. */
export const add_months = (a: ColumnOrName, b: ColumnOrName): Column =>
  call('add_months', [columnExpr(a), columnExpr(b)])
/** SQL `months_between`. */
export const months_between = (a: ColumnOrName, b: ColumnOrName): Column =>
  call('months_between', [columnExpr(a), columnExpr(b)])
/** SQL `last_day`. */
export const last_day = (a: ColumnOrName): Column => call('last_day', [columnExpr(a)])
/** SQL `next_day`. */
export const next_day = (a: ColumnOrName, b: ColumnOrValue): Column => call('next_day', [columnExpr(a), exprOf(b)])
/** SQL `from_unixtime`. */
export const from_unixtime = (a: ColumnOrName, b?: ColumnOrValue): Column =>
  call('from_unixtime', [columnExpr(a), ...(b === undefined ? [] : [exprOf(b)])])
/** SQL `unix_timestamp`. */
export const unix_timestamp = (a: ColumnOrName, b?: ColumnOrValue): Column =>
  call('unix_timestamp', [columnExpr(a), ...(b === undefined ? [] : [exprOf(b)])])
/** SQL `timestamp_seconds`. */
export const timestamp_seconds = (a: ColumnOrName): Column => call('timestamp_seconds', [columnExpr(a)])
/** SQL `current_date`. */
export const current_date = (): Column => call('current_date', [])
/** SQL `current_timestamp`. */
export const current_timestamp = (): Column => call('current_timestamp', [])
/** SQL `window_time`. */
export const window_time = (a: ColumnOrName): Column => call('window_time', [columnExpr(a)])
/** SQL `from_utc_timestamp`. */
export const from_utc_timestamp = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('from_utc_timestamp', [columnExpr(a), exprOf(b)])
/** SQL `to_utc_timestamp`. */
export const to_utc_timestamp = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('to_utc_timestamp', [columnExpr(a), exprOf(b)])

// ---------------------------------------------------------------- conditional

/** SQL `coalesce`. */
export const coalesce = (...rest: ColumnOrName[]): Column => call('coalesce', rest.map(columnExpr))
/** SQL `isnull`. */
export const isnull = (a: ColumnOrName): Column => call('isnull', [columnExpr(a)])
/** SQL `isnan`. */
export const isnan = (a: ColumnOrName): Column => call('isnan', [columnExpr(a)])
/** SQL `nvl`. */
export const nvl = (a: ColumnOrName, b: ColumnOrName): Column => call('nvl', [columnExpr(a), columnExpr(b)])
/** SQL `nullif`. */
export const nullif = (a: ColumnOrName, b: ColumnOrName): Column => call('nullif', [columnExpr(a), columnExpr(b)])
/** SQL `ifnull`. */
export const ifnull = (a: ColumnOrName, b: ColumnOrName): Column => call('ifnull', [columnExpr(a), columnExpr(b)])

// ---------------------------------------------------------------- collection

/** SQL `array`. */
export const array = (...rest: ColumnOrName[]): Column => call('array', rest.map(columnExpr))
/** SQL `struct`. */
export const struct = (...rest: ColumnOrName[]): Column => call('struct', rest.map(columnExpr))
/** SQL `map`. */
export const create_map = (...rest: ColumnOrName[]): Column => call('map', rest.map(columnExpr))
/** SQL `size`. */
export const size = (a: ColumnOrName): Column => call('size', [columnExpr(a)])
/** SQL `explode`. */
export const explode = (a: ColumnOrName): Column => call('explode', [columnExpr(a)])
/** SQL `explode_outer`. */
export const explode_outer = (a: ColumnOrName): Column => call('explode_outer', [columnExpr(a)])
/** SQL `posexplode`. */
export const posexplode = (a: ColumnOrName): Column => call('posexplode', [columnExpr(a)])
/** SQL `inline`. */
export const inline = (a: ColumnOrName): Column => call('inline', [columnExpr(a)])
/** SQL `array_contains`. */
export const array_contains = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('array_contains', [columnExpr(a), exprOf(b)])
/** SQL `array_distinct`. */
export const array_distinct = (a: ColumnOrName): Column => call('array_distinct', [columnExpr(a)])
/** SQL `array_join`. */
export const array_join = (a: ColumnOrName, b: ColumnOrValue): Column => call('array_join', [columnExpr(a), exprOf(b)])
/** SQL `array_max`. */
export const array_max = (a: ColumnOrName): Column => call('array_max', [columnExpr(a)])
/** SQL `array_min`. */
export const array_min = (a: ColumnOrName): Column => call('array_min', [columnExpr(a)])
/** SQL `array_position`. */
export const array_position = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('array_position', [columnExpr(a), exprOf(b)])
/** SQL `array_remove`. */
export const array_remove = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('array_remove', [columnExpr(a), exprOf(b)])
/** SQL `array_repeat`. */
export const array_repeat = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('array_repeat', [columnExpr(a), exprOf(b)])
/** SQL `array_sort`. */
export const array_sort = (a: ColumnOrName): Column => call('array_sort', [columnExpr(a)])
/** SQL `array_union`. */
export const array_union = (a: ColumnOrName, b: ColumnOrName): Column =>
  call('array_union', [columnExpr(a), columnExpr(b)])
/** SQL `arrays_zip`. */
export const arrays_zip = (...rest: ColumnOrName[]): Column => call('arrays_zip', rest.map(columnExpr))
/** SQL `element_at`. */
export const element_at = (a: ColumnOrName, b: ColumnOrValue): Column => call('element_at', [columnExpr(a), exprOf(b)])
/** SQL `flatten`. */
export const flatten = (a: ColumnOrName): Column => call('flatten', [columnExpr(a)])
/** SQL `sequence`. */
export const sequence = (a: ColumnOrName, b: ColumnOrName, c?: ColumnOrName): Column =>
  call('sequence', [columnExpr(a), columnExpr(b), ...(c === undefined ? [] : [columnExpr(c)])])
/** SQL `slice`. */
export const slice = (a: ColumnOrName, b: ColumnOrValue, c: ColumnOrValue): Column =>
  call('slice', [columnExpr(a), exprOf(b), exprOf(c)])
/** SQL `sort_array`. */
export const sort_array = (a: ColumnOrName, b?: ColumnOrValue): Column =>
  call('sort_array', [columnExpr(a), ...(b === undefined ? [] : [exprOf(b)])])
/** SQL `map_keys`. */
export const map_keys = (a: ColumnOrName): Column => call('map_keys', [columnExpr(a)])
/** SQL `map_values`. */
export const map_values = (a: ColumnOrName): Column => call('map_values', [columnExpr(a)])
/** SQL `map_entries`. */
export const map_entries = (a: ColumnOrName): Column => call('map_entries', [columnExpr(a)])
/** SQL `map_from_arrays`. */
export const map_from_arrays = (a: ColumnOrName, b: ColumnOrName): Column =>
  call('map_from_arrays', [columnExpr(a), columnExpr(b)])
/** SQL `map_concat`. */
export const map_concat = (...rest: ColumnOrName[]): Column => call('map_concat', rest.map(columnExpr))
/** SQL `from_json`. */
export const from_json = (a: ColumnOrName, b: ColumnOrValue): Column => call('from_json', [columnExpr(a), exprOf(b)])
/** SQL `to_json`. */
export const to_json = (a: ColumnOrName): Column => call('to_json', [columnExpr(a)])
/** SQL `get_json_object`. */
export const get_json_object = (a: ColumnOrName, b: ColumnOrValue): Column =>
  call('get_json_object', [columnExpr(a), exprOf(b)])
