"""`python -m dagma.dev.webserver`: `dagster-webserver` behind a guard."""

from __future__ import annotations

import os

from dagma.dev import _compat
from dagma.dev.guard import Guard

ALLOWED_HOSTS_ENV = "DAGMA_DEV_ALLOWED_HOSTS"
"""Names beside those of the loopback interface by which a browser may reach the server, with commas between them."""

if __name__ == "__main__":
    names = [name.strip() for name in os.environ.get(ALLOWED_HOSTS_ENV, "").split(",") if name.strip()]
    _compat.run_dagster_webserver(lambda app: Guard(app, names))
