"""The delays that both hosts wait before a retry are those of Dagster's own policy."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dagma.defs.assets import retry_policy_of
from dagma.manifest.types import RetryPolicy
from tests.conftest import REPOSITORY

GOLDEN = json.loads((REPOSITORY / "protocol" / "golden" / "retry-delays.json").read_text())


@pytest.mark.parametrize("case", GOLDEN["policies"], ids=lambda case: f"{case['backoff']}-{case['jitter']}")
def test_golden_delays(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dagster._core.definitions.policy.random", lambda: case["random"])
    declared = RetryPolicy(max_retries=5, delay_seconds=10, backoff=case["backoff"], jitter=case["jitter"])
    policy = retry_policy_of(declared)
    assert policy is not None
    assert [policy.calculate_delay(retry) for retry in range(1, 6)] == case["delays"]
