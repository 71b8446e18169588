/**
 * The functions in daily use, by our judgement: what the queries of TPC-H, Nexmark and the guides of Spark are written
 * with. docs/functions.md says how many of them run in generated code.
 */
export const DAILY_FUNCTIONS: readonly string[] = `
+ - * / % = <> < <= > >= <=> and or not in between case when cast isnull isnotnull coalesce nvl ifnull nullif if
greatest least abs round floor ceil pow sqrt
concat concat_ws length upper lower trim ltrim rtrim substring left right lpad rpad replace split split_part contains
startswith endswith instr like ilike rlike regexp_extract regexp_replace
current_date current_timestamp now date_add date_sub datediff year quarter month day dayofweek hour minute second
extract date_trunc trunc to_date to_timestamp date_format unix_timestamp from_unixtime timestamp_seconds
timestamp_millis unix_millis
count sum avg min max count_if first last max_by min_by collect_list collect_set approx_count_distinct stddev
percentile_approx bool_and bool_or
array map struct named_struct size element_at array_contains get_json_object from_json to_json
md5 sha2 hash xxhash64
`
  .trim()
  .split(/\s+/)
