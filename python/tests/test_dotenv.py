"""`.env`: the TypeScript reader gives what python-dotenv gives, which is Dagster's reader."""

import io
import json
import os
import subprocess

import pytest
from dotenv import dotenv_values

from tests.conftest import REPOSITORY, find_node
from tests.random_cases import cases

PARSER = REPOSITORY / "packages" / "dagma" / "src" / "runtime" / "project" / "parse-dotenv.ts"
SCRIPT = f"""
import {{ parseDotenv }} from {json.dumps(PARSER.as_uri())}
import {{ json }} from 'node:stream/consumers'
const {{ texts, environment }} = await json(process.stdin)
console.log(JSON.stringify(texts.map((text) => Object.fromEntries(parseDotenv(text, environment).values))))
"""

PIECES = [
    *"ABC=='\"\\#$ \t\n\n\r{}:-`é中😀\u2028\x85\x1c\x0b\ufeff",
    *[
        "A=",
        "B=",
        "C='",
        "export ",
        "${A}",
        "${B:-",
        "\\n",
        "\\'",
        '\\"',
        " #",
        "\r\n",
        'D="',
        "'\n",
        '"\n',
        "${OUTSIDE}",
        "=\n",
    ],
]


def test_random_texts_give_what_python_dotenv_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTSIDE", "from outside")
    count, chance = cases(3000)
    texts = ["".join(chance.choices(PIECES, k=chance.randint(0, 24))) for _ in range(count)]
    read = subprocess.run(
        [find_node(), "--input-type=module", "--eval", SCRIPT],
        input=json.dumps({"texts": texts, "environment": dict(os.environ)}),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    for text, ours in zip(texts, json.loads(read.stdout), strict=True):
        assert ours == theirs(text), repr(text)


def theirs(text: str) -> dict[str, str]:
    """As Dagster reads it: `open()` gives one newline for each form of it."""
    stream = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8")
    return {name: value for name, value in dotenv_values(stream=stream).items() if value is not None}
