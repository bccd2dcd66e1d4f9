"""Engines on the nodes of a Ray cluster in place of this process (``engine: ray``).

Only :mod:`~claimbench.run.cluster.connection` imports Ray, and only once a run asks for it. Who
does what::

    driver   provider.PoolProvider   an arm, as the loop works with it
               pool.Pool             its engines: who is free, who holds which prefix, who died
               connection.RayCluster starts engines on nodes, and says how one was lost
    node     node.NodeEngine         one engine with its model, on a thread of its own, which makes
                                     the stamps

The driver alone writes, decides what is sent and what it may cost. No file of the user's is
shipped: nodes have ClaimBench and the models themselves.
"""

from __future__ import annotations
