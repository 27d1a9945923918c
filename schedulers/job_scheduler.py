"""One job of a process: its runner and the triggers that start it."""

import asyncio
from collections.abc import Callable

from core.jobs import JobOutcome, JobPlan, RunReport
from schedulers.context import JobContext
from schedulers.order import Predecessors
from schedulers.polling import HasWork, PollTrigger
from schedulers.runner import Run, Runner
from schedulers.ticks import TickTrigger


class JobScheduler:
    """Starts a job at its times. `start` and `stop` need a running event loop; `runner.run` only the database."""

    def __init__(
        self,
        plan: JobPlan,
        runner: Runner,
        context: JobContext,
        has_work: HasWork | None = None,
        predecessors: Predecessors | None = None,
    ) -> None:
        """`has_work` is that of a polled job; `predecessors` end before a tick of this one begins."""
        self.plan = plan
        self.runner = runner
        clock = context.clock
        self._triggers: list[TickTrigger | PollTrigger] = []
        if plan.schedule is not None:
            ticks = TickTrigger(
                plan.name,
                plan.schedule,
                runner.run,
                clock,
                context.timer,
                jitter=context.jitter,
                predecessors=predecessors,
                catch_ups=context.catch_ups,
            )
            self._triggers.append(ticks)
        if has_work is not None:
            self._triggers.append(PollTrigger(plan.name, has_work, runner.run, clock))

    @property
    def name(self) -> str:
        return self.plan.name

    def start(self) -> None:
        """Run the job at its times from now on; a second start does nothing."""
        for trigger in self._triggers:
            trigger.start()

    def stop(self) -> None:
        """Start no more runs; a run in progress finishes its present step. `ended` waits for it."""
        for trigger in self._triggers:
            trigger.stop()

    async def ended(self, wait_s: float = 10.0) -> None:
        """Wait for the run in progress, then cancel it; its outcome is in its row either way."""
        await asyncio.gather(*(trigger.ended(wait_s) for trigger in self._triggers))

    async def run_when_due(self, *, on_start: Callable[[Run], None] | None = None) -> RunReport | None:
        """Run the latest tick unless it had its run, else the work that is due; None when there is nothing to run.

        Skipped as any tick is: while another run is in progress, and while the job is paused.
        """
        report: RunReport | None = None
        for trigger in self._triggers:
            request = await trigger.due()
            if request is not None:
                report = await self.runner.run(request, on_start=on_start)
                if report.outcome is not JobOutcome.SKIPPED:
                    return report
        return report
