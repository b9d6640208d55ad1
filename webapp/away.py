"""How it shows that PostgreSQL does not answer, or has hung up; psycopg's own errors come out of COPY."""

from __future__ import annotations

import psycopg
from django.db import InterfaceError, OperationalError

AWAY = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
