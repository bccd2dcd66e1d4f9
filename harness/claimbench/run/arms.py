"""The arms of a run: made, checked, started and closed."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from claimbench.error_words.missing_keys import one_step, variables_of
from claimbench.errors import (
    BenchError,
    ModelError,
    PluginError,
    ProviderError,
    SuiteError,
)
from claimbench.plan.judges import prefix_requests
from claimbench.plan.prompts import build_request
from claimbench.plan.simulated import users
from claimbench.pricing.arms import REPLAY
from claimbench.provider.adapters import as_provider
from claimbench.provider.contract import (
    ArmProvider,
    InProcessProvider,
    ProviderContext,
    ProviderFactory,
)
from claimbench.provider.device import Device
from claimbench.provider.device_worker import WorkerProvider
from claimbench.provider.sent import OMISSIBLE, asked, sent_by
from claimbench.provider.served import ServedProvider, free_port, served
from claimbench.run.cluster.connection import RayCluster
from claimbench.run.cluster.node import NodeSetup
from claimbench.run.cluster.provider import PoolProvider
from claimbench.run.senders.crew import Crew
from claimbench.run.senders.frames import SenderSetup
from claimbench.run.senders.provider import SentProvider, is_an_endpoint
from claimbench.types import Arm, ArmFacts, Call, Json, Request, Sample, Suite, Task

ANY_PORT = 1
"""Stands in an address that is looked at and not opened."""
NOT_ASKED = "not asked for (--arm)"
"""Why an arm was not run that nobody named."""


@dataclass(slots=True)
class Arms:
    """Hold the arms of a run: those that work here, and why the others do not; and judges and
    simulated users, all of which must work.
    """

    ready: dict[str, ArmProvider]
    facts: dict[str, ArmFacts]
    not_run: dict[str, str]
    devices: dict[str, Device]
    helpers: dict[str, ArmProvider] = field(default_factory=dict)
    crew: Crew | None = None
    """Processes that send for all endpoints; None: this one does."""

    async def lag_of_senders(self) -> Mapping[str, float]:
        """Return how late the event loop of the latest sender was, ms; empty where none sends."""
        return {} if self.crew is None else await self.crew.lag()

    def node_rows(self) -> dict[str, Json]:
        """Return, for each arm that a cluster worked on, a row of each of its engines."""
        found: dict[str, Json] = {}
        for name, provider in self.providers.items():
            if isinstance(provider, PoolProvider):
                found[name] = {"engines": provider.node_rows()}
        return found

    @property
    def providers(self) -> dict[str, ArmProvider]:
        """Return arms, judges and simulated users, by name."""
        return {**self.ready, **self.helpers}

    def log_to(self, folder: Path) -> None:
        """Say where servers that the run starts write their logs."""
        for provider in self.providers.values():
            if isinstance(provider, ServedProvider):
                provider.log_folder = folder

    async def close(self) -> None:
        """Free models and connections, stop servers, whatever happened."""
        for provider in self.providers.values():
            with contextlib.suppress(ProviderError, BenchError):
                await provider.close()
        for device in self.devices.values():
            device.close()


MANY_PROMPTS = 500
"""Prompts whose shared prefix takes long enough to be worth a line."""


def _unheard(_what: str) -> None:
    """Nobody listens."""


def check_names(suite: Suite, wanted: Sequence[str]) -> None:
    """Raise :class:`BenchError` for a name in ``wanted`` (``--arm``) that no arm has."""
    from difflib import get_close_matches

    names = [arm.name for arm in suite.arms]
    for name in wanted:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean '{near[0]}'?" if near else f"the suite has: {', '.join(names)}"
            raise BenchError(f"--arm {name}: the suite {suite.name!r} has no such arm", hint=hint)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Say what works outside this process that would work in it: engines, on a ``cluster``, and
    what is sent to endpoints, by ``senders`` processes. ``context`` makes what providers there are
    given (see :class:`~claimbench.run.cluster.node.NodeSetup`); ``only``: the hosts that may be
    reached.
    """

    context: Callable[[str], ProviderContext]
    cluster: RayCluster | None = None
    senders: int | None = None
    only: frozenset[str] | None = None


