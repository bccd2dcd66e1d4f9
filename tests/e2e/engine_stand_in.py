"""A stand-in for a serving engine: takes the options that the engine documents and no others, is
healthy only where the engine says so, and only after a while.

Arguments: the engine's name, and the engine's own. Sources: llama.cpp tools/server/README.md; vLLM
docs/cli (serve); SGLang docs/advanced_features/server_arguments; Ollama docs/faq (OLLAMA_HOST).
"""

import argparse
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOADING_S = 0.5
HEALTH = {
    "llama_server": "/health",
    "vllm": "/health",
    "sglang": "/health",
    "ollama": "/api/version",
}


def read(engine: str, given: list[str]) -> tuple[str, int, str | None]:
    """Host, port and the only model's name (None: any)."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    if engine == "ollama":
        parser.add_argument("verb", choices=["serve"])
        parser.parse_args(given)
        host, _, port = os.environ["OLLAMA_HOST"].partition(":")
        return host, int(port), None
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", type=int, required=True)
    if engine == "llama_server":
        parser.add_argument("-m", "--model", required=True)
        parser.add_argument("-a", "--alias", dest="name")
        parser.add_argument("--jinja", action="store_true")
        parser.add_argument("-c", "--ctx-size")
    if engine == "vllm":
        parser.add_argument("verb", choices=["serve"])
        parser.add_argument("model_tag")
        parser.add_argument("--max-model-len")
    if engine == "sglang":
        parser.add_argument("--model-path", required=True)
        parser.add_argument("--context-length")
    if engine in ("vllm", "sglang"):
        parser.add_argument("--served-model-name", dest="name")
    found = parser.parse_args(given)
    if engine == "llama_server" and not os.path.isfile(found.model):  # noqa: PTH113 - as C++ would
        sys.exit(f"error: failed to open {found.model}")
    return found.host, found.port, found.name


ENGINE = sys.argv[1]
HOST, PORT, MODEL = read(ENGINE, sys.argv[2:])
BEGAN = time.monotonic()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _reply(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        if self.path != HEALTH[ENGINE]:
            self._reply(404, {"error": "no such path"})
        elif time.monotonic() - BEGAN < LOADING_S:
            self._reply(503, {"error": {"message": "Loading model"}})
        else:
            self._reply(200, {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions" or MODEL not in (None, asked["model"]):
            self._reply(404, {"error": {"message": f"no {asked['model']} at {self.path}"}})
            return
        if time.monotonic() - BEGAN < LOADING_S:
            self._reply(503, {"error": {"message": "Loading model"}})
            return
        message = {"role": "assistant", "content": "billing"}
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._reply(200, {"model": asked["model"], "choices": [choice], "usage": usage})


ThreadingHTTPServer((HOST, PORT), Handler).serve_forever()
