"""Whose an account of another tool is: “11=A, bob@example.org=B” as people write it, either side first."""

from __future__ import annotations

import re
from collections.abc import Collection

from django.utils.translation import gettext as _

from ml_core.spec import BadInput

LONGEST = 2000


def parsed(text: str, letters: Collection[str]) -> dict[str, str]:
    """Account → annotator's letter. BadInput at the field `accounts` where a part names no annotator, or one twice."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in re.split(r"[,;\n]", text))):
        left, sign, right = (side.strip() for side in part.partition("="))
        if not sign or not left or not right:
            said = _("%(part)s is not laid out as account=letter, such as 11=A.")
            raise BadInput(said % {"part": part[:80]}, field="accounts")
        account, letter = (left, right) if right in letters else (right, left)
        if letter not in letters:
            said = _("Neither side of %(part)s is an annotator of this campaign; there are: %(letters)s.")
            raise BadInput(said % {"part": part[:80], "letters": ", ".join(sorted(letters))}, field="accounts")
        if found.setdefault(account.lower(), letter) != letter:
            raise BadInput(_("%(account)s stands for two annotators.") % {"account": account[:80]}, field="accounts")
    return found


def by_letter(text: str, letters: Collection[str]) -> dict[str, str]:
    """Annotator's letter → the account that another tool knows them by. BadInput where a letter has two."""
    found: dict[str, str] = {}
    for account, letter in parsed(text, letters).items():
        if letter in found:
            raise BadInput(_("%(letter)s has two accounts.") % {"letter": letter}, field="accounts")
        found[letter] = account
    return found
