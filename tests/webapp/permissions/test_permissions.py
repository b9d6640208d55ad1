"""Every address × method × person × foreign object, from the URL configuration, against one table of roles."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.webapp.permissions.checking import METHODS, addresses, differences, expected, parts
from tests.webapp.permissions.table import ROLES, TABLE
from tests.webapp.permissions.world import World
from webapp.accounts import capabilities
from webapp.accounts.doors import PersonDoor

PARTS = parts()
ROWS = {name: module.ROWS for name, module in PARTS.items()}
ALL_ROWS = [row for rows in ROWS.values() for row in rows]


def test_every_address_has_a_name_and_a_row():
    unnamed = [address.route for address in addresses() if not address.name]
    missing = {address.name for address in addresses() if address.name} - {row.name for row in ALL_ROWS}
    assert (unnamed, sorted(missing)) == ([], []), "write a row into tests/webapp/permissions/rows_<app>.py"


def test_every_row_is_about_one_address_that_exists():
    there = {address.name for address in addresses()}
    counted = Counter(row.name for row in ALL_ROWS)
    assert [name for name in counted if name not in there] == []
    assert [name for name, number in counted.items() if number > 1] == []


def test_every_view_of_ours_stands_behind_a_door():
    def has_door(view: object) -> bool:
        kind = getattr(view, "view_class", None) or getattr(view, "cls", None)
        return hasattr(view, "door") or (isinstance(kind, type) and issubclass(kind, PersonDoor))

    ours = [address for address in addresses() if not address.name.startswith(("account_", "mfa_"))]
    assert [address.name for address in ours if not has_door(address.view)] == []


def test_every_capability_of_the_code_has_its_line_in_the_table():
    assert sorted(capabilities.CAPABILITIES) == sorted(TABLE)


@pytest.mark.parametrize("part", ROWS)
def test_everybody_gets_in_where_the_table_says_and_nowhere_else(part: str, world: World):
    wrong = differences(world, ROWS[part])
    assert wrong == [], "\n" + "\n".join(wrong[:80])


def flips() -> list[tuple[str, str]]:
    """One role for every capability that an address needs: the strongest without it, else the weakest."""
    used = sorted({need for row in ALL_ROWS for need in row.needs.values() if need in TABLE})
    lacking = {name: [role for role in ROLES if role not in TABLE[name]] for name in used}
    return [(name, lacking[name][0] if lacking[name] else ROLES[-1]) for name in used]


@pytest.mark.parametrize(("capability", "role"), flips())
def test_flipping_one_rule_turns_the_check_red(
    capability: str, role: str, world: World, monkeypatch: pytest.MonkeyPatch
):
    flipped = capabilities.CAPABILITIES[capability] ^ {role}
    monkeypatch.setitem(capabilities.CAPABILITIES, capability, flipped)
    rows = [row for row in ALL_ROWS if capability in row.needs.values()][:1]
    knockers = [knocker for knocker in world.knockers if knocker.role == role and not knocker.token]
    assert differences(world, rows, knockers) != []


def test_an_expectation_is_known_for_every_knock(world: World):
    for row in ALL_ROWS:
        for method in METHODS:
            assert all(expected(row, method, knocker) for knocker in world.knockers)
