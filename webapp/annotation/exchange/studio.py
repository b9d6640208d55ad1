"""A campaign for Label Studio: its tasks as one JSON, or as a zip with the pictures that the tasks name."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping

from ml_core.store import Store
from webapp.annotation.exchange import labelstudio, queries
from webapp.annotation.exchange.bundles import shown
from webapp.annotation.exchange.entries import Pane, Sides
from webapp.annotation.exchange.labelstudio import Address, Part
from webapp.annotation.exchange.pictures import single
from webapp.annotation.models import Campaign
from webapp.annotation.taxonomies.queries import document_of

_HOW = """Into Label Studio

1. Unpack this zip. Start Label Studio with
       LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true
       LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=(the folder that now holds {folder})
2. Make a project. Settings > Labeling Interface > Code: paste {folder}/labelstudio.xml.
3. Settings > Cloud Storage > Add source storage > Local files: (that folder)/{folder}/pictures. Do not sync it:
   Label Studio serves files only from folders that a storage names.
4. Import {folder}/labelstudio.json. Answers that are in it come along as annotations of whoever imports, or of the
   accounts that were named when the file was made.
5. Afterwards export as JSON and give it back on the campaign's page of files, with the account of each annotator
   (11=A, 12=B). Answers that were there before are not counted twice.


导入 Label Studio

1. 解压这个 zip。启动 Label Studio 时设置
       LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true
       LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=（现在装着 {folder} 的文件夹）
2. 新建项目。Settings > Labeling Interface > Code：粘贴 {folder}/labelstudio.xml。
3. Settings > Cloud Storage > Add source storage > Local files：（该文件夹）/{folder}/pictures。不要同步：
   Label Studio 只提供某个存储所指文件夹里的文件。
4. 导入 {folder}/labelstudio.json。其中的回答会成为导入者的标注，或成为制作文件时所指定账号的标注。
5. 之后导出为 JSON，交回本次标注的文件页面，并写明每个账号是哪位标注员（11=A, 12=B）。已有的回答不会重复计数。
"""


def folder_of(campaign: Campaign) -> str:
    """The one folder in the zip; tasks name their pictures by it."""
    return f"nearmiss-campaign-{campaign.pk}"


def parts_of(campaign: Campaign) -> tuple[Part, Part, Part]:
    """What a sample of this campaign consists of."""
    return labelstudio.parts(queries.kinds_of(campaign), campaign.blind)


def config(campaign: Campaign) -> str:
    """The labelling configuration of this campaign's tasks."""
    return labelstudio.config(document_of(campaign.taxonomy_version), parts_of(campaign))


def tasks(campaign: Campaign, accounts: Mapping[str, str], store: Store | None = None) -> Iterator[bytes]:
    """The tasks as JSON. Pictures are paths into the zip's folder; with a `store` they stand in the JSON themselves."""
    address = _local(campaign) if store is None else _inline(store)
    return labelstudio.written(queries.samples_of(campaign), campaign.name, parts_of(campaign), address, accounts)


def entries(campaign: Campaign, accounts: Mapping[str, str], store: Store) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of every file of the zip."""
    folder = folder_of(campaign)
    yield f"{folder}/README.txt", _HOW.format(folder=folder).encode()
    yield f"{folder}/labelstudio.xml", config(campaign).encode()
    yield f"{folder}/labelstudio.json", b"".join(tasks(campaign, accounts))
    names = parts_of(campaign)
    for sample in queries.samples_of(campaign):
        sides = sample.sides
        for part, pane in zip(names, (sides.prompt, sides.left, sides.right), strict=True):
            if part.picture:
                yield f"{folder}/{_file(sides, part.name)}", single(shown(store, pane))


def _local(campaign: Campaign) -> Address:
    folder = folder_of(campaign)
    return lambda sides, part, pane: f"/data/local-files/?d={folder}/{_file(sides, part)}"


def _inline(store: Store) -> Address:
    def address(sides: Sides, part: str, pane: Pane) -> str:
        return "data:image/jpeg;base64," + base64.b64encode(single(shown(store, pane))).decode()

    return address


def _file(sides: Sides, part: str) -> str:
    return f"pictures/{sides.position:05d}_{part}.jpg"
