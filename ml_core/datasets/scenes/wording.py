"""Five captions a scene, as different people would write them, each with the claims that it makes about the scene."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ml_core.datasets.scenes import phrases
from ml_core.datasets.scenes.kinds import KINDS, broader
from ml_core.datasets.scenes.world import Group, Scene

CAPTIONS = 5
Claim = list[Any]


@dataclass(frozen=True)
class Caption:
    """A sentence and what it claims: ["object", noun], ["count", noun, n or "many"], ["colour", noun, colour],
    ["action", noun, action], ["relation", noun, relation, noun], ["place", place or "indoors" or "outdoors"].

    A noun is a kind, or the broader "animal" or "vehicle".
    """

    text: str
    mentions: list[Claim]


@dataclass(frozen=True)
class Detail:
    """How likely a caption of one person is to mention each thing, and to be vague about it."""

    colours: tuple[float, float]
    action: float
    second: float
    relation: float
    place: float
    vague_count: float = 0.0
    vague_noun: float = 0.0
    filler: float = 0.12


RICH = Detail((0.96, 0.85), 0.97, 0.97, 0.93, 0.88)
PLAIN = Detail((0.75, 0.6), 0.85, 0.75, 0.75, 0.75, vague_count=0.15, vague_noun=0.06, filler=0.2)
SHORT = Detail((0.35, 0.3), 0.4, 0.3, 0.4, 0.35, vague_count=0.35, vague_noun=0.2, filler=0.25)
WRITERS = (RICH, RICH, PLAIN, PLAIN, SHORT)


@dataclass(frozen=True)
class _Named:
    """A group in words: "two red balls", with what that claims."""

    text: str
    plural: bool
    claims: list[Claim]


@dataclass
class _Parts:
    """The pieces of one sentence; an empty string is a piece that this caption leaves out."""

    subject: str
    plural: bool
    is_person: bool
    action: str = ""
    doing: str = ""
    other: _Named | None = None
    relation: str = ""
    place: str = ""
    where: str = ""


def captions(scene: Scene, chance: random.Random) -> list[Caption]:
    """CAPTIONS different captions of `scene`; all their claims hold in it."""
    writers = list(WRITERS)
    chance.shuffle(writers)
    written: list[Caption] = []
    for writer in writers:
        caption = _write(scene, writer, chance)
        while any(caption.text.lower().rstrip(".") == other.text.lower().rstrip(".") for other in written):
            caption = _write(scene, PLAIN, chance)
        written.append(caption)
    return written


def _write(scene: Scene, detail: Detail, chance: random.Random) -> Caption:
    groups = list(scene.groups)
    if len(groups) > 1 and detail is SHORT and chance.random() < 0.2:
        groups = groups[1:]
    first = groups[0]
    noun = _noun(first, scene, detail, chance)
    named = _name(first, noun, detail.colours[0], detail, chance)
    claims = list(named.claims)
    parts = _Parts(named.text, named.plural, noun == "person")
    if first.action and chance.random() < detail.action:
        parts.action = first.action
        parts.doing = chance.choice(phrases.DOING[first.action] + phrases.DOING_OF_KIND.get((noun, first.action), ()))
        claims.append(["action", noun, first.action])
    beside = ""
    if len(groups) > 1 and chance.random() < detail.second:
        second = groups[1].kind
        parts.other = _name(groups[1], second, detail.colours[1], detail, chance)
        claims += parts.other.claims
        if scene.relation and chance.random() < detail.relation:
            parts.relation = scene.relation
            claims.append(["relation", noun, scene.relation, second])
        beside = _beside(parts.other.text, parts.relation, second, chance)
    if chance.random() < detail.place:
        parts.place = _where(scene.place, detail, chance)
        parts.where = chance.choice(phrases.WHERE[parts.place])
        claims.append(["place", parts.place])
    return Caption(_finish(_sentence(parts, beside, chance), chance), claims)


def _where(place: str, detail: Detail, chance: random.Random) -> str:
    """The place, mostly; or, less precisely, what it is a special one of, or indoors or outdoors."""
    names = broader(place)
    if chance.random() < detail.vague_noun * 2:
        return names[-1]
    return names[1] if len(names) > 2 and chance.random() < 0.12 else place


def _noun(group: Group, scene: Scene, detail: Detail, chance: random.Random) -> str:
    """The group's kind, or now and then a broader word if that word fits no other group of the scene."""
    vague = KINDS[group.kind].vague
    alone = [KINDS[other.kind].vague for other in scene.groups].count(vague) == 1
    return vague if vague and alone and chance.random() < detail.vague_noun else group.kind


def _name(group: Group, noun: str, colour_odds: float, detail: Detail, chance: random.Random) -> _Named:
    claims: list[Claim] = [["object", noun]]
    plural = group.count > 1
    words, after = [chance.choice(phrases.NOUNS[noun])[plural]], ""
    if chance.random() < colour_odds:
        claims.append(["colour", noun, group.colour])
        colour = chance.choice(phrases.COLOUR_WORDS.get((group.kind, group.colour), (group.colour,)))
        if noun == "person":
            after = _dressed(colour, plural, chance)
        elif noun == "plant":
            words, after = ["plants" if plural else "plant"], _potted(colour, plural, chance)
        else:
            words.insert(0, colour)
    if chance.random() < detail.filler and noun in phrases.FILLERS:
        words.insert(0, chance.choice(phrases.FILLERS[noun]))
    many = plural and chance.random() < detail.vague_count
    claims.append(["count", noun, "many" if many else group.count])
    text = " ".join(words)
    return _Named(_amount(group.count, many, text, chance) + text + after, plural, claims)


