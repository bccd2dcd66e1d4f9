"""A Ray cluster of several raylets on this machine, in a process of its own: says its address, then
does what its input says, a line each.

``add TYPE CORES`` starts a node (prints its number), ``kill NUMBER`` ends one by SIGKILL, as a
machine that loses its power.
"""

from __future__ import annotations

import os
import signal
import sys

os.environ.update(
    {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        # The machine may be busy with other tests.
        "RAY_raylet_start_wait_time_s": "240",
        "RAY_agent_register_timeout_ms": "240000",
    }
)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(nodes: list[str]) -> None:
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={
            "num_cpus": 0,
            "include_dashboard": False,
            "include_log_monitor": False,
            "no_monitor": True,
            "object_store_memory": 80_000_000,
        },
    )
    started = [_add(cluster, *node.split(":")) for node in nodes]
    cluster.wait_for_nodes(240)  # a run takes those that are there: all of them
    say(cluster.address)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "add":
            started.append(_add(cluster, *rest))
            say(str(len(started) - 1))
        elif word == "kill":
            raylet = started[int(rest[0])]
            for processes in raylet.all_processes.values():
                for process in processes:
                    os.kill(process.process.pid, signal.SIGKILL)
            say("killed")
    cluster.shutdown()


def _add(cluster: object, node_type: str, cores: str) -> object:
    return cluster.add_node(  # type: ignore[attr-defined]
        wait=False,  # a busy machine takes longer than Ray would wait here
        num_cpus=int(cores),
        labels={"bench-node-type": node_type},
        object_store_memory=80_000_000,
        include_log_monitor=False,
    )


if __name__ == "__main__":
    main(sys.argv[1:])
