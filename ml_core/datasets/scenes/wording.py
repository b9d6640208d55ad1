"""Five captions a scene, as different people would write them, each with the claims that it makes about the scene."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ml_core.datasets.scenes import phrases
from ml_core.datasets.scenes.kinds import INDOORS, KINDS
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
PLAIN = Detail((0.75, 0.6), 0.85, 0.75, 0.75, 0.6, vague_count=0.15, vague_noun=0.06, filler=0.2)
SHORT = Detail((0.35, 0.3), 0.4, 0.3, 0.4, 0.35, vague_count=0.35, vague_noun=0.2, filler=0.25)
WRITERS = (RICH, RICH, PLAIN, PLAIN, SHORT)


@dataclass
class _Parts:
    """The pieces of one sentence; an empty string is a piece that this caption leaves out."""

    subject: str
    plural: bool
    action: str = ""
    doing: str = ""
    other: str = ""
    others_plural: bool = False
    relation: str = ""
    place: str = ""
    where: str = ""
    claims: list[Claim] = field(default_factory=list)


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
    hidden = len(groups) > 1 and detail is SHORT and chance.random() < 0.2
    first = groups[1] if hidden else groups[0]
    second = groups[1] if len(groups) > 1 and not hidden and chance.random() < detail.second else None
    same_sort = len({KINDS[g.kind].vague for g in groups} - {None}) < sum(KINDS[g.kind].vague is not None for g in groups)
    noun = _noun(first, detail, chance, vague_allowed=not same_sort)
    parts = _Parts(*_noun_phrase(first, noun, detail.colours[0], detail, chance))
    if first.action and chance.random() < detail.action:
        parts.action = first.action
        parts.doing = _doing(first, noun, chance)
        parts.claims.append(["action", noun, first.action])
    if second:
        _add_second(parts, scene, second, noun, detail, chance)
    if chance.random() < detail.place:
        parts.place = scene.place if chance.random() > detail.vague_noun * 2 else _setting(scene.place)
        parts.where = chance.choice(phrases.WHERE[parts.place])
        parts.claims.append(["place", parts.place])
    return Caption(_finish(_sentence(parts, second, chance), chance), parts.claims)


def _setting(place: str) -> str:
    return "indoors" if place in INDOORS else "outdoors"


def _noun(group: Group, detail: Detail, chance: random.Random, *, vague_allowed: bool) -> str:
    vague = KINDS[group.kind].vague
    return vague if vague and vague_allowed and chance.random() < detail.vague_noun else group.kind


def _noun_phrase(
    group: Group, noun: str, colour_odds: float, detail: Detail, chance: random.Random
) -> tuple[str, bool, str, str, str, bool, str, str, str, list[Claim]]:
    """The positional start of _Parts: the phrase, whether it is plural, seven empty pieces, and the claims."""
    claims: list[Claim] = [["object", noun]]
    plural = group.count > 1
    words = [chance.choice(phrases.NOUNS[noun])[plural]]
    after = ""
    if chance.random() < colour_odds:
        claims.append(["colour", noun, group.colour])
        colour = chance.choice(phrases.COLOUR_WORDS.get((group.kind, group.colour), (group.colour,)))
        if noun == "person":
            after = _dressed(colour, plural, chance)
        elif noun == "plant" and chance.random() < 0.7:
            words, after = [phrases.NOUNS[noun][1][plural]], f" in {'' if plural else _a(colour)}{colour} pot{'s' * plural}"
        elif noun == "plant":
            words, after = [phrases.NOUNS[noun][0][plural]], f" with {'' if plural else _a(colour)}{colour} pot{'s' * plural}"
        else:
            words.insert(0, colour)
    if chance.random() < detail.filler and noun in phrases.FILLERS:
        words.insert(0, chance.choice(phrases.FILLERS[noun]))
    text = " ".join(words)
    many = plural and chance.random() < detail.vague_count
    claims.append(["count", noun, "many" if many else group.count])
    return f"{_amount(group.count, many, text, chance)}{text}{after}", plural, "", "", "", False, "", "", "", claims


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


def _doing(group: Group, noun: str, chance: random.Random) -> str:
    action = group.action or ""
    return chance.choice(phrases.DOING[action] + phrases.DOING_OF_KIND.get((noun, action), ()))


def _add_second(
    parts: _Parts, scene: Scene, second: Group, noun: str, detail: Detail, chance: random.Random
) -> None:
    other, plural, *_, claims = _noun_phrase(second, second.kind, detail.colours[1], detail, chance)
    parts.other, parts.others_plural = other, plural
    parts.claims.extend(claims)
    if scene.relation and chance.random() < detail.relation:
        parts.relation = scene.relation
        parts.claims.append(["relation", noun, scene.relation, second.kind])


def _sentence(parts: _Parts, second: Group | None, chance: random.Random) -> str:
    frames: list[tuple[Callable[[_Parts, str, random.Random], str], int]] = [(_fragment, 6), (_there_is, 2), (_picture, 2)]
    if parts.doing or (parts.relation and parts.other):
        frames += [(_states, 3), (_remark, 1)]
    if parts.action:
        frames.append((_acts, 4))
    if parts.where and (parts.doing or parts.relation):
        frames.append((_place_first, 3))
    if parts.place in phrases.SCENERY:
        frames.append((_scenery, 1))
    if parts.other and parts.relation in phrases.SEEN_BACK:
        frames.append((_seen_back, 4))
    if parts.other and parts.relation and (parts.doing or not parts.where):
        frames.append((_thing_first, 3))
    frame = chance.choices([f for f, _ in frames], [weight for _, weight in frames])[0]
    return frame(parts, _beside(parts, second, chance), chance)


def _beside(parts: _Parts, second: Group | None, chance: random.Random) -> str:
    """How the second group is named after the first, with the relation or without."""
    if second is None:
        return ""
    if not parts.relation:
        return f"{chance.choice(phrases.NEAR)} {parts.other}" if chance.random() < 0.6 else f"with {parts.other}"
    return f"{_preposition(parts.relation, second.kind, chance)} {parts.other}"


def _preposition(relation: str, kind: str, chance: random.Random) -> str:
    if relation == "on" and kind != "car":
        return "in" if kind == "boat" else "on"
    return chance.choice(phrases.STANDS[relation])


def _fragment(parts: _Parts, beside: str, chance: random.Random) -> str:
    tail = [beside, parts.where]
    if chance.random() < 0.3 and not beside.startswith("with"):
        tail.reverse()
    return _join(parts.subject, parts.doing, *tail)


def _there_is(parts: _Parts, beside: str, chance: random.Random) -> str:
    are = "are" if parts.plural else "is"
    if beside.startswith("with") and chance.random() < 0.5:
        return _join("there", are, parts.subject, parts.doing, "and", parts.other, parts.where)
    return _join("there", are, parts.subject, parts.doing, beside, parts.where)


def _picture(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(chance.choice(phrases.PICTURE_OF), parts.subject, parts.doing, beside, parts.where)


def _states(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(parts.subject, "are" if parts.plural else "is", parts.doing, beside, parts.where)


def _remark(parts: _Parts, beside: str, chance: random.Random) -> str:
    remark = chance.choice(phrases.REMARKS)
    verb = ("are" if parts.plural else "is") if remark == "Looks like" else ""
    return _join(remark, parts.subject, verb, parts.doing, beside, parts.where)


def _acts(parts: _Parts, beside: str, chance: random.Random) -> str:
    verb = chance.choice(phrases.FINITE[parts.action])[parts.plural]
    return _join(parts.subject, verb, beside, parts.where)


def _place_first(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(f"{parts.where},", parts.subject, "are" if parts.plural else "is", parts.doing, beside)


def _scenery(parts: _Parts, beside: str, chance: random.Random) -> str:
    return _join(phrases.SCENERY[parts.place], parts.subject, parts.doing, beside)


def _seen_back(parts: _Parts, beside: str, chance: random.Random) -> str:
    its, it = ("their", "them") if parts.plural or _is_person(parts) else ("its", "it")
    back = chance.choice(phrases.SEEN_BACK[parts.relation]).format(its=its, it=it)
    joint = chance.choice(("with", "with", "and there " + ("are" if parts.others_plural else "is")))
    start = _join(parts.subject, parts.doing, parts.where)
    return f"{start} {joint} {parts.other} {back}" if joint == "with" else f"{start}, {joint} {parts.other} {back}"


def _is_person(parts: _Parts) -> bool:
    return ["object", "person"] in parts.claims[:1]


def _thing_first(parts: _Parts, beside: str, chance: random.Random) -> str:
    it = "them" if parts.others_plural else "it"
    stands = "on" if parts.relation == "on" else chance.choice(phrases.STANDS[parts.relation])
    return _join(parts.other, parts.where, "with", parts.subject, parts.doing, stands, it)


def _join(*pieces: str) -> str:
    return " ".join(piece for piece in pieces if piece)


def _finish(text: str, chance: random.Random) -> str:
    """Capitals and full stops as carelessly as people set them."""
    if chance.random() < 0.85:
        text = text[0].upper() + text[1:]
    return text + "." if chance.random() < 0.6 else text
