"""Gathers what pages say into the catalogue of the Chinese interface, and compiles it."""

import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation
from django.utils.translation.template import templatize

from ml_core.methods import cards
from webapp.accounts.queries.trail import in_words
from webapp.experiments.forms import spoken

LOCALE = "zh_Hans"
_VERB = re.compile(r'"([a-z_]+\.[a-z_]*(?:ed|frozen|made|withdrawn|_in))"')
_STAGE = re.compile(r'(?:Progress|tell)\(f?"([A-Z][^"]+)"(?:, [\w.]+, [\w.]+, "(\w+)")?')
_UNIT = re.compile(r'^    unit = "(\w+)"', re.MULTILINE)
_CALLS = "_ gettext gettext_lazy gettext_noop ngettext ngettext_lazy pgettext pgettext_lazy npgettext npgettext_lazy"
KEYWORDS = dict.fromkeys(_CALLS.split())


class Said(NamedTuple):
    """A text of a page: `id` is a pair (one, many) where it counts something."""

    id: str | tuple[str, str]
    context: str | None
    file: str


class Command(BaseCommand):
    """`manage.py translations`: new texts come into the .po untranslated, gone ones leave it, the .mo is compiled."""

    help = "Gathers marked texts into locale/zh_Hans/LC_MESSAGES/django.po and compiles django.mo."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to write."""
        parser.add_argument("--check", action="store_true", help="Write nothing; fail where a text has no translation.")

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        """Says how much is translated."""
        catalogue = merged(gathered(settings.ROOT), read_catalogue())
        open_ones = [message.id for message in catalogue if message.id and not is_translated(message.string)]
        if not check:
            po_path().parent.mkdir(parents=True, exist_ok=True)
            po_path().write_bytes(po_bytes(catalogue))
            mo_path().write_bytes(mo_bytes(catalogue))
        self.stdout.write(f"{len(catalogue) - len(open_ones)} of {len(catalogue)} texts are translated.")
        for text in open_ones:
            self.stdout.write(f"  {text!r}")
        if check and open_ones:
            raise CommandError("Some texts have no translation.")


def po_path() -> Path:
    """Where people write translations."""
    return Path(settings.LOCALE_PATHS[0]) / LOCALE / "LC_MESSAGES" / "django.po"


def mo_path() -> Path:
    """What Django reads."""
    return po_path().with_suffix(".mo")


def gathered(root: Path) -> list[Said]:
    """Every text that templates and modules mark, in the order of their files."""
    with translation.override(None):
        return _gathered(root)


def _gathered(root: Path) -> list[Said]:
    modules = sorted(root.glob("webapp/**/*.py"))
    found = [said for path in sorted(root.glob("templates/**/*.*")) for said in _of_template(path, root)]
    found += [said for path in modules for said in _of_module(path, root)]
    return found + _of_verbs(modules) + _of_methods() + _of_progress(root)


def read_catalogue() -> Catalog:
    """The translations there are."""
    if not po_path().exists():
        return Catalog(locale=LOCALE)
    with po_path().open("rb") as file:
        return read_po(file, locale=LOCALE)


def merged(texts: list[Said], before: Catalog) -> Catalog:
    """A catalogue of exactly these texts with the translations of `before`; dates stay out, so that it is stable."""
    catalogue = Catalog(locale=LOCALE, project="Nearmiss", version="1", fuzzy=False, header_comment="# Nearmiss.")
    for said in texts:
        key = said.id[0] if isinstance(said.id, tuple) else said.id
        known = before.get(key, said.context)
        string = known.string if known is not None and not known.fuzzy else None
        if string is not None and isinstance(string, tuple) != isinstance(said.id, tuple):
            string = None
        flags = {"python-format"} if "%(" in str(said.id) else set()
        catalogue.add(said.id, string, [(said.file, 0)], flags, context=said.context)
    return catalogue


def is_translated(string: Any) -> bool:
    """Whether something is written in every form."""
    return all(string) if isinstance(string, tuple | list) else bool(string)


def po_bytes(catalogue: Catalog) -> bytes:
    """The .po file: sorted, without line numbers and dates, so that it changes only where a text does."""
    out = io.BytesIO()
    write_po(out, catalogue, width=120, sort_output=True, include_lineno=False)
    lines = out.getvalue().decode().splitlines(keepends=True)
    dated = ('"POT-Creation-Date', '"PO-Revision-Date', '"Last-Translator', '"Language-Team', '"Generated')
    return "".join(line for line in lines if not line.startswith(dated)).encode()


def mo_bytes(catalogue: Catalog) -> bytes:
    """The .mo file: of the .po as it is written, so that both say the same."""
    written = read_po(io.BytesIO(po_bytes(catalogue)), locale=LOCALE)
    written.creation_date = written.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    out = io.BytesIO()
    write_mo(out, written)
    return out.getvalue()


def _of_module(path: Path, root: Path) -> Iterator[Said]:
    yield from _extracted(path.read_bytes(), path, root)


def _of_verbs(modules: list[Path]) -> list[Said]:
    """What the audit trail calls the events that actions write."""
    verbs = {verb for path in modules for verb in _VERB.findall(path.read_text(encoding="utf-8"))}
    return [Said(in_words(verb), None, "webapp/accounts/queries/trail.py") for verb in sorted(verbs)]


def _of_methods() -> list[Said]:
    """What our own methods say of themselves: they know nothing of languages, their pages do."""
    ours = [card for card in cards().values() if card.entry.startswith("ml_core.")]
    return [Said(text, None, "ml_core") for card in ours for text in spoken(card)]


def _of_progress(root: Path) -> list[Said]:
    """The stages that jobs tell of, and what they count."""
    sources = [path.read_text(encoding="utf-8") for path in sorted(root.glob("ml_core/**/*.py"))]
    said = {text for source in sources for found in _STAGE.findall(source) for text in found if text}
    said |= {unit for source in sources for unit in _UNIT.findall(source)}
    return [
        Said(text, None, "ml_core") for text in sorted(said | {f"Encoding {unit}" for unit in ("pictures", "texts")})
    ]


def _of_template(path: Path, root: Path) -> Iterator[Said]:
    if path.suffix not in (".html", ".txt"):
        return
    # Brackets around it: what Django makes of a template is no Python, but its calls can be read as such.
    code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    yield from _extracted(f"(\n{code}\n)".encode(), path, root)


def _extracted(source: bytes, path: Path, root: Path) -> Iterator[Said]:
    file = path.relative_to(root).as_posix()
    keywords: Any = KEYWORDS
    for _line, found, arguments, _comments in extract_python(io.BytesIO(source), keywords, [], {}):
        function = str(found)
        given: list[Any] = list(arguments) if isinstance(arguments, tuple | list) else [arguments]
        context = given.pop(0) if function.startswith(("p", "np")) else None
        if given and given[0]:
            yield Said((given[0], given[1]) if function.startswith("n") else given[0], context, file)