def make_arms(
    suite: Suite,
    wanted: Sequence[str],
    factories: Mapping[str, ProviderFactory],
    context: ProviderContext,
    elsewhere: Elsewhere | None = None,
) -> Arms:
    """Make providers for ``wanted`` (names; empty = all); an arm that lacks a key is noted, not an
    error.

    Raises:
        BenchError: an arm that the suite does not have, or a judge or simulated user that cannot
            run here.
    """
    check_names(suite, wanted)
    arms = Arms({}, {}, {}, {})
    for arm in suite.arms:
        if wanted and arm.name not in wanted:
            arms.not_run[arm.name] = NOT_ASKED
            continue
        provider = _on_device(suite, arm, arms, factories, context, elsewhere)
        missing = provider.missing()
        if missing is not None:
            arms.not_run[arm.name] = missing
        else:
            arms.ready[arm.name] = provider
    absent: dict[str, str] = {}
    for helper in suite.helpers if arms.ready else ():
        provider = _on_device(suite, helper, arms, factories, context, elsewhere)
        missing = provider.missing()
        if missing is not None:
            absent[helper.name] = missing
        arms.helpers[helper.name] = provider
    if absent:
        raise _no_helper(absent, {judge.name for judge in suite.judges}, arms.not_run)
    if elsewhere is not None and elsewhere.senders is not None:
        _let_others_send(suite, arms, factories, context, elsewhere)
    return arms


def _no_helper(
    absent: Mapping[str, str], judges: Collection[str], not_run: Mapping[str, str]
) -> BenchError:
    """Return the error of a run whose judges or simulated users cannot run, with all that is
    missing in one step.
    """
    kinds = {name: "judge" if name in judges else "simulated user" for name in absent}
    lost = []
    if "judge" in kinds.values():
        lost.append("no answer gets a score")
    if "simulated user" in kinds.values():
        lost.append("no conversation goes on")
    hint = f"without {'it' if len(absent) == 1 else 'them'} {' and '.join(lost)}; nothing was sent"
    keys = variables_of([*absent.values(), *not_run.values()])
    if len(keys) > 1:
        hint += f"; all that is missing, with the arms' keys: {one_step(keys)}"
    if len(absent) == 1:
        ((name, why),) = absent.items()
        return BenchError(f"the {kinds[name]} {name} cannot run here: {why}", hint=hint)
    who = ", ".join(f"the {kinds[name]} {name}" for name in absent)
    told = "; ".join(f"{name}: {why}" for name, why in absent.items())
    return BenchError(f"{who} cannot run here: {told}", hint=hint)


