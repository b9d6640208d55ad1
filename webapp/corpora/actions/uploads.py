"""Takes an uploaded file from the request to a file on disk, in blocks, up to the limit."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.request import Request

from ml_core.spec import BadInput


class WholeFileOnDisk(TemporaryFileUploadHandler):
    """Every file goes to a temporary file whatever its size; more bytes than are accepted end the connection."""

    taken = 0
    over = False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a block."""
        self.taken += len(raw_data)
        if self.taken > settings.NEARMISS_UPLOAD_LIMIT:
            self.over = True
            raise StopUpload(connection_reset=True)
        super().receive_data_chunk(raw_data, start)


def refuse_larger(request: HttpRequest | Request, most: int) -> None:
    """413 for a request that announces more than `most` bytes of a file (and a little beside it), before it is read."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdigit() and int(announced) > most + 2**20:
        raise RequestDataTooBig(_("The upload is larger than this server accepts."))


def as_file(upload: UploadedFile) -> Path:
    """Where an upload lies on disk; BadInput where it does not start like a zip."""
    if not isinstance(upload, TemporaryUploadedFile):
        raise BadInput(_("The file did not arrive whole. Send it again."), field="file")
    path = Path(upload.temporary_file_path())
    with path.open("rb") as file:
        if file.read(4) not in (b"PK\x03\x04", b"PK\x05\x06"):
            raise BadInput(_("This file is no zip. Pack the folder as a plain .zip file."), field="file")
    return path
