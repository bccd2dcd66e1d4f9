"""Processes that send to endpoints, where one event loop cannot time what it sends (``--senders``).

::

    driver  loop, budget, gates, store --request--> crew.Crew --frame--> process.py  one provider
                                       <--events---           <--frame--   per arm, with its stamps

A sender only sends: whether, when and for how much is decided in the driver, whose monotonic clock
is the same (one machine has one). What a sender is told comes by a socket pair that it inherits.
"""

from __future__ import annotations
