"""What annotators without the page get: their sheets, a picture of every sample, the guide; as entries of a zip."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from ml_core.failures.sampling import OVERLAP
from ml_core.spec import BadInput
from ml_core.store import Store
from ml_core.taxonomy import LANGUAGES, Taxonomy
from webapp.annotation.exchange import queries, sheets
from webapp.annotation.exchange.entries import Pane
from webapp.annotation.exchange.pictures import composed
from webapp.annotation.models import Annotator, Campaign
from webapp.annotation.taxonomies.queries import document_of

logger = logging.getLogger(__name__)

_HEADS = {
    "en": ("Guide", "Use when", "Not when", "Rules"),
    "zh-hans": ("标注指南", "何时使用", "何时不用", "规则"),
}
_HOW = """How to fill these sheets in

1. Read guide_en.md or guide_zh-hans.md.
2. Open an assign_*.csv in a spreadsheet. vis_*/fail_IDX.jpg shows the sample of each row{sides}.
3. Write a category into the column `category`, and for Ambiguous a subtype into `ambiguous_subtype`.
   Leave idx as it is. You may add a column `note`, and `skip_reason` ({reasons}).
4. Save as CSV or .xlsx and give the file back. A file may be given twice: nothing is counted double.
"""
_HOW_ZH = """如何填写这些表格

1. 先读 guide_zh-hans.md（英文：guide_en.md）。
2. 用电子表格打开 assign_*.csv。vis_*/fail_IDX.jpg 是每一行的样本{sides}。
3. 在 `category` 一列写类别；若是 Ambiguous，再在 `ambiguous_subtype` 一列写子类型。
   idx 不要改动。可以加一列 `note`（备注），或 `skip_reason`（跳过的原因：{reasons}）。
4. 存为 CSV 或 .xlsx，再交回文件。同一个文件可以交两次：不会重复计数。
"""
_SIDES_ZH = "：左边是想要的图片，右边是模型检索到的"
_BLIND_ZH = "：两张图片，不分先后"
_SIDES = ": left the picture that was wanted, right what the model retrieved"
_BLIND = ": two pictures, in no particular order"


def entries(
    campaign: Campaign, annotators: Sequence[Annotator], store: Store, reasons: str
) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file: one annotator's on top, several annotators' in a folder each."""
    taxonomy = document_of(campaign.taxonomy_version)
    said = _HOW.format(sides=_BLIND if campaign.blind else _SIDES, reasons=reasons)
    said_zh = _HOW_ZH.format(sides=_BLIND_ZH if campaign.blind else _SIDES_ZH, reasons=reasons)
    yield "README.txt", f"{said}\n\n{said_zh}".encode()
    for language in LANGUAGES:
        own = campaign.taxonomy_version.guide.get(language, "")
        yield f"guide_{language}.md", guide(taxonomy, language, own, campaign.instructions).encode()
    groups: list[str] = []
    for annotator in annotators:
        folder = f"{annotator.letter}/" if len(annotators) > 1 else ""
        for group, rows in sorted(queries.sheet_rows(campaign, annotator).items()):
            name = OVERLAP if group == OVERLAP else annotator.letter if group == "pool" else group
            yield f"{folder}assign_{name}.csv", sheets.written(rows)
            if group not in groups:
                groups.append(group)
    yield from _pictures(campaign, groups, store)


def _pictures(campaign: Campaign, groups: Sequence[str], store: Store) -> Iterator[tuple[str, bytes]]:
    for sides in queries.sides_of(campaign, groups):
        name = f"vis_{sides.group}/fail_{_plain(sides.idx)}.jpg"
        yield name, composed(sides.caption, shown(store, sides.left), shown(store, sides.right))


def shown(store: Store, pane: Pane) -> bytes | str:
    """A pane's picture as its bytes, or its text."""
    kind, content = pane
    if kind == "text":
        return content
    try:
        return store.read_bytes(content)
    except (BadInput, FileNotFoundError):
        logger.error("the picture %s of a campaign is gone from the store", content)
        return "(this picture is gone)"


def _plain(idx: str) -> str:
    """An idx as part of a file's name."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in idx)


def guide(taxonomy: Taxonomy, language: str, own: str, instructions: str) -> str:
    """The guide in one language, as Markdown: what each category is for, the rules, the long text if there is one."""
    title, use, never, rules = _HEADS[language]
    lines = [f"# {title}", ""]
    if instructions:
        lines += [instructions, ""]
    for category in taxonomy.categories:
        for level, choice in ((2, category), *((3, sub) for sub in category.subtypes)):
            words = choice.say(language)
            lines += [f"{'#' * level} {words.name} ({choice.key}, {choice.hotkey})", "", f"- {use}: {words.use_when}"]
            lines += [f"- {never}: {words.not_when}"] if words.not_when else []
            lines.append("")
    held = taxonomy.rules.get(language) or taxonomy.rules.get("en", ())
    lines += (
        [f"## {rules}", "", *(f"{number}. {rule}" for number, rule in enumerate(held, start=1)), ""] if held else []
    )
    return "\n".join([*lines, own]) + "\n"
