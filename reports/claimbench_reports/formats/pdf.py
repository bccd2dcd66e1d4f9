"""HTML report -> PDF through an installed Chromium or Chrome; nothing is bundled, nothing is
fetched.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from claimbench.errors import BenchError

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
TIMEOUT_S = 180


def find_browser(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the browser to print with: ``CHROMIUM`` in the environment, else the first of
    :data:`NAMES` on the path.
    """
    env = os.environ if environ is None else environ
    named = env.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(
        (found for name in NAMES if (found := shutil.which(name, path=env.get("PATH")))), None
    )


def write_pdf(html: Path, pdf: Path, browser: str | None = None) -> None:
    """Print ``html`` to ``pdf``; an old file is replaced only by a whole new one.

    Raises:
        BenchError: no browser is installed, or it failed; the message has its last words.
    """
    found = browser or find_browser()
    if found is None:
        raise BenchError(
            "a PDF needs Chromium or Chrome, and none was found on the path",
            hint=(
                "install chromium, or set CHROMIUM to its path; the HTML report prints to PDF from"
                " any browser"
            ),
        )
    with tempfile.TemporaryDirectory(prefix="claimbench-pdf-") as folder:
        part = Path(folder) / "report.pdf"
        # A throw-away profile: no history, no extensions; no network service is needed to print a
        # local file.
        command = [
            found,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-extensions",
            "--disable-sync",
            "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={part}",
            html.resolve().as_uri(),
        ]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # Chromium refuses to sandbox as root
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchError(f"{found}: could not print the report: {error}") from error
        if not part.exists() or part.stat().st_size == 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
            raise BenchError(f"{found}: no PDF came out (exit code {done.returncode}): {last[0]}")
        pdf.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(part, pdf)
