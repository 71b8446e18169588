"""Records how a real Spark 4.3.0 reads CSV, JSON and text files, infers schemas and writes CSV, into *.json beside this file.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install pyspark==4.3.0 && /tmp/venv/bin/python record.py

A case: name, format, schema (DDL or null: inferred), options, files {relative path: text}, and what came out: `schema` (DDL)
and `rows` (each a list of cells as CAST to STRING prints them, or null), or `error` (the condition).
"""
import gzip, json, os, shutil, tempfile
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from pyspark.errors import PySparkException

HERE = os.path.dirname(os.path.abspath(__file__))
ONE = lambda text: {"a": text}
CSV = [
    ["plain", "a INT, b STRING, c DOUBLE", {}, ONE("1,x,1.5\n2,y z,-2\n")],
    ["crlf and lone cr", "a INT, b STRING", {}, ONE("1,x\r\n2,y\r3,z\r\n")],
    ["blank lines", "a INT, b STRING", {}, ONE("1,x\n\n   \n2,y\n")],
    ["empty cells", "a INT, b STRING, c STRING", {}, ONE("1,,\n,\"\",x\n,,\n")],
    ["quoted", "a STRING, b STRING", {}, ONE('"a,b","say \\"hi\\""\n"a""b","x"\n"un\n"open,x\n')],
    ["quote oddities", "a STRING, b STRING", {}, ONE('a"b,"c"d\n"a"b"c",x\n "q", "r"\n"q" ,"r" x\n"abc\\\\",x\n"a\\nb",x\\y\n"ab\\\\\\"c",d\n')],
    ["escape is quote", "a STRING, b STRING", {"escape": '"'}, ONE('"a""b","c"\n"","x"\n"""",y\n"a\\b",z\n')],
    ["other escape", "a STRING, b STRING", {"escape": "'"}, ONE('"a\'"b","c\'\'d"\n"e\\"f",x\n')],
    ["other quote", "a STRING, b STRING", {"quote": "'"}, ONE("'a,b',\"c\"\n'it\\'s',x\n")],
    ["no quote", "a STRING, b STRING", {"quote": ""}, ONE('"a","b"\nx,y"z\n')],
    ["sep tab", "a INT, b STRING", {"sep": "\\t"}, ONE("1\tx,y\n2\t\n")],
    ["delimiter pipe", "a INT, b STRING", {"delimiter": "|"}, ONE("1|x\n2|\"a|b\"\n")],
    ["sep of two", "a INT, b STRING", {"sep": "||"}, ONE("1||x|y\n2||\"a||b\"\n3||\n")],
    ["header", "a INT, b STRING", {"header": "true"}, ONE("p,q\n1,x\n2,y\n")],
    ["header twice", "a INT, b STRING", {"header": "true"}, {"a": "p,q\n1,x\n", "b": "p,q\n2,y\n"}],
    ["header after blanks", "a INT, b STRING", {"header": "true", "comment": "#"}, ONE("\n# c\np,q\n1,x\n")],
    ["header not enforced wrong", "a INT, b STRING", {"header": "true", "enforceSchema": "false"}, ONE("p,q\n1,x\n")],
    ["header not enforced right", "a INT, b STRING", {"header": "true", "enforceSchema": "false"}, ONE("A,b\n1,x\n")],
    ["header not enforced fewer", "a INT, b STRING", {"header": "true", "enforceSchema": "false"}, ONE("a\n1\n")],
    ["comment", "a INT, b STRING", {"comment": "#"}, ONE("# no\n1,x\n #y,2\n2,#z\n")],
    ["nullValue", "a INT, b STRING", {"nullValue": "NA"}, ONE("NA,NA\n1,\n,\"NA\"\n3,\"\"\n")],
    ["emptyValue", "a STRING, b STRING", {"emptyValue": "E"}, ONE("\"\",x\n,y\nE,z\n")],
    ["emptyValue and nullValue", "a STRING, b STRING", {"emptyValue": "", "nullValue": "-"}, ONE("\"\",x\n,y\n-,z\n")],
    ["trim", "a INT, b STRING, c STRING", {"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"}, ONE(" 1 , x y , \" q \" \n2,\t,  \n")],
    ["trim leading", "a INT, b STRING", {"ignoreLeadingWhiteSpace": "true"}, ONE(" 1, x \n2 , y\n")],
    ["not trimmed", "a INT, b DOUBLE, c BOOLEAN, d DATE", {}, ONE("1 , 1.5,true , 2020-01-01\n1, 1.5 ,true, 2020-01-01 \n")],
    ["numbers", "a TINYINT, b SMALLINT, c BIGINT, d FLOAT, e DOUBLE, f DECIMAL(10,2)", {}, ONE("1,2,3,1.5,2.5,3.456\n-128,-32768,-9223372036854775808,1e10,1e300,-0.005\n+1,+2,+3,.5,5.,\"1,234.5\"\n")],
    ["bad numbers", "a TINYINT, b BIGINT, c DOUBLE, d DECIMAL(4,2), x STRING", {}, ONE("128,1,1,1,a\n1,9223372036854775808,1,1,b\n1,1,x,1,c\n1,1,1,123.45,d\n1.0,1,1,1,e\n1,1e2,1,1,f\n1,1,1d,1,g\n1,1,0x10,1,h\n1,1,1,1e1,i\n")],
    ["special doubles", "a DOUBLE, b FLOAT", {}, ONE("NaN,NaN\nInf,-Inf\nInfinity,-Infinity\n+Inf,INF\nnan,inf\n")],
    ["named doubles", "a DOUBLE", {"nanValue": "n/a", "positiveInf": "+oo", "negativeInf": "-oo"}, ONE("n/a\n+oo\n-oo\nNaN\n")],
    ["booleans", "a BOOLEAN", {}, ONE("true\nFALSE\nTrue\nyes\n1\nt\n")],
    ["dates", "a DATE, x STRING", {}, ONE("2020-01-31,a\n2020-1-3,b\n2020-02-30,c\n2020,d\n2020-01,e\n2020-01-01T00:00:00,f\n2020-01-01 xyz,g\n01/02/2020,h\n")],
    ["timestamps", "a TIMESTAMP, x STRING", {}, ONE("2020-01-31 10:00:00,a\n2020-01-31T10:00:00.123456Z,b\n2020-01-31T10:00:00+02:00,c\n2020-01-31,d\n2020-01-31 10:00,e\n2020-01-31 25:00:00,f\n10:00:00,g\n2020-01-31T10:00:00.123456789,h\n1580464800,i\n")],
    ["timestamps ntz", "a TIMESTAMP_NTZ, x STRING", {}, ONE("2020-01-31 10:00:00,a\n2020-01-31T10:00:00.123Z,b\n2020-01-31,c\n")],
    ["formats", "a DATE, b TIMESTAMP, c TIMESTAMP_NTZ", {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy/MM/dd HH:mm", "timestampNTZFormat": "yyyyMMdd HHmmss"}, ONE("31/01/2020,2020/01/31 10:30,20200131 103000\n2020-01-31,2020-01-31 10:30:00,2020-01-31 10:30:00\n")],
    ["permissive", "a INT, b STRING, c INT", {}, ONE("1,x,3\nq,y,4\n5,z\n6,w,7,8\n\"9,v,1\n")],
    ["permissive corrupt", "a INT, b STRING, _corrupt_record STRING", {}, ONE("1,x\nq,y\n5\n6,w,7\n")],
    ["corrupt in the middle", "a INT, bad STRING, b STRING", {"columnNameOfCorruptRecord": "bad"}, ONE("1,x\nq,y\n5\n6,\"w\\\"z\",7\n")],
    ["corrupt not a string", "a INT, _corrupt_record INT", {}, ONE("1\nx\n")],
    ["dropmalformed", "a INT, b STRING, c INT", {"mode": "DROPMALFORMED"}, ONE("1,x,3\nq,y,4\n5,z\n6,w,7,8\n")],
    ["failfast", "a INT, b STRING, c INT", {"mode": "FAILFAST"}, ONE("1,x,3\nq,y,4\n")],
    ["failfast tokens", "a INT, b STRING, c INT", {"mode": "FAILFAST"}, ONE("1,x,3\n5,z\n")],
    ["unknown mode", "a INT", {"mode": "lax"}, ONE("1\nx\n")],
    ["multiLine", "a INT, b STRING, c INT", {"multiLine": "true"}, ONE('1,"x\ny",2\n3,z,4\n\n5,"a\r\nb",6\r\n')],
    ["multiLine header comment", "a INT, b STRING", {"multiLine": "true", "header": "true", "comment": "#"}, ONE('p,q\n#c\n1,"x\n\n#y"\n')],
    ["multiLine unclosed", "a INT, b STRING", {"multiLine": "true"}, ONE('1,"x\n2,y\n')],
    ["lineSep", "a INT, b STRING", {"lineSep": ";"}, ONE("1,x;2,y\nz;3,w")],
    ["lineSep multiLine", "a INT, b STRING", {"lineSep": ";", "multiLine": "true"}, ONE("1,x;2,\"y;z\";3,w")],
    ["bom", "a INT, b STRING", {}, ONE("\ufeff1,x\n2,y\n")],
    ["unicode", "a STRING, b STRING", {"sep": "\u00a7"}, ONE("日本\u00a7x\n")],
    ["maxColumns", "a INT, b INT, c INT", {"maxColumns": "2"}, ONE("1,2,3\n")],
    ["maxCharsPerColumn", "a STRING, b STRING", {"maxCharsPerColumn": "3"}, ONE("abc,d\nabcd,e\n")],
    ["intervals", "a INTERVAL DAY TO SECOND, b INTERVAL YEAR TO MONTH", {}, ONE("INTERVAL '1 02:03:04' DAY TO SECOND,INTERVAL '1-2' YEAR TO MONTH\n1 02:03:04,1-2\n")],
    ["binary", "a BINARY, b INT", {}, ONE("abc,1\n")],
    ["array", "a ARRAY<INT>", {}, ONE("1\n")],
    ["infer off", None, {}, ONE("1,x\n2,y,z\n")],
    ["infer header only", None, {"header": "true"}, ONE("a,b\n1,x\n")],
    ["infer", None, {"header": "true", "inferSchema": "true"}, ONE("i,l,d,de,s,b,da,t,n\n1,3000000000,1.5,12345678901234567890,x,true,2020-01-01,2020-01-01 10:00:00,\n2,1,2,1,1,False,2020-02-02,2020-01-02T10:00:00Z,\n")],
    ["infer mixed", None, {"inferSchema": "true"}, ONE("1,1,1,true,2020-01-01,2020-01-01,1.5\n1.5,x,3000000000,1,2020-01-01 10:00:00,x,12345678901234567890\n")],
    ["infer nulls", None, {"inferSchema": "true", "nullValue": "NA"}, ONE("1,NA,\nNA,NA,x\n,NA,\n")],
    ["infer time only", None, {"inferSchema": "true"}, ONE("10:00:00,2020,2020-01,12:30\n")],
    ["infer formats", None, {"inferSchema": "true", "dateFormat": "dd/MM/yyyy", "timestampFormat": "dd/MM/yyyy HH:mm"}, ONE("31/01/2020,31/01/2020 10:00,2020-01-31,31/01/2020\n30/01/2020,30/01/2020 10:00,2020-01-31,30/01/2020 10:00\n")],
    ["infer no dates", None, {"inferSchema": "true", "preferDate": "false"}, ONE("2020-01-31,2020-01-31 10:00:00\n")],
    ["infer names", None, {"header": "true"}, ONE("a,A,,a b,b\n1,2,3,4,5\n")],
    ["infer short header", None, {"header": "true", "inferSchema": "true"}, ONE("a\n1,2\n3,4\n")],
    ["infer corrupt", None, {"header": "true", "inferSchema": "true"}, ONE("a,b\n1,2,3\n4\n")],
    ["infer two files", None, {"header": "true", "inferSchema": "true"}, {"a": "p,q\n1,2\n", "b": "q,p\nx,3\n"}],
    ["infer doubles", None, {"inferSchema": "true"}, ONE("1d,NaN,Inf,-Inf,1e5,.5,0x1p3,Infinity,1f\n")],
    ["infer empty", None, {"inferSchema": "true"}, ONE("")],
    ["gzip", "a INT, b STRING", {}, {"x.csv.gz": "1,x\n2,y\n"}],
    ["select pruned short", "a INT, b STRING, c INT", {"mode": "DROPMALFORMED", "_select": "a"}, ONE("1,x,3\nq,y,4\n5,z\n6,w,7,8\n")],
    ["select pruned last", "a INT, b STRING, c INT", {"_select": "c"}, ONE("1,x,3\nq,y,4\n5,z\n6,w,7,8\n")],
    ["count pruned", "a INT, b STRING, c INT", {"mode": "DROPMALFORMED", "_select": "count(*)"}, ONE("1,x,3\nq,y,4\n5,z\n6,w,7,8\n\n")],
]
JSON = [
    ["plain", "a BIGINT, b STRING", {}, ONE('{"a":1,"b":"x"}\n{"b":"y"}\n')],
    ["permissive", "a INT, b STRING, c DOUBLE", {}, ONE('{"a":1,"b":"x","c":1.5}\n{"a":"q","b":"y","c":2}\n{"a":2,"b":\nnonsense\n[]\n{"c":"z","a":3}\n')],
    ["permissive corrupt", "a INT, b STRING, _corrupt_record STRING", {}, ONE('{"a":1,"b":"x"}\n{"a":"q","b":"y\\tz"}\n{"a":2,"b":\n  nonsense \n5\n"s"\nnull\n{"b":"w","a":1.5}\n{"_corrupt_record":"mine","a":1}\n')],
    ["partial nested", "a STRUCT<x:INT,y:STRING>, b ARRAY<INT>, c MAP<STRING,INT>, d ARRAY<STRUCT<x:INT,y:STRING>>, e INT, _corrupt_record STRING", {}, ONE('{"a":{"x":"bad","y":"k"},"e":1}\n{"b":[1,"bad",3],"e":2}\n{"c":{"p":1,"q":"bad"},"e":3}\n{"a":5,"e":4}\n{"b":"no","e":5}\n{"d":[{"x":1,"y":"u"},{"x":"bad","y":"v"},7],"e":6}\n{"e":"bad","a":{"x":1,"y":"k"}}\n')],
    ["dropmalformed", "a INT, b STRING", {"mode": "DROPMALFORMED"}, ONE('{"a":1,"b":"x"}\n{"a":"q","b":"y"}\n{"a":2,"b":\n{"a":3}\n')],
    ["failfast", "a INT, b STRING", {"mode": "FAILFAST"}, ONE('{"a":1,"b":"x"}\n{"a":"q","b":"y"}\n')],
    ["column of corrupt", "a INT, bad STRING", {"columnNameOfCorruptRecord": "bad"}, ONE('{"a":1}\n{"a":"x"}\n')],
    ["corrupt not a string", "a INT, _corrupt_record INT", {}, ONE('{"a":1}\n')],
    ["lines", "a INT", {}, ONE('{"a":1}\r\n{"a":2}\r{"a":3}\n\n   \n{"a":4} {"a":5}\n{"a":6},\n[{"a":7},{"a":8}]\n[{"a":9},"x"]\n')],
    ["lineSep", "a INT, b STRING", {"lineSep": ";;"}, ONE('{"a":1};;{"a":2,\n"b":"x"};;{"a":3}')],
    ["multiLine object", "a INT, b STRING", {"multiLine": "true"}, {"a": '{\n "a": 1,\n "b": "x"\n}\n', "b": '[{"a":2},\n{"a":3}]', "c": ""}],
    ["multiLine many", "a INT, _corrupt_record STRING", {"multiLine": "true"}, {"a": '{"a":1}\n{"a":2}\n', "b": '{"a":\n'}],
    ["multiLine bad element", "a INT, _corrupt_record STRING", {"multiLine": "true"}, {"a": '[{"a":1},\n{"a":"x"},{"a":3}]'}],
    ["formats", "a DATE, b TIMESTAMP, c TIMESTAMP_NTZ", {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy/MM/dd HH:mm", "timestampNTZFormat": "yyyyMMdd HHmmss"}, ONE('{"a":"31/01/2020","b":"2020/01/31 10:30","c":"20200131 103000"}\n{"a":"2020-01-31"}\n{"b":"2020-01-31 10:30:00"}\n{"c":"2020-01-31 10:30:00"}\n{"b":100}\n')],
    ["single quotes", "a INT, b STRING", {}, ONE("{'a':1,'b':'x'}\n{\"a\":2,'b':'it\\'s'}\n")],
    ["no single quotes", "a INT, b STRING", {"allowSingleQuotes": "false"}, ONE("{'a':1,'b':'x'}\n{\"a\":2}\n")],
    ["comments", "a INT", {"allowComments": "true"}, ONE('{"a":1 /* c */}\n// no\n{"a":2} // end\n')],
    ["unquoted names", "a INT, b STRING", {"allowUnquotedFieldNames": "true"}, ONE('{a:1,b:"x"}\n')],
    ["leading zeros", "a INT", {"allowNumericLeadingZeros": "true"}, ONE('{"a":007}\n')],
    ["any escape", "b STRING", {"allowBackslashEscapingAnyCharacter": "true"}, ONE('{"b":"\\$\\q"}\n')],
    ["control characters", "b STRING", {"allowUnquotedControlChars": "true"}, ONE('{"b":"a\tb"}\n')],
    ["non numeric", "a DOUBLE", {}, ONE('{"a":NaN}\n{"a":-Infinity}\n{"a":"Infinity"}\n{"a":+INF}\n')],
    ["no non numeric", "a DOUBLE", {"allowNonNumericNumbers": "false"}, ONE('{"a":NaN}\n{"a":"NaN"}\n{"a":1}\n')],
    ["primitivesAsString", None, {"primitivesAsString": "true"}, ONE('{"a":1,"b":true,"c":[1.5],"d":null}\n')],
    ["infer", None, {}, ONE('{"a":1,"b":"x","c":1.5,"d":true,"e":null,"f":{"x":1},"g":[1,2.5],"h":[],"i":{}}\n{"a":3000000000,"b":1,"c":2,"d":"t","f":{"y":"s"}}\n')],
    ["infer big", None, {}, ONE('{"a":12345678901234567890,"b":123456789012345678901234567890123456789012}\n{"a":1.5}\n')],
    ["infer decimal", None, {"prefersDecimal": "true"}, ONE('{"a":1.25,"b":1}\n{"a":10.5,"b":2.5}\n')],
    ["infer corrupt", None, {}, ONE('{"a":1}\n{"a":\n')],
    ["infer corrupt failfast", None, {"mode": "FAILFAST"}, ONE('{"a":1}\n{"a":\n')],
    ["infer corrupt drop", None, {"mode": "DROPMALFORMED"}, ONE('{"a":1}\n{"a":\n')],
    ["infer all null", None, {"dropFieldIfAllNull": "true"}, ONE('{"a":null,"b":[],"c":{},"d":[null],"e":1}\n{"a":null}\n')],
    ["infer timestamps", None, {"inferTimestamp": "true"}, ONE('{"a":"2020-01-01T10:00:00Z","b":"x","c":"2020-01-01"}\n')],
    ["infer arrays", None, {}, ONE('[{"a":1},{"b":"x"}]\n')],
    ["infer scalars", None, {}, ONE('5\n{"a":1}\n')],
    ["infer empty", None, {}, ONE("")],
    ["infer order", None, {}, ONE('{"b":1,"B2":2,"_c":3,"a":4}\n')],
    ["strings of others", "a STRING, b STRING", {}, ONE('{"a":1.50,"b":{"x": 1}}\n{"a":true,"b":[1, 2]}\n{"a":1e5,"b":null}\n')],
    ["case", "a INT, A STRING", {"_conf": "spark.sql.caseSensitive=true"}, ONE('{"a":1,"A":"x"}\n')],
    ["bad partial then broken", "a INT, b INT, _corrupt_record STRING", {}, ONE('{"a":"x","b":2\n{"b":2,"a":1]\n')],
]
TEXT = [
    ["lines", None, {}, ONE("a\r\nb\rc\n\nd")],
    ["lineSep", None, {"lineSep": "||"}, ONE("a\nb||c||||d")],
    ["wholetext", None, {"wholetext": "true"}, {"a": "x\ny\n", "b": ""}],
    ["gzip", None, {}, {"x.gz": "a\nb\n"}],
]
PART = [
    ["ints", "csv", "x INT", {}, {"p=1/a": "10\n", "p=2/a": "20\n"}],
    ["mixed", "csv", "x INT", {}, {"p=1/q=a/f": "10\n", "p=x/q=b%2Fc/f": "20\n"}],
    ["types", "csv", "x INT", {}, {"d=2020-01-01/t=2020-01-01 10%3A00%3A00/b=3000000000/e=1.5/n=__HIVE_DEFAULT_PARTITION__/f": "10\n", "d=2020-01-02/t=2020-01-02 10%3A00%3A00/b=1/e=2/n=1/f": "20\n"}],
    ["declared", "csv", "p STRING, x INT", {}, {"p=01/a": "10\n"}],
    ["json declared middle", "json", "x INT, p BIGINT, y INT", {}, {"p=01/a": '{"x":1,"y":2}\n'}],
    ["leading zero", "csv", "x INT", {}, {"p=01/a": "1\n", "p=002/a": "2\n"}],
    ["inferred", "json", None, {}, {"p=1/a": '{"x":1}\n', "p=2/a": '{"y":"s"}\n'}],
    ["in the data too", "json", None, {}, {"p=1/a": '{"x":1,"p":7}\n'}],
    ["nested not recursive", "csv", "x INT", {}, {"a": "1\n", "sub/b": "2\n"}],
    ["nested recursive", "csv", "x INT", {"recursiveFileLookup": "true"}, {"a": "1\n", "sub/b": "2\n", "p=1/c": "3\n"}],
    ["glob filter", "csv", "x INT", {"pathGlobFilter": "*.csv"}, {"a.csv": "1\n", "b.txt": "2\n"}],
    ["hidden", "csv", "x INT", {}, {"a": "1\n", "_b": "2\n", ".c": "3\n", "_p=1": "4\n"}],
    ["double and int", "csv", "x INT", {}, {"p=1/a": "1\n", "p=1.5/a": "2\n"}],
    ["date and string", "csv", "x INT", {}, {"p=2020-01-01/a": "1\n", "p=x/a": "2\n"}],
    ["date and timestamp", "csv", "x INT", {}, {"p=2020-01-01/a": "1\n", "p=2020-01-01 10%3A00%3A00/a": "2\n"}],
    ["big", "csv", "x INT", {}, {"p=12345678901234567890/a": "1\n"}],
    ["base path", "csv", "x INT", {"_path": "p=1", "basePath": "."}, {"p=1/a": "1\n", "p=2/a": "2\n"}],
    ["one partition", "csv", "x INT", {"_path": "p=1"}, {"p=1/a": "1\n", "p=2/a": "2\n"}],
    ["glob over partitions", "csv", "x INT", {"_path": "p=*"}, {"p=1/a": "1\n", "p=2/a": "2\n"}],
    ["glob forms", "csv", "x INT", {"_path": "{a,b}[1-2].c?v"}, {"a1.csv": "1\n", "b2.csv": "2\n", "a3.csv": "3\n", "c1.csv": "4\n"}],
    ["inconsistent", "csv", "x INT", {}, {"p=1/a": "1\n", "q=2/a": "2\n"}],
    ["root file too", "csv", "x INT", {}, {"p=1/a": "1\n", "b": "2\n"}],
]
WRITE = [
    ["plain", {}], ["header", {"header": "true"}], ["tab", {"sep": "\t"}], ["all quoted", {"quoteAll": "true"}], ["null and empty", {"nullValue": "NA", "emptyValue": "E"}],
    ["formats", {"dateFormat": "dd/MM/yyyy", "timestampFormat": "yyyy/MM/dd HH:mm", "timestampNTZFormat": "HHmm"}],
    ["no trimming", {"ignoreLeadingWhiteSpace": "false", "ignoreTrailingWhiteSpace": "false"}], ["quotes kept", {"escapeQuotes": "false"}], ["escape", {"escape": '"'}], ["lineSep", {"lineSep": ";"}], ["quote", {"quote": "'"}],
]

spark = SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "America/New_York").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("OFF")

def lay(files):
    d = tempfile.mkdtemp()
    for i, (name, text) in enumerate(files.items()):
        p = os.path.join(d, name)
        os.makedirs(os.path.dirname(p), exist_ok=True)
        data = text.encode()
        with open(p, "wb") as f: f.write(gzip.compress(data) if name.endswith(".gz") else data)
        os.utime(p, (1700000000 + i, 1700000000 + i))
    return d

def condition(e):
    c = None
    while e is not None and c is None:
        c = e.getCondition() if hasattr(e, "getCondition") else None
        e = e.__cause__
    return c

def causes(e):
    text = str(e)
    import re
    return re.findall(r"\[([A-Z_]+(?:\.[A-Z_]+)*)\]", text)[:3]

def read(fmt, schema, options, files):
    d = lay(files)
    out = {"schema": schema, "options": options, "files": files}
    conf = options.get("_conf")
    if conf: spark.conf.set(*conf.split("="))
    try:
        r = spark.read.format(fmt)
        if schema: r = r.schema(schema)
        for k, v in options.items():
            if not k.startswith("_"): r = r.option(k, d if k == "basePath" else v)
        df = r.load(os.path.join(d, options.get("_path", "")))
        if not options.get("_select"): df = df.cache() if "_corrupt_record" in df.columns and schema is None else df
        out["read"] = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in df.schema.fields)
        if options.get("_select"): df = df.selectExpr(options["_select"])
        cells = df.select([F.expr(f"cast(`{n}` as string)") if t[1] not in ("binary",) else F.hex(n) for n, t in zip(df.columns, df.dtypes)]) if len(set(c.lower() for c in df.columns)) == len(df.columns) and all("`" not in c for c in df.columns) else None
        rows = (cells or df).collect()
        out["rows"] = [[None if c is None else str(c) for c in r] for r in rows]
    except Exception as e:
        out.pop("rows", None)
        out["error"] = condition(e) or "?"
        out["conditions"] = causes(e)
    if conf: spark.conf.unset(conf.split("=")[0])
    shutil.rmtree(d)
    return out

def save(name, cases):
    with open(os.path.join(HERE, name + ".json"), "w") as f: json.dump(cases, f, ensure_ascii=False, indent=1); f.write("\n")

save("csv", [{"name": n, **read("csv", s, o, f)} for n, s, o, f in CSV])
save("json", [{"name": n, **read("json", s, o, f)} for n, s, o, f in JSON])
save("text", [{"name": n, **read("text", s, o, f)} for n, s, o, f in TEXT])
save("partitions", [{"name": n, "format": fmt, **read(fmt, s, o, f)} for n, fmt, s, o, f in PART])

df = spark.sql("""SELECT * FROM VALUES
 (1, 'plain', 1.5D, 0.1F, 1.50BD, true, date'2020-01-31', timestamp'2020-01-31 10:00:00.123456', timestamp_ntz'2020-01-31 10:00:00', 9007199254740993L),
 (2, 'a,b', double('NaN'), float('Infinity'), -0.01BD, false, null, null, null, null),
 (3, 'say "hi"', 1e300D, 1e10F, null, null, null, null, null, -1L),
 (4, '', null, null, null, null, null, null, null, null), (5, null, null, null, null, null, null, null, null, null),
 (6, ' padded ', -0.0D, null, null, null, null, null, null, null), (7, 'line\nbreak', 100000000D, null, null, null, null, null, null, null),
 (8, 'back\\\\slash "q', null, null, null, null, null, null, null, null), (9, '#hash', null, null, null, null, null, null, null, null), (10, '"q"', null, null, null, null, null, null, null, null), (11, "tab\tx'y", null, null, null, null, null, null, null, null)
 AS t(id, s, d, f, m, b, dt, ts, tn, l)""").coalesce(1)
written = []
for n, o in WRITE:
    d = tempfile.mkdtemp()
    df.write.mode("overwrite").options(**o).csv(d)
    (p,) = [x for x in os.listdir(d) if x.startswith("part-")]
    written.append({"name": n, "options": o, "text": open(os.path.join(d, p), newline="").read()})
d = tempfile.mkdtemp()
spark.sql("SELECT * FROM VALUES (1, 'a/b', null, date'2020-01-31'), (2, 'x y', 1, null), (3, '', 2, date'2020-01-31'), (4, 'ä:=%', 3, date'2020-01-31') AS t(id, p, q, r)").coalesce(1).write.mode("overwrite").partitionBy("p", "q", "r").csv(d)
dirs = sorted(os.path.relpath(r, d) for r, _, fs in os.walk(d) if any(f.startswith("part-") for f in fs))
save("write", {"cases": written, "directories": dirs})
print("done")