def _let_others_send(
    suite: Suite,
    arms: Arms,
    factories: Mapping[str, ProviderFactory],
    context: ProviderContext,
    elsewhere: Elsewhere,
) -> None:
    """Put a crew of senders before every endpoint of the run."""
    n = elsewhere.senders or 1
    asked: dict[str, tuple[Arm, ProviderFactory]] = {}
    setup = SenderSetup(
        arms=asked,
        context=elsewhere.context,
        suite_dir=str(context.suite_dir),
        offline=context.offline,
        connect_timeout_s=context.connect_timeout_s,
        only=elsewhere.only,
    )
    crew = arms.crew = Crew(n, setup, context.progress)
    by_name = {arm.name: arm for arm in suite.asked}

    def sent(inner: ArmProvider, arm: Arm) -> ArmProvider:
        if not is_an_endpoint(inner) or arm.provider == REPLAY:
            return inner
        in_flight = max(arm.concurrency, suite.load.concurrency or 1)
        asked[arm.name] = replace(arm, concurrency=-(-in_flight // n)), factories[arm.provider]
        return SentProvider(inner, arm.name, crew)

    for group in (arms.ready, arms.helpers):
        for name, provider in group.items():
            if isinstance(provider, ServedProvider):
                provider.let_send(sent)
            else:
                group[name] = sent(provider, by_name[name])


def _on_device(
    suite: Suite,
    arm: Arm,
    arms: Arms,
    factories: Mapping[str, ProviderFactory],
    context: ProviderContext,
    elsewhere: Elsewhere | None,
) -> ArmProvider:
    if arm.device is not None and arm.device not in arms.devices:
        arms.devices[arm.device] = Device(arm.device)
    device = arms.devices.get(arm.device) if arm.device is not None else None
    with at_its_line(suite, arm):
        made = _provider(arm, factories[arm.provider], context, device, elsewhere)
        check_sent(suite, arm, made)
        return made


def check_arms(
    suite: Suite, factories: Mapping[str, ProviderFactory], context: ProviderContext
) -> dict[str, object]:
    """Let each arm's and judge's provider look at its options; opens nothing. Return them by name.

    Raises:
        SuiteError: an arm that its provider cannot serve as written, at its line.
    """
    providers: dict[str, object] = {}
    mistakes: list[SuiteError] = []
    for arm in suite.asked:
        try:
            with at_its_line(suite, arm):
                made = factories[arm.provider](
                    arm if arm.serve is None else served(arm, ANY_PORT), context
                )
                check_sent(suite, arm, made)
                check_placing(arm, made)
        except SuiteError as error:
            mistakes.append(error)
            continue
        refuses = getattr(made, "refuses", None)
        if refuses is not None and arm in suite.arms:
            _check_tasks(suite, arm, refuses)
        providers[arm.name] = made
    if mistakes:
        raise _together(mistakes)
    return providers


def _together(mistakes: Sequence[SuiteError]) -> SuiteError:
    """Return the first mistake, with the others below it: arms are mended in one round."""
    first = mistakes[0]
    hints = [first.hint or ""]
    for other in mistakes[1:]:
        hints.append(f"{other}" + ("" if other.hint is None else f"\n    {other.hint}"))
    hint = "\n  ".join(text for text in hints if text) or None
    return SuiteError(first.message, path=first.path, line=first.line, hint=hint)


def check_sent(suite: Suite, arm: Arm, provider: object) -> None:
    """Refuse what the suite sets for an arm and its provider cannot send.

    Raises:
        PluginError: a parameter that neither goes out nor is omitted by the arm's wish.
    """
    for request in requests_by_group(suite, arm).values():
        sent = sent_by(provider, request)
        if sent is None:
            return
        if sent.refused:
            wanted = asked(request)
            each = [f"{name} {wanted[name]!r}: {why}" for name, why in sent.refused.items()]
            raise PluginError(
                f"arm {arm.name!r} cannot be sent {'; nor '.join(each)}",
                hint=_way_out(tuple(sent.refused)),
                option=f"sampling.{next(iter(sent.refused))}",
            )


def _way_out(refused: Sequence[str]) -> str:
    """Say what to do about parameters that an arm cannot be sent."""
    names = [name for name in refused if name in OMISSIBLE]
    others = [name for name in refused if name not in OMISSIBLE]
    them = "it" if len(names) == 1 else "them"
    ways = []
    if names:
        ways.append(
            f"give the arm `omit: [{', '.join(names)}]` to leave {them} out (verdicts then say so),"
            " or set another value in the arm's `sampling:`"
        )
    if others:
        ways.append(f"take `{'` and `'.join(others)}` out of the task, or the arm out of the suite")
    return "; ".join(ways)


def requests_by_group(suite: Suite, arm: Arm) -> dict[str, Request]:
    """Return one request of each group of calls that an arm, judge or simulated user is sent: a
    group is a task, whose calls all have the same parameters.
    """
    groups = _of_helper(suite, arm.name, "")
    if groups is not None:
        return {task: requests[0] for task, requests in groups.items()}
    return {
        task.name: request_outside_plan(suite, task, task.samples[0], arm.name)
        for task in suite.tasks
        if task.samples
    }


def _check_tasks(suite: Suite, arm: Arm, refuses: Callable[[Request], str | None]) -> None:
    """Let a provider look at what each task asks of answers.

    Raises:
        SuiteError: a task that the arm cannot serve as written.
    """
    for task in suite.tasks:
        if not task.samples:
            continue
        request = request_outside_plan(suite, task, task.samples[0], arm.name)
        why = refuses(request)
        if why is not None:
            raise SuiteError(
                f"tasks.{task.name}.answer: arm {arm.name} cannot enforce this: {why}",
                path=suite.path,
                line=getattr(task, "line", None),
                hint="change that field, or set `constrain: false` in the task's answer",
            )


@contextlib.contextmanager
def at_its_line(suite: Suite, arm: Arm) -> Iterator[None]:
    """Name the line of the suite file that a provider refuses, where the arm was read from one."""
    try:
        yield
    except PluginError as error:
        if arm.line is None:
            raise
        line = arm.option_lines.get(error.option or "", arm.line)
        raise SuiteError(error.message, path=suite.path, line=line, hint=error.hint) from error


def check_placing(arm: Arm, provider: object) -> None:
    """Refuse what only an engine in a process of ours can be given: resources of a node, replicas.

    Raises:
        PluginError: an endpoint's arm states them.
    """
    stated = [name for name in ("resources", "replicas") if getattr(arm, name) is not None]
    if stated and not isinstance(provider, InProcessProvider):
        raise PluginError(
            f"arm {arm.name!r} states {' and '.join(stated)}, and {arm.provider} reaches its model"
            " over the network: no engine of it can be started on a node",
            hint="leave it out; `concurrency` says how many requests are in flight",
            option=stated[0],
        )


def _provider(
    arm: Arm,
    factory: ProviderFactory,
    context: ProviderContext,
    device: Device | None,
    elsewhere: Elsewhere | None,
) -> ArmProvider:
    if arm.serve is None:
        made = factory(arm, context)
        check_placing(arm, made)
        cluster = None if elsewhere is None else elsewhere.cluster
        if elsewhere is not None and cluster is not None and isinstance(made, InProcessProvider):
            setup = NodeSetup(arm, factory, elsewhere.context, str(context.suite_dir))
            return PoolProvider(made, setup, cluster, context.clock, context.progress)
        return as_provider(made, device, context.clock)
    port = free_port()
    inner = as_provider(factory(served(arm, port), context), device, context.clock)
    return ServedProvider(inner, arm, arm.serve, port, device, context.model_path)


async def start_arms(
    arms: Arms, suite: Suite, run_id: str = "", say: Callable[[str], None] = _unheard
) -> None:
    """Load models, start servers, open connections; ``say`` is told what is being done.

    An arm that cannot be started is not run, and the others go on; a judge's or simulated user's
    trouble ends the run, and so does that of the last arm.

    Raises:
        BenchError: no arm is left, or a judge cannot be started; with the arm's name.
    """
    for name, provider in arms.providers.items():
        try:
            await _start_arm(arms, suite, name, run_id, say)
        except ModelError as error:
            message = f"arm {name}: {error.message.removeprefix(f'arm {name}: ')}"
            if name in arms.helpers or len(arms.ready) < 2:
                raise ModelError(message, hint=error.hint) from error
            del arms.ready[name]
            arms.facts.pop(name, None)
            why = error.message.removeprefix(f"arm {name}: ")
            why += "" if error.hint is None else f"; {error.hint}"
            arms.not_run[name] = why
            say(f"{name}: not run: {why}")
            with contextlib.suppress(ProviderError, BenchError):
                await provider.close()


async def _start_arm(
    arms: Arms, suite: Suite, name: str, run_id: str, say: Callable[[str], None]
) -> None:
    provider = arms.providers[name]
    began = time.monotonic()
    if isinstance(provider, ServedProvider):
        say(f"{name}: starting its server and waiting until it is ready")
    elif isinstance(provider, WorkerProvider):
        say(f"{name}: loading the model")
    elif isinstance(provider, PoolProvider):
        say(f"{name}: starting its engines on the cluster ({provider.goes_to()})")
    arms.facts[name] = await provider.start()
    if not isinstance(provider, WorkerProvider | PoolProvider):
        return
    shared = _of_helper(suite, name, run_id) or _requests_by_task(suite, name, run_id)
    seconds = 0.0
    for number, (task, requests) in enumerate(shared.items(), 1):
        if len(shared) > 1 or len(requests) > MANY_PROMPTS:
            percent = 100 * (number - 1) // len(shared)
            say(f"{name}: finding the prefix that the prompts of {task} share ({percent} %)")
        seconds += await provider.share_prefix(requests[0].prefix_key, requests)
    facts = arms.facts[name]
    arms.facts[name] = replace(facts, load_seconds=(facts.load_seconds or 0.0) + seconds)
    say(f"{name}: ready after {time.monotonic() - began:.1f} s")


def _of_helper(suite: Suite, name: str, run_id: str) -> dict[str, list[Request]] | None:
    """Return, by task, requests that begin as those of a judge or simulated user; None for arms."""
    for judge in suite.judges:
        if judge.name == name:
            return prefix_requests(suite, judge, run_id)
    for user in suite.users:
        if user.name == name:
            return users.prefix_requests(suite, user)
    return None


def _requests_by_task(suite: Suite, arm_name: str, run_id: str) -> dict[str, list[Request]]:
    requests: dict[str, list[Request]] = {}
    for task in suite.tasks:
        requests[task.name] = [
            request_outside_plan(suite, task, sample, arm_name, run_id) for sample in task.samples
        ]
    return requests


def request_outside_plan(
    suite: Suite, task: Task, sample: Sample, arm_name: str, run_id: str = ""
) -> Request:
    """Return what ``sample`` would be asked, outside any plan."""
    arm = next(arm for arm in suite.arms if arm.name == arm_name)
    call = Call(run_id, "", task.name, sample.id, 0, arm_name, seed=0, position=0)
    return build_request(suite, task, sample, arm, call)


def none_ready(arms: Arms) -> BenchError:
    """Return the error of a run that has no arm to run."""
    reasons = "; ".join(f"{name}: {why}" for name, why in arms.not_run.items())
    keys = variables_of(arms.not_run.values())
    step = f"set all keys ({one_step(keys)})" if len(keys) > 1 else "set a key"
    hint = f"{step}, pull a model, or choose arms with --arm"
    return BenchError(f"no arm can run here: {reasons}", hint=hint)
