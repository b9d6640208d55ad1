"""Static files under hashed names, so that browsers keep them; what modules import is renamed with them."""

from __future__ import annotations

from django.contrib.staticfiles.storage import ManifestFilesMixin, ManifestStaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

_IMPORTS = ManifestFilesMixin._js_module_import_aggregation_patterns[1]  # type: ignore[attr-defined]
PATTERNS = (*ManifestFilesMixin.patterns, ("js/*/*.js", _IMPORTS))  # modules live in folders, plain scripts do not


class HashedFiles(ManifestStaticFilesStorage):
    """For one machine: nothing is compressed."""

    patterns = PATTERNS


class HashedCompressedFiles(CompressedManifestStaticFilesStorage):
    """For a server: compressed beforehand too."""

    patterns = PATTERNS
