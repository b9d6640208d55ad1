"""Small data sets on disk for the tests of readers: pictures of one colour, captions, boxes."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from PIL import Image


def picture(colour: int = 0, size: tuple[int, int] = (40, 30), kind: str = "JPEG") -> bytes:
    """A picture that differs for every `colour` from 0 to a few thousand."""
    image = Image.new("RGB", size, (colour % 250, colour // 250 * 20 % 250, 90))
    image.putpixel((0, 0), (255 - colour % 250, 0, 0))
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def coco(root: Path, count: int = 3, captions: int = 5, **changes: Any) -> Path:
    """A COCO folder of `count` pictures; `changes` replace `images` or `annotations` of the captions file."""
    (root / "annotations").mkdir(parents=True)
    (root / "images").mkdir()
    images = []
    annotations = []
    for number in range(1, count + 1):
        name = f"{number:012d}.jpg"
        (root / "images" / name).write_bytes(picture(number))
        images.append({"id": number, "file_name": name, "width": 40, "height": 30})
        annotations += [
            {"id": number * 10 + k, "image_id": number, "caption": f"Picture {number}, said for time {k}."}
            for k in range(captions)
        ]
    write(root / "annotations" / "captions.json", {"images": images, "annotations": annotations} | changes)
    boxes = [
        {"id": n, "image_id": n, "category_id": 18 if n % 2 else 1, "bbox": [4.0, 6.0, 10.0, 12.0], "iscrowd": 0}
        for n in range(1, count + 1)
    ]
    categories = [
        {"id": 18, "name": "dog", "supercategory": "animal"},
        {"id": 1, "name": "person", "supercategory": "person"},
    ]
    write(root / "annotations" / "instances.json", {"images": images, "annotations": boxes, "categories": categories})
    return root


def class_folders(root: Path, classes: dict[str, int]) -> Path:
    """An image folder with so many pictures a class."""
    number = 0
    for name, count in classes.items():
        (root / name).mkdir(parents=True)
        for k in range(count):
            number += 1
            (root / name / f"{k}.jpg").write_bytes(picture(number))
    return root


def write(path: Path, data: Any) -> None:
    """JSON to a file."""
    path.write_text(json.dumps(data), encoding="utf-8")
