"""Records what a real Spark 4.3.0 prints: console sink blocks and DataFrame.show tables, into recorded.json beside this file.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pyspark==4.3.0 && /tmp/venv/bin/python record.py

Run without arguments it starts itself with `child`, whose standard output is cut at the markers.
"""
import json, os, re, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

WORDS = "value STRING"
MIXED = ("s STRING, i INT, l BIGINT, d DOUBLE, f FLOAT, dec DECIMAL(10,3), b BOOLEAN, ts TIMESTAMP, dt DATE, "
         "a ARRAY<STRING>, m MAP<STRING,INT>, st STRUCT<x:INT,y:STRING>, bin BINARY")
MIXED_ROWS = [
    {"s": "a", "i": 1, "l": 9007199254740993, "d": 1.5, "f": 0.1, "dec": 90.8, "b": True, "ts": "2026-01-01T00:00:00.000Z",
     "dt": "2026-01-31", "a": ["x", None, "y"], "m": {"k": 1, "j": None}, "st": {"x": 1, "y": None}, "bin": "YWJj"},
    {"s": None},
    {"s": "a string that is longer than twenty characters", "i": -5, "d": 1e300, "f": 1e-10, "dec": -0.001, "b": False,
     "ts": "2026-01-01T00:00:00.123456Z", "a": [], "m": {}, "st": {}},
    {"s": "東京タワー", "d": 100000000.0, "f": 3.0e10}, {"s": "", "d": 0.001}, {"s": "tab\there\nnewline\r\\ \"q\" \u0007", "d": 0.0001}, {"s": "e\u0301 \U0001F600 👩‍👩‍👧"},
    {"s": "東京東京東京東京東京東京東京東京東京東京東京"}, {"s": "exactly twenty chars"}, {"s": "exactly twenty1 chars"}, {"s": "ﾊﾝｶｸ ＦＵＬＬ"},
]
W = [{"value": v} for v in ["apache spark", "apache hadoop"]]
# name, schema, files (one batch each), sql over t, output mode, console options
CASES = [
    ["complete", WORDS, [W[:1], W[1:]], "SELECT w, count(*) AS count FROM (SELECT explode(split(value, ' ')) AS w FROM t) GROUP BY w ORDER BY w", "complete", {}],
    ["update", WORDS, [W[:1], W[1:2]], "SELECT count(*) AS count, max(value) AS m FROM t", "update", {}],
    ["append", WORDS, [W[:1], W[1:]], "SELECT upper(value) AS v FROM t", "append", {}],
    ["empty batch", WORDS, [W[:1]], "SELECT value, 1 AS n FROM t WHERE value = 'none'", "append", {}],
    ["numRows 3", WORDS, [[{"value": str(i)} for i in range(5)]], "SELECT value FROM t", "append", {"numRows": "3"}],
    ["numRows 1", WORDS, [[{"value": str(i)} for i in range(5)]], "SELECT value FROM t", "append", {"numRows": "1"}],
    ["numRows 0", WORDS, [[{"value": str(i)} for i in range(5)]], "SELECT value FROM t", "append", {"numRows": "0"}],
    ["more than 20", WORDS, [[{"value": str(i)} for i in range(25)]], "SELECT value FROM t", "append", {}],
    ["exactly 20", WORDS, [[{"value": str(i)} for i in range(20)]], "SELECT value FROM t", "append", {}],
    ["mixed", MIXED, [MIXED_ROWS], "SELECT * FROM t", "append", {}],
    ["mixed whole", MIXED, [MIXED_ROWS], "SELECT * FROM t", "append", {"truncate": "false"}],
    ["mixed whole numRows", MIXED, [MIXED_ROWS], "SELECT s FROM t", "append", {"truncate": "false", "numRows": "2"}],
    ["intervals", WORDS, [W[:1]], "SELECT interval '1 02:03:04' day to second AS a, interval '1-2' year to month AS b, make_interval(1,2,3) AS c, null AS n, timestamp_ntz'2026-01-01 00:00:00.5' AS t, named_struct('a', date'2026-01-01', 'b', array(1.50, 2.25)) AS z FROM t", "append", {"truncate": "false"}],
    ["wide header", WORDS, [W[:1]], "SELECT 1 AS `東京 a very long column name beyond twenty`, 2 AS b FROM t", "append", {}],
]
# name, schema, rows, show arguments (n, truncate, vertical)
SHOWS = [
    ["show", MIXED, MIXED_ROWS, [20, 20, False]], ["show 2", MIXED, MIXED_ROWS, [2, 20, False]], ["show truncate 5", MIXED, MIXED_ROWS, [20, 5, False]],
    ["show truncate 3", MIXED, MIXED_ROWS, [20, 3, False]], ["show truncate 1", MIXED, MIXED_ROWS, [20, 1, False]], ["show whole", MIXED, MIXED_ROWS, [20, 0, False]],
    ["show vertical", MIXED, MIXED_ROWS, [20, 20, True]], ["show vertical 1 whole", MIXED, MIXED_ROWS, [1, 0, True]], ["show none", MIXED, [], [20, 20, False]], ["show none vertical", MIXED, [], [20, 20, True]],
]

