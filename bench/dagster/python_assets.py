"""The same assets as the M7 project's `run_llm_rag_job` and the bench project's, as one writes them in Python."""

import hashlib
import os
import re
import time
from pathlib import Path

import dagster as dg

DIMENSIONS = 256
DOCS = Path(__file__).parents[2] / "docs"


def embed(text: str) -> list[float]:
    vector = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % DIMENSIONS] += 1.0 if digest[4] % 2 else -1.0
    length = sum(x * x for x in vector) ** 0.5 or 1.0
    return [x / length for x in vector]


@dg.asset(group_name="llm")
def embed_texts_stub():
    texts = [part for file in sorted(DOCS.rglob("*.md")) for part in file.read_text().split("\n## ")]
    passages = [{"text": text, "vector": embed(text)} for text in texts]
    return dg.MaterializeResult(value=passages, metadata={"texts_count": len(passages)})


@dg.asset(group_name="llm")
def qdrant_upsert(embed_texts_stub):
    points = {number: passage for number, passage in enumerate(embed_texts_stub)}
    return dg.MaterializeResult(value=points, metadata={"points_count": len(points), "backend": "local"})


@dg.asset(group_name="llm")
def qdrant_search(qdrant_upsert):
    wanted = embed("How are secrets kept out of logs and metadata?")
    scored = [sum(a * b for a, b in zip(wanted, found["vector"])) for found in qdrant_upsert.values()]
    return dg.MaterializeResult(value=sorted(scored)[-3:], metadata={"returned": 3, "backend": "local"})


def fan_asset(number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"fan_{number}")
    def run():
        time.sleep(1)
        return number

    return run


@dg.asset
def one():
    return 1


@dg.asset
def two(one):
    return one + 1


@dg.asset
def three(two):
    return two + 1


def many_asset(number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"many_{number}")
    def run():
        return number

    return run


rag = [embed_texts_stub, qdrant_upsert, qdrant_search]
fan = [fan_asset(number) for number in range(16)]
chain = [one, two, three]
many = [many_asset(number) for number in range(int(os.environ.get("BENCH_ASSETS", "0")))]

defs = dg.Definitions(
    assets=[*rag, *fan, *chain, *many],
    jobs=[
        dg.define_asset_job("run_llm_rag_job", selection=dg.AssetSelection.assets(*rag)),
        dg.define_asset_job("fan_job", selection=dg.AssetSelection.assets(*fan)),
        dg.define_asset_job("chain_job", selection=dg.AssetSelection.assets(*chain)),
    ],
    executor=dg.in_process_executor if os.environ.get("BENCH_EXECUTOR") == "in_process" else None,
)
