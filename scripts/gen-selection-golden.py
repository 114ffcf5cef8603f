"""Records what Dagster selects, for the test that compares Dagma with it.

    python scripts/gen-selection-golden.py

needs `dagster` and writes packages/dagma/src/definitions/selection/golden-dagster.json. Each text is resolved as `dagster asset
materialize --select` does it: split at commas, each part read by `AssetSelection.from_string`.
"""

import json
import random
import warnings
from pathlib import Path
from typing import Any

import dagster as dg

warnings.filterwarnings("ignore")

TARGET = Path(__file__).parent.parent / "packages/dagma/src/definitions/selection/golden-dagster.json"

# key: what is not the default. Two diamonds, one above the other, a shortcut past both, and assets that stand alone.
GRAPH: dict[str, dict[str, Any]] = {
    "raw": {"group": "ingest", "kinds": ["s3"], "tags": {"stage": "raw", "pii": ""}, "owners": ["ann@example.com"]},
    "clean_a": {"upstream": ["raw"], "kinds": ["duckdb"], "tags": {"stage": "clean"}, "owners": ["team:data"]},
    "clean_b": {"upstream": ["raw"], "kinds": ["duckdb", "llm"], "tags": {"stage": "clean", "pii": ""}},
    "joined": {"upstream": ["clean_a", "clean_b"], "group": "marts", "owners": ["ann@example.com", "team:data"]},
    "mart/sales": {"upstream": ["joined"], "group": "marts", "tags": {"stage": "mart", "my.tag-1": "v.1-x"}},
    "mart/costs": {"upstream": ["joined"], "group": "marts/finance", "tags": {"stage": "mart"}},
    "report": {"upstream": ["mart/sales", "mart/costs", "raw"], "kinds": ["llm"], "group": "llm"},
    "v2/clean_a": {"group": "ingest"},
    "with-dash.dot": {"upstream": ["v2/clean_a"], "group": "sensor", "kinds": ["3d"]},
    "job": {"group": "column"},
    "2": {"upstream": ["job"]},
}

WRITTEN = r"""
*
(*)
not *
not not *
raw
 raw 
job
2
2+
nope
raw,report
raw, report
raw,nope
raw,,report
raw,
,raw
*raw
raw*
*joined*
+joined
joined+
+joined+
++joined
+++joined
joined++
++joined+
*+joined
+*joined
joined+*
joined*+
raw**
*
**
+
+*
*+
mart/sales
+mart/sales
with-dash.dot
*with-dash.dot
v2/clean_a*,+report
key:raw
key:"raw"
key : "raw"
key:mart/sales
key:"mart/sales"
key:"with-dash.dot"
key:with-dash.dot
key:*
key:"*"
key:**
key:clean_*
key:*clean_a
key:*clean*
key:"*/*"
key:mart/*
key:"m*/s*s"
key:r*w
key:"nothing*"
key:"RAW*"
key:".*"
key:"r[a]w*"
key:kind
key:"job"
key:job
key:<null>
key:""
KEY:raw
Key:raw
group:marts
group:"marts"
group:"marts*"
group:"marts/*"
group:marts*
group:ingest
group:default
group:nothing
group:""
group:<null>
group:column
group:"column"
group:sensor
kind:llm
kind:"llm"
kind:duckdb
kind:nothing
kind:<null>
kind:"3d"
kind:3d
kind:"LLM"
tag:pii
tag:"pii"
tag:pii=
tag:stage
tag:stage=raw
tag:"stage"="raw"
tag:"stage" = raw
tag:stage=<null>
tag:pii=<null>
tag:<null>
tag:my.tag-1=v.1-x
tag:"my.tag-1"="v.1-x"
tag:my.tag-1
tag:nothing=nothing
tag:"a"="b"="c"
tag:"dagster/kind/llm"
owner:"ann@example.com"
owner:ann@example.com
owner:"team:data"
owner:"ann"
owner:"*"
owner:<null>
is:external
is:materializable
is:"materializable"
is:other
is:<null>
code_location:here
status:healthy
column:a
column_tag:a=b
table_name:a
changed_in_branch:CODE
automation_type:schedule
sensor:a
schedule:a
job:a
+key:joined
key:joined+
+key:joined+
1+key:joined
2+key:joined
0+key:joined
key:joined+0
key:joined+1
key:raw+2
1+key:joined+1
2 + key : "joined" + 1
99999999999999999999+key:report
++key:joined
key:joined++
*key:joined
key:raw+2and key:clean_a
key:raw+ and +key:report
+key:mart/*
+(key:clean_a or key:clean_b)
(key:clean_a or key:clean_b)+1
+group:marts
1+group:marts+1
+kind:"3d"
+tag:stage=mart
not key:raw
NOT key:raw
Not key:raw
not +key:joined
not key:raw and kind:duckdb
not key:raw and not key:report
not (key:raw or key:report)
key:raw or key:report and kind:llm
(key:raw or key:report) and kind:llm
key:raw OR key:report
key:raw AND tag:pii
key:raw Or key:report
key:raw or key:report or kind:duckdb and tag:pii
key:raw and
and key:raw
or
not
key:raw key:report
key:raw not key:report
key:raw or not key:report
roots(*)
sinks(*)
roots(group:marts)
sinks(group:marts)
roots("marts")
roots(key:raw or key:report)
sinks(key:raw or key:report)
roots (key:"clean*")
sinks(roots(*))
+roots(group:marts)
sinks(group:ingest)+1
roots(not key:raw)
sinks(*) and not kind:llm
roots()
roots(*
roots(raw)
Roots(*)
upstream(*)
()
(key:raw
key:raw)
((key:raw))
( key:raw )
key:"raw"and key:"raw"
notkey:raw
key:raw andkey:raw
key:"ra\"w"
key:"raw
"raw"
key:
key
key raw
raw and report
raw or report
not raw
(raw)
key:raw and report
key:raw,group:marts
key:raw and kind:s3,report
key:raw,key:
roots(*),sinks(*)
<null>
""
key:raw#
!raw
raw report
-raw
raw?
key:"nope"
key:nope or key:raw
not key:nope
key_substring:clean
key_substring:"t/s" and group:marts
2+joined
joined+1
1+joined+1
tag:stage and-so-on
tag:stage=raw and is:other
""".strip("\n").split("\n")

