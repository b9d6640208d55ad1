"""The web process stays light: none of the packages that only workers need is loaded."""

import json
import subprocess
import sys

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


def test_the_web_process_loads_nothing_that_only_workers_need():
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=env.ROOT,
        env=env.passed_on(["PATH", "HOME"]) | {"DJANGO_SETTINGS_MODULE": "webapp.settings.test"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout))
    assert "django" in loaded
    assert sorted(loaded & set(HEAVY)) == []
