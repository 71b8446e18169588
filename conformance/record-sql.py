"""Asks a real Spark (pip install pyspark==4.3.0) for the answers of a group of SQL cases and writes them into its file:

    python conformance/record-sql.py conformance/data/sql/GROUP.json

The file needs group, conf, setup and cases with at least "sql"; format in data/sql/README.md. Top-level intervals are
asked for as text; statements whose values Python cannot take (intervals inside arrays) are left out, and named.
"""

import datetime
import json
import math
import os
import re
import sys

os.environ["TZ"] = "UTC"
from zoneinfo import ZoneInfo

import pyspark.sql.types as T
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

INTERVAL = re.compile(r"\binterval\b|\btime\b")


def encoded(value, kind, zone):
    """A value as data/sql/README.md has it."""
    if value is None:
        return None
    if isinstance(kind, T.LongType):
        return value if abs(value) <= 2**53 - 1 else str(value)
    if isinstance(kind, (T.FloatType, T.DoubleType)):
        if math.isnan(value):
            return "NaN"
        return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(kind, T.DecimalType):
        return format(value, "f")
    if isinstance(kind, T.BinaryType):
        return bytes(value).hex().upper()
    if isinstance(kind, T.DateType):
        return value.isoformat()
    if isinstance(kind, (T.TimestampType, T.TimestampNTZType)):
        if isinstance(kind, T.TimestampType):
            value = value.replace(tzinfo=datetime.timezone.utc).astimezone(ZoneInfo(zone))
        text = "%04d-%02d-%02d %02d:%02d:%02d" % value.timetuple()[:6]
        return text + (".%06d" % value.microsecond).rstrip("0") if value.microsecond else text
    if isinstance(kind, T.ArrayType):
        return [encoded(x, kind.elementType, zone) for x in value]
    if isinstance(kind, T.MapType):
        pairs = [[encoded(k, kind.keyType, zone), encoded(x, kind.valueType, zone)] for k, x in value.items()]
        return sorted(pairs, key=lambda pair: json.dumps(pair[0]))
    if isinstance(kind, T.StructType):
        names = [f.name for f in kind.fields]
        values = [encoded(x, f.dataType, zone) for x, f in zip(value, kind.fields)]
        return values if len(set(names)) < len(names) else dict(zip(names, values))
    return value


def answer(session, setup, sql, zone):
    """Schema and rows, or the error; None where Python cannot take the values."""
    try:
        for statement in setup:
            session.sql(statement)
        frame = session.sql(sql)
        fields = frame.schema.fields
        schema = [[f.name, frame._jdf.schema().apply(i).dataType().catalogString()] for i, f in enumerate(fields)]
        as_text = [INTERVAL.match(kind) is not None for _, kind in schema]
        if any(INTERVAL.search(kind) and not text for (_, kind), text in zip(schema, as_text)):
            return None
        columns = [f"CAST(c{i} AS STRING)" if text else f"c{i}" for i, text in enumerate(as_text)]
        if any(as_text):
            frame = frame.toDF(*[f"c{i}" for i in range(len(fields))]).selectExpr(*columns)
        kinds = [T.StringType() if text else f.dataType for f, text in zip(fields, as_text)]
        return {"schema": schema, "rows": [[encoded(x, k, zone) for x, k in zip(r, kinds)] for r in frame.collect()]}
    except PySparkException as error:
        return {"error": {"condition": error.getCondition() or "_LEGACY", "sqlState": error.getSqlState()}}


def main(path):
    group = json.load(open(path))
    spark = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.legacy.createHiveTableByDefault", "false")
        .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
        .getOrCreate()
    )
    cases = []
    for case in group["cases"]:
        session = spark.newSession()
        for key, value in group["conf"].items():
            session.conf.set(key, value)
        got = answer(session, group["setup"], case["sql"], group["conf"].get("spark.sql.session.timeZone", "UTC"))
        if got is None:
            print("left out:", case["sql"], file=sys.stderr)
            continue
        kept = {key: case[key] for key in ("ordered", "orderKeys") if key in case}
        cases.append({"sql": case["sql"], **got, **kept})
        for table in session.sql("SHOW TABLES").collect():
            if not table["isTemporary"]:
                session.sql(f"DROP TABLE `{table['tableName']}`")
    with open(path, "w") as out:
        head = {key: group[key] for key in ("group", "conf", "setup")}
        out.write("{" + "".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)},\n" for k, v in head.items()))
        out.write('"cases": [\n' + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]}\n")


main(sys.argv[1])