ATOMS = [
    *(f'key:"{key}"' for key in GRAPH),
    "key:clean_*", 'key:"*a*"', "group:marts", 'group:"marts/*"', "kind:llm", "kind:<null>", "tag:stage=clean", "tag:pii",
    'owner:"team:data"', "is:external", "*", "(*)", "roots(*)", "sinks(*)",
]  # fmt: skip
TOKENS = [
    *ATOMS, "key", "key:", "raw", "group", "and", "or", "not", "AND", "Not", "+", "+", "2", "*", "(", ")", ":", "=", '"', "roots", "roots(",
    "sinks", ",", "raw*", "sensor", "<null>", "tag:", "a-b", "_",
]  # fmt: skip


def random_expression(rng: random.Random, depth: int) -> str:
    """Mostly well-formed: it may still join a "+" to "*", which Dagster refuses."""
    form = rng.choice(["atom", "and", "or", "not", "up", "down", "both", "roots", "sinks"]) if depth > 0 else "atom"
    operand = lambda: random_expression(rng, depth - 1)  # noqa: E731
    level = lambda: rng.choice(["", "", "0", "1", "2", "3"])  # noqa: E731
    if form == "atom":
        return rng.choice(ATOMS)
    if form in ("and", "or"):
        text = f"{operand()} {form} {operand()}"
        return f"({text})" if rng.random() < 0.5 else text
    if form == "not":
        return f"not {operand()}"
    if form in ("roots", "sinks"):
        return f"{form}({operand()})"
    up = f"{level()}+" if form in ("up", "both") else ""
    down = f"+{level()}" if form in ("down", "both") else ""
    return f"{up}({operand()}){down}"


def random_tokens(rng: random.Random) -> str:
    """Mostly nonsense, to compare what is refused. Never with "tag:" first, after which Dagster takes any text for the tag's name."""
    while True:
        text = rng.choice(["", " "]).join(rng.choice(TOKENS) for _ in range(rng.randint(1, 5)))
        if not any(part.startswith("tag:") for part in text.split(",")):
            return text


def outcome(text: str, definitions: dg.Definitions) -> dict[str, Any]:
    try:
        selection = dg.AssetSelection.from_coercible(text.split(","))
    except Exception:
        return {"refused": "syntax"}
    try:
        keys = selection.resolve(list(definitions.assets or []))
    except dg.DagsterInvalidSubsetError:
        return {"refused": "unknown"}
    except Exception:  # filters that Dagster answers in its UI only
        return {"refused": "syntax"}
    return {"keys": sorted(key.to_user_string() for key in keys)}


def node(key: str) -> dict[str, Any]:
    return {"key": key, "group": "default", "kinds": [], "tags": {}, "owners": [], "upstream": [], **GRAPH[key]}


def definitions() -> dg.Definitions:
    return dg.Definitions(assets=[_asset(**node(key)) for key in GRAPH])


def _asset(key: str, group: str, kinds: list[str], tags: dict[str, str], owners: list[str], upstream: list[str]) -> dg.AssetsDefinition:
    spec = dg.AssetSpec(
        dg.AssetKey(key.split("/")),
        deps=[dg.AssetKey(each.split("/")) for each in upstream],
        group_name=group,
        kinds=set(kinds),
        tags=tags,
        owners=owners,
    )

    @dg.multi_asset(specs=[spec], name=f"make_{list(GRAPH).index(key)}")
    def make() -> None: ...

    return make


def cases(seed: int, count: int) -> list[dict[str, Any]]:
    rng = random.Random(seed)
    texts = ["", *WRITTEN, *(random_expression(rng, 3) for _ in range(count)), *(random_tokens(rng) for _ in range(count))]
    defs = definitions()
    return [{"selection": text, **outcome(text, defs)} for text in dict.fromkeys(texts)]


def write(target: Path, seed: int, count: int) -> None:
    lines = ",\n".join(f"    {json.dumps(case)}" for case in cases(seed, count))
    nodes = ",\n".join(f"    {json.dumps(node(key))}" for key in GRAPH)
    target.write_text(f'{{\n  "dagster": "{dg.__version__}",\n  "graph": [\n{nodes}\n  ],\n  "cases": [\n{lines}\n  ]\n}}\n')


if __name__ == "__main__":
    write(TARGET, seed=1, count=150)
