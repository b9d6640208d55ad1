"""A real OpenAI-compatible server on loopback that can be slow, wrong, rate limiting and dead."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Seen:
    """Everything that was asked: bodies, keys, and how many were answered at one moment."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def prompts(self) -> list[str]:
        """The last words of every question, pictures left out."""
        return [prompt_of(body) for body in self.bodies]


class Drop(Exception):
    """Raised by a behaviour that closes the connection without an answer."""


def prompt_of(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def completion(text: Any, tokens: tuple[int, int] = (10, 5), reason: str = "stop") -> Reply:
    """A proper answer."""
    message = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    return as_json(200, {"id": "1", "object": "chat.completion", "model": "m", "choices": [message], "usage": usage})


def as_json(status: int, content: Any, **headers: str) -> Reply:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(content).encode()


def page(status: int = 200) -> Reply:
    return status, {"Content-Type": "text/html"}, b"<html><body>Welcome to the proxy</body></html>"


@contextlib.contextmanager
def serving(behaviour: Callable[[dict[str, Any], int], Reply]) -> Iterator[Seen]:
    """Serves while the block runs; `behaviour` gets a question and how many came before it."""
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with seen.lock:
                number = len(seen.bodies)
                seen.bodies.append(body)
                seen.keys.append(self.headers.get("Authorization", ""))
                seen.times.append(time.monotonic())
                seen.at_once += 1
                seen.most_at_once = max(seen.most_at_once, seen.at_once)
            try:
                self._send(behaviour(body, number))
            except (Drop, ConnectionError):
                self.close_connection = True
            finally:
                with seen.lock:
                    seen.at_once -= 1

        def _send(self, reply: Reply) -> None:
            status, headers, content = reply
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    seen.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
