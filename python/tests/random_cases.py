"""How many random cases a comparison tries, and from which seed: few in CI, many by scripts/compare-with-dagster.ts."""

import os
import random


def cases(few: int) -> tuple[int, random.Random]:
    """The number of cases, `few` unless DAGMA_RANDOM_CASES is set, and their source of chance; prints the seed."""
    count = int(os.environ.get("DAGMA_RANDOM_CASES", str(few)))
    seed = int(os.environ.get("DAGMA_RANDOM_SEED", "1"))
    print(f"{count} random cases, DAGMA_RANDOM_SEED={seed}")  # noqa: T201  # pytest shows it when a case fails
    return count, random.Random(seed)  # noqa: S311
