"""Writes a zip into a response as it comes into being: no temporary file, no more in memory than a part of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Iterator


class _Drain(io.RawIOBase):
    """What is written to it is handed on once; it cannot go back, and the zip is written so that it need not."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        block = bytes(data)  # type: ignore[call-overload]
        self._waiting += block
        return len(block)

    def taken(self) -> bytes:
        """What has come in since the last time."""
        block = bytes(self._waiting)
        self._waiting.clear()
        return block


def zipped(entries: Iterable[tuple[str, bytes | Iterable[bytes]]]) -> Iterator[bytes]:
    """A zip of (name, content), block by block; a content that comes in parts is never in memory whole. Pictures are
    stored as they are, everything else is compressed."""
    drain = _Drain()
    with zipfile.ZipFile(drain, "w") as archive:
        for name, content in entries:
            how = zipfile.ZIP_STORED if name.endswith((".jpg", ".webp", ".png")) else zipfile.ZIP_DEFLATED
            stamped = zipfile.ZipInfo(name)  # no time of its own: the same labels give the same bytes
            stamped.compress_type = how
            stamped.external_attr = 0o644 << 16
            if isinstance(content, bytes):
                archive.writestr(stamped, content)
                yield drain.taken()
                continue
            with archive.open(stamped, "w", force_zip64=True) as entry:
                for part in content:
                    entry.write(part)
                    yield drain.taken()
            yield drain.taken()
    yield drain.taken()
