"""A server to be managed: chat completions by the standard library, with a grandchild that tries to
get away.

Arguments: the port, a file for process ids, seconds per answer.
"""

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT, PIDS, DELAY_S = int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
# Forks twice into a session of its own, and ignores being asked to end: what a badly behaved
# launcher does.
ESCAPE = (
    "import os, signal, sys, time\n"
    "if os.fork(): os._exit(0)\n"
    "os.setsid(); signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); time.sleep(600)\n"
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _reply(self, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._reply({"data": []})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        time.sleep(DELAY_S)
        message = {"role": "assistant", "content": "billing"}
        usage = {"prompt_tokens": 10, "completion_tokens": 1, "total_tokens": 11}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        self._reply({"model": asked["model"], "choices": [choice], "usage": usage})

    def log_message(self, format: str, *args: object) -> None:
        sys.stdout.write("served\n")
        sys.stdout.flush()


PIDS.write_text(f"{os.getpid()}\n{os.getppid()}\n")
subprocess.run([sys.executable, "-c", ESCAPE, str(PIDS)], check=True)
if PORT == 0:
    sys.stdout.write("no port, no server\n")
    sys.stdout.flush()
    sys.exit(7)
ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