def _potted(colour: str, plural: bool, chance: random.Random) -> str:
    pot = f"{colour} pots" if plural else f"{_a(colour)}{colour} pot"
    return f" {chance.choice(('in', 'in', 'growing in'))} {pot}"


def _dressed(colour: str, plural: bool, chance: random.Random) -> str:
    clothes = chance.choice(phrases.CLOTHES)
    worn = f"{colour} {clothes}s" if plural else f"{_a(colour)}{colour} {clothes}"
    return chance.choice((f" in {colour}", f" in {worn}", f" wearing {worn}", f" dressed in {colour}"))


def _amount(count: int, many: bool, text: str, chance: random.Random) -> str:
    if many:
        word = chance.choice(phrases.MANY[count])
        return f"{word} " if word else ""
    if count == 1:
        return _a(text) if chance.random() > 0.06 else chance.choice(("one ", "a single "))
    return chance.choice(phrases.NUMBERS[count]) + " "


def _a(text: str) -> str:
    return "an " if text[0] in "aeiou" else "a "


def _sentence(parts: _Parts, beside: str, chance: random.Random) -> str:
    """The pieces in one of the orders that suit them."""
    told = bool(parts.doing or parts.relation)
    frames: list[tuple[bool, int, Callable[[_Parts, str, random.Random], str]]] = [
        (True, 6, _fragment),
        (True, 2, _there_is),
        (True, 2, _picture),
        (told, 3, _states),
        (told, 1, _remark),
        (bool(parts.doing), 1, _can_be_seen),
        (bool(parts.action), 4, _acts),
        (bool(parts.where) and told, 3, _place_first),
        (parts.place in phrases.SCENERY, 1, _scenery),
        (parts.relation in phrases.SEEN_BACK, 4, _seen_back),
        (bool(parts.relation) and bool(parts.doing or not parts.where), 3, _thing_first),
    ]
    fitting = [(frame, weight) for fits, weight, frame in frames if fits]
    frame = chance.choices([frame for frame, _ in fitting], [weight for _, weight in fitting])[0]
    return frame(parts, beside, chance)


def _beside(other: str, relation: str, kind: str, chance: random.Random) -> str:
    """How the second group is named after the first, with the relation or without."""
    if not relation:
        return f"{chance.choice(phrases.NEAR)} {other}" if chance.random() < 0.6 else f"with {other}"
    return f"{_preposition(relation, kind, chance)} {other}"


def _preposition(relation: str, kind: str, chance: random.Random) -> str:
    if relation == "on" and kind != "car":
        return "in" if kind == "boat" else "on"
    return chance.choice(phrases.STANDS[relation])


def _fragment(parts: _Parts, beside: str, chance: random.Random) -> str:
    tail = [beside, parts.where]
    if chance.random() < 0.3 and not beside.startswith("with"):
        tail.reverse()
    subject = parts.subject
    if not parts.plural and chance.random() < 0.2:
        subject = subject.removeprefix("a ").removeprefix("an ")  # as in a headline
    return _join(subject, parts.doing, *tail)


def _there_is(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join("there", _be(parts.plural), parts.subject, parts.doing, beside, parts.where)


def _picture(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(chance.choice(phrases.PICTURE_OF), parts.subject, parts.doing, beside, parts.where)


def _states(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(parts.subject, _be(parts.plural), parts.doing, beside, parts.where)


def _remark(parts: _Parts, beside: str, chance: random.Random) -> str:
    remark = chance.choice(phrases.REMARKS)
    verb = _be(parts.plural) if remark == "looks like" else ""
    return _join(remark, parts.subject, verb, parts.doing, beside, parts.where)


def _can_be_seen(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(parts.subject, "can be seen", parts.doing, beside, parts.where)


def _acts(parts: _Parts, beside: str, chance: random.Random) -> str:
    verb = chance.choice(phrases.FINITE[parts.action])[parts.plural]
    return _join(parts.subject, verb, beside, parts.where)


def _place_first(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(f"{parts.where},", parts.subject, _be(parts.plural), parts.doing, beside)


def _scenery(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(phrases.SCENERY[parts.place], parts.subject, parts.doing, beside)


def _seen_back(parts: _Parts, beside: str, chance: random.Random) -> str:
    """The second group as it stands to the first: "... with a red ball to its left"."""
    if parts.other is None:
        return _fragment(parts, beside, chance)
    its, it = ("their", "them") if parts.plural or parts.is_person else ("its", "it")
    back = chance.choice(phrases.SEEN_BACK[parts.relation]).format(its=its, it=it)
    joint = " with" if chance.random() < 0.65 else f", and there {_be(parts.other.plural)}"
    return f"{_join(parts.subject, parts.doing, parts.where)}{joint} {parts.other.text} {back}"


def _thing_first(parts: _Parts, beside: str, chance: random.Random) -> str:
    """The second group first: "a red bench with two cats sleeping on it"."""
    if parts.other is None:
        return _fragment(parts, beside, chance)
    stands = "on" if parts.relation == "on" else chance.choice(phrases.STANDS[parts.relation])
    it = "them" if parts.other.plural else "it"
    return _join(parts.other.text, parts.where, "with", parts.subject, parts.doing, stands, it)


def _be(plural: bool) -> str:
    return "are" if plural else "is"


def _join(*pieces: str) -> str:
    return " ".join(piece for piece in pieces if piece)


def _finish(text: str, chance: random.Random) -> str:
    """Capitals and full stops as carelessly as people set them."""
    if chance.random() < 0.85:
        text = text[0].upper() + text[1:]
    return text + "." if chance.random() < 0.6 else text