def child():
    from pyspark.sql import SparkSession
    spark = (SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1")
             .config("spark.ui.enabled", "false").getOrCreate())
    spark.sparkContext.setLogLevel("OFF")
    out = spark._jvm.System.out
    def files(lots):
        d = tempfile.mkdtemp()
        for i, rows in enumerate(lots):
            with open(f"{d}/{i}.json", "w") as f:
                for r in rows: f.write(json.dumps(r) + "\n")
            os.utime(f"{d}/{i}.json", (1700000000 + i, 1700000000 + i))
        return d
    for name, schema, lots, sql, mode, options in CASES:
        spark.readStream.schema(schema).option("maxFilesPerTrigger", 1).json(files(lots)).createOrReplaceTempView("t")
        out.println("@@case " + name)
        w = spark.sql(sql).writeStream.outputMode(mode).format("console").trigger(availableNow=True)
        for k, v in options.items(): w = w.option(k, v)
        w.start().awaitTermination()
    for name, schema, rows, (n, truncate, vertical) in SHOWS:
        df = spark.read.schema(schema).json(files([rows]))
        out.println("@@case " + name)
        spark._jvm.System.out.print(df._jdf.showString(n, truncate, vertical)); out.println()
    out.println("@@end"); out.flush()
    spark.stop()

if __name__ == "__main__":
    if sys.argv[1:] == ["child"]: child()
    else:
        env = dict(os.environ, PYSPARK_PYTHON=sys.executable, JAVA_TOOL_OPTIONS="-Dfile.encoding=UTF-8 -Dstdout.encoding=UTF-8 -Dsun.stdout.encoding=UTF-8")
        text = subprocess.run([sys.executable, __file__, "child"], stdout=subprocess.PIPE, env=env, check=True).stdout.decode("utf-8")
        parts = re.split(r"@@(?:case (.*)|end)\n", text)
        said = dict(zip(parts[1::2], parts[2::2]))
        # Rows are kept as lines of JSON text: JavaScript would round big numbers.
        line = lambda r: json.dumps(r, ensure_ascii=False)
        console = [dict(name=n, schema=s, lots=[[line(r) for r in x] for x in l], sql=q, mode=m, options=o, text=said[n]) for n, s, l, q, m, o in CASES]
        shows = [dict(name=n, schema=s, rows=[line(x) for x in r], show=a, text=said[n]) for n, s, r, a in SHOWS]
        with open(os.path.join(HERE, "recorded.json"), "w") as f:
            json.dump(dict(spark="4.3.0", console=console, shows=shows), f, ensure_ascii=False, indent=1); f.write("\n")
