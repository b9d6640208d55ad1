"""The addresses of the model endpoint."""

from __future__ import annotations

from tests.webapp.permissions.rows import Row, nothing
from tests.webapp.permissions.table import ADMINISTRATOR

WRITTEN = {"base_url": "https://models.example.org/v1", "key": "", "models": []}

ROWS = [
    Row("experiments:endpoint", dict.fromkeys(("GET", "POST"), ADMINISTRATOR), nothing),
    Row("experiments:endpoint_forget", {"POST": ADMINISTRATOR}, nothing),
    Row("experiments:api_endpoint", dict.fromkeys(("GET", "PUT", "DELETE"), ADMINISTRATOR), nothing, data=WRITTEN),
]
