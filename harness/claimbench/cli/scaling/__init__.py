"""Options and checks of runs that outgrow one process: clusters and senders."""

from __future__ import annotations
