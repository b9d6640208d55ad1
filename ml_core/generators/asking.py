"""One question to an OpenAI-compatible endpoint: how it is written, how the answer is read, what can go wrong."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import socket
import ssl
from dataclasses import dataclass, replace
from typing import Any

import openai

from ml_core.generators.door import Door
from ml_core.generators.pace import asked_to_wait
from ml_core.generators.pictures import shown
from ml_core.generators.types import Picture, Request

JPEG_QUALITY = 92
_FINAL = {
    401: ("did not accept the key (401)", "Check the key of the endpoint."),
    403: ("does not allow this (403)", "Check what the key may do."),
    404: ("has no such model or address (404)", "Check the model's name and the endpoint's address."),
}
_NUMBERED = re.compile(r"\S*\d\S*")  # words that differ from one question to the next: ids, counts
_LATER = {408, 409, 425, 429}  # what may go well at another time, beside all from 500 on
_CAUSES: dict[type[BaseException], str] = {
    ConnectionRefusedError: "nobody listens there",
    ConnectionResetError: "it closed the connection",
    socket.gaierror: "there is no machine of that name",
    ssl.SSLError: "its certificate or its encryption is not accepted",
}
for _name in ("openai", "httpx", "httpcore"):  # what they log holds addresses
    logging.getLogger(_name).setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Said:
    """The text of an answer, tokens in and out (0 where the endpoint does not count), whether it is whole."""

    text: str
    tokens_in: int
    tokens_out: int
    whole: bool


class Trouble(Exception):
    """A question that got no answer. `again`: another attempt may; `wait`: seconds the server asks for; `final`: no
    other question will either, and why (the `advice`); `refused`: what the server said where it will not answer;
    `tokens` in and out that it counted all the same."""

    def __init__(
        self,
        message: str,
        *,
        again: bool = False,
        wait: float | None = None,
        advice: str = "",
        refused: str = "",
        tokens: tuple[int, int] = (0, 0),
    ):
        super().__init__(message)
        self.tokens = tokens
        self.again, self.wait, self.advice, self.refused = again, wait, advice, refused

    @property
    def final(self) -> bool:
        """Whether it is the endpoint and not the question."""
        return bool(self.advice)


class Asker:
    """A client of one endpoint for one model, for many threads. It tries once: patience is the caller's."""

    def __init__(self, door: Door, model: str, timeout: float):
        self._door, self._model = door, model
        self._limit = "max_tokens"
        # A redirect could lead anywhere; the address is an administrator's, and stays what it is.
        http = openai.DefaultHttpxClient(follow_redirects=False)
        self._client = openai.OpenAI(
            api_key=door.key or "none", base_url=door.url, timeout=timeout, max_retries=0, http_client=http
        )

    def ask(self, request: Request) -> Said:
        """The answer; Trouble where there is none. Nothing that is raised holds the key or the address."""
        content = body(request, self._model)
        used = self._limit  # as sent: another thread may learn the other name meanwhile
        try:
            return self._once(content, used)
        except Trouble as trouble:
            if used != "max_tokens" or "max_completion_tokens" not in str(trouble):
                raise
            self._limit = "max_completion_tokens"  # newer models know the same setting under another name
        return self._once(content, "max_completion_tokens")

    def _once(self, content: dict[str, Any], limit: str) -> Said:
        sent = {limit if name == "max_tokens" else name: value for name, value in content.items()}
        try:
            answer = self._client.chat.completions.with_raw_response.create(**sent)
            found = said(answer.http_response.text)
            return replace(found, text=self._door.hide_in_answer(found.text))
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except openai.APITimeoutError:
            raise Trouble("the endpoint did not answer in time", again=True) from None
        except openai.APIConnectionError as error:
            raise Trouble(f"the endpoint cannot be reached ({_cause(error)})", again=True) from None
        except (openai.OpenAIError, UnicodeError) as error:
            raise Trouble(self._door.hide(f"{type(error).__name__}: {error}"[:300]), again=True) from None

    def _refused(self, error: openai.APIStatusError) -> Trouble:
        status = error.status_code
        if status in _FINAL:
            what, advice = _FINAL[status]
            return Trouble(f"the endpoint {what}", advice=advice)
        if 300 <= status < 400:
            advice = "Write the address that it leads to."
            return Trouble(f"the endpoint's address leads somewhere else ({status})", advice=advice)
        text = self._door.hide(_first_line(error))
        message = f"the endpoint answered {status}{f': {text}' if text else ''}"
        if status in _LATER or status >= 500:
            return Trouble(message, again=True, wait=asked_to_wait(error.response.headers))
        return Trouble(message, refused=_NUMBERED.sub("", message))


def body(request: Request, model: str) -> dict[str, Any]:
    """The request as the endpoint wants it; pictures go before the words of the last turn."""
    messages: list[dict[str, Any]] = [{"role": turn.role, "content": turn.text} for turn in request.messages]
    if request.pictures:
        parts: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": _as_data(picture)}} for picture in request.pictures
        ]
        messages[-1]["content"] = [*parts, {"type": "text", "text": request.messages[-1].text}]
    sampling = request.sampling
    seed = (sampling.seed + request.ordinal) % 2**31
    return {
        "model": model,
        "messages": messages,
        "temperature": sampling.temperature,
        "max_tokens": sampling.max_tokens,
        "seed": seed,
    }


def said(text: str) -> Said:
    """What a body says; Trouble that names what is wrong with one that is no chat completion."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        kind = "a web page" if "<html" in text[:2000].lower() else "no JSON"
        raise Trouble(f"the endpoint's answer is {kind if text.strip() else 'empty'}", again=True) from None
    tokens = _tokens(content)
    choices = content.get("choices") if isinstance(content, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Trouble("the endpoint's answer has no choices: it is no chat completion", again=True, tokens=tokens)
    message = choices[0].get("message")
    words = message.get("content") if isinstance(message, dict) else None
    if not isinstance(words, str) or not words.strip():
        raise Trouble("the endpoint's answer holds no text", again=True, tokens=tokens)
    whole = choices[0].get("finish_reason") != "length"
    return Said(_clean(words), *tokens, whole)


def _as_data(picture: Picture) -> str:
    """A JPEG at an address of its own."""
    buffer = io.BytesIO()
    shown(picture).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _first_line(error: openai.APIStatusError) -> str:
    content = error.body
    told = content.get("message") if isinstance(content, dict) else None
    return " ".join(str(told).split())[:300] if isinstance(told, str) else ""


def _cause(error: BaseException) -> str:
    """What the network said, without addresses: the innermost error by its kind."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    for kind, words in _CAUSES.items():
        if isinstance(error, kind):
            return words
    return type(error).__name__


def _clean(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode()


def _tokens(content: Any) -> tuple[int, int]:
    usage = content.get("usage") if isinstance(content, dict) else None
    counts = usage if isinstance(usage, dict) else {}
    return _count(counts.get("prompt_tokens")), _count(counts.get("completion_tokens"))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0
