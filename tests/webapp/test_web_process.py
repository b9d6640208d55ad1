"""The web process stays light: none of the packages that only workers need is loaded."""

import json
import subprocess
import sys
from typing import Any

from webapp.settings import env

HEAVY = ("torch", "transformers", "scipy", "pandas", "sklearn", "crowdkit", "numpy", "pyarrow", "open_clip", "timm")
CODE = """
import json, sys
from webapp.wsgi import application
from django.urls import get_resolver
def walk(patterns):
    for pattern in patterns:
        walk(getattr(pattern, "url_patterns", []))
walk(get_resolver().url_patterns)
print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""
ASKED = """
import json
from wsgiref.util import setup_testing_defaults
from webapp.wsgi import application
environ, told = {"REQUEST_METHOD": "OPTIONS", "PATH_INFO": "/healthz"}, []
setup_testing_defaults(environ)
answer = application(environ, lambda status, headers: told.append(status))
print(json.dumps([told, type(answer).__name__, [len(part) for part in answer]]))
"""


def test_the_web_process_loads_nothing_that_only_workers_need():
    loaded = set(said_by(CODE))
    assert "django" in loaded
    assert sorted(loaded & set(HEAVY)) == []


def test_a_whole_answer_goes_to_the_server_in_one_piece():
    assert said_by(ASKED) == [["405 Method Not Allowed"], "list", [0]]


def said_by(code: str) -> list[Any]:
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=env.ROOT,
        env=env.passed_on(["PATH", "HOME"]) | {"DJANGO_SETTINGS_MODULE": "webapp.settings.test"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told: list[Any] = json.loads(done.stdout)
    return told
