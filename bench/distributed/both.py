"""The bench project and the same steps in Python, as one code location."""

import os
import time

import dagma
import dagster as dg

EXECUTOR = os.environ.get("DAGMA_BENCH_EXECUTOR", "celery")
if EXECUTOR == "celery":
    from dagster_celery import celery_executor as executor
else:
    from dagma.pool.executor import worker_pool_executor as executor


def fan_asset(number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"py_fan_{number}")
    def run():
        time.sleep(1)

    return run


def chain_asset(number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"py_link_{number}", deps=[f"py_link_{number - 1}"] if number else [])
    def run():
        return

    return run


fan = [fan_asset(number) for number in range(16)]
chain = [chain_asset(number) for number in range(6)]
jobs = [
    dg.define_asset_job("py_fan_job", selection=dg.AssetSelection.assets(*fan), executor_def=executor),
    dg.define_asset_job("py_chain_job", selection=dg.AssetSelection.assets(*chain), executor_def=executor),
]
defs = dg.Definitions.merge(
    dagma.load_definitions(".", executor=EXECUTOR), dg.Definitions(assets=[*fan, *chain], jobs=jobs)
)
