"""A hub on this machine: it speaks the few routes by which its own library makes a repository and commits to it."""

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

TOKEN = "hf_canary_9f2c"
SMALL = 1000
"""Bytes from which a file is large, so that it goes by itself and not within the commit."""


class FakeHub:
    """Repositories of `ada`, and what was asked of them."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, Any]] = {}
        """Name to {"private", "commits": [{file: bytes}]}."""
        self.large: dict[str, bytes] = {}
        """SHA-256 to the bytes that arrived whole."""
        self.sent: list[str] = []
        """SHA-256 of each upload that was begun."""
        self.asked: list[str] = []
        self.cut_at = 0
        """How many bytes of the next uploads arrive before the connection breaks; 0: all."""
        self.answers: dict[str, tuple[int, Any]] = {}
        """Part of a path to the status and the body that it answers with instead."""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                hub._answer(self, b"")

            def do_POST(self) -> None:
                hub._answer(self, self.rfile.read(int(self.headers["content-length"] or 0)))

            def do_PUT(self) -> None:
                hub._receive(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def files(self, repo: str) -> dict[str, bytes]:
        """What the repository holds after all commits."""
        return {name: content for commit in self.repos[repo]["commits"] for name, content in commit.items()}

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, asked: BaseHTTPRequestHandler, body: bytes) -> None:
        path = urlsplit(asked.path).path
        self.asked.append(path)
        status, answer = next((known for part, known in self.answers.items() if part in path), (0, None))
        if not status:
            status, answer = self._said(path, body, asked.headers.get("authorization", ""))
        _send(asked, status, answer)

    def _said(self, path: str, body: bytes, authorization: str) -> tuple[int, Any]:
        if authorization != f"Bearer {TOKEN}":
            return 401, {"error": "Invalid credentials in Authorization header"}
        plain = {"/api/whoami-v2": {"name": "ada", "orgs": []}, "/api/validate-yaml": {"errors": [], "warnings": []}}
        if path in plain:
            return 200, plain[path]
        return self._create(json.loads(body)) if path == "/api/repos/create" else self._of_repo(path, body)

    def _of_repo(self, path: str, body: bytes) -> tuple[int, Any]:
        repo = path.removeprefix("/api/models/").removeprefix("/")
        if repo.endswith("/preupload/main"):
            files = [
                {
                    "path": file["path"],
                    "shouldIgnore": False,
                    "uploadMode": "lfs" if file["size"] > SMALL else "regular",
                }
                for file in json.loads(body)["files"]
            ]
            return 200, {"files": files}
        if repo.endswith(".git/info/lfs/objects/batch"):
            return 200, {"transfer": "basic", "objects": [self._large(one) for one in json.loads(body)["objects"]]}
        if repo.endswith("/commit/main"):
            return self._commit(repo.removesuffix("/commit/main"), body)
        return (200, {"id": repo, "private": self.repos[repo]["private"]}) if repo in self.repos else (404, {})

    def _create(self, wish: dict[str, Any]) -> tuple[int, Any]:
        owner = wish["organization"] or "ada"
        repo = f"{owner}/{wish['name']}"
        if owner != "ada":
            return 403, {"error": f"You don't have the rights to create a model under the namespace {owner!r}"}
        if repo in self.repos:
            return 409, {"error": "You already created this model repo", "url": f"{self.url}/{repo}"}
        self.repos[repo] = {"private": wish["visibility"] == "private", "commits": []}
        return 200, {"url": f"{self.url}/{repo}"}

    def _large(self, one: dict[str, Any]) -> dict[str, Any]:
        if one["oid"] in self.large:
            return one
        return one | {"actions": {"upload": {"href": f"{self.url}/storage/{one['oid']}"}}}

    def _commit(self, repo: str, body: bytes) -> tuple[int, Any]:
        files = {}
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.large[value["oid"]]
        self.repos[repo]["commits"].append(files)
        return 200, {"commitUrl": f"{self.url}/{repo}/commit/abc123", "commitOid": "abc123", "success": True}

    def _receive(self, asked: BaseHTTPRequestHandler) -> None:
        oid, length = asked.path.rpartition("/")[2], int(asked.headers["content-length"])
        self.sent.append(oid)
        if self.cut_at:
            asked.rfile.read(min(length, self.cut_at))
            asked.connection.close()
            asked.close_connection = True
            return
        content = asked.rfile.read(length)
        assert hashlib.sha256(content).hexdigest() == oid
        self.large[oid] = content
        _send(asked, 200, {})


def _send(asked: BaseHTTPRequestHandler, status: int, answer: Any) -> None:
    content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
    asked.send_response(status)
    asked.send_header("content-length", str(len(content)))
    asked.send_header("content-type", "text/html" if isinstance(answer, str) else "application/json")
    asked.end_headers()
    asked.wfile.write(content)
