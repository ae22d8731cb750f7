"""Options of a backfill or replay, independent of the command line."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from inflection_cli.backfilling.plan import Plan, Planner
from inflection_cli.backfilling.rejects_folder import Rejects
from inflection_cli.segment.destination import Destination

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile

RunCommand = Literal["backfill", "replay"]


@dataclass(frozen=True, slots=True)
class Target:
    """A destination, its namespace and its deduplication window.

    Attributes:
        destination: Endpoint and key.
        namespace: What message ids are bound to.
        dedup_window_s: For how long the destination is trusted to recognise an id.
        window_from: Who says so, in a few words.
        asks_window: Whether nobody has said so yet, and a terminal may be asked.
    """

    destination: Destination
    namespace: str
    dedup_window_s: float
    window_from: str = ""
    asks_window: bool = False

    def words(self) -> str:
        """Return the endpoint and the masked write key as text."""
        return f"{self.destination.endpoint}, write key {self.destination.write_key.masked()}"


@dataclass(frozen=True, slots=True)
class OpenedFiles:
    """Input files that were opened and mapped, with the settings that apply.

    Attributes:
        planner: Makes their plan.
        arguments: The options that the ledger keeps, for `runs verify` to convert the files again.
        profile: How the files are mapped, where the user has a profile.
        took: What the project file had a say in, by option.
        stop: Ends the workers; None where there are none.
    """

    planner: Planner
    arguments: Mapping[str, Any]
    profile: "Profile | None" = None
    took: Mapping[str, Any] = field(default_factory=dict)
    stop: Callable[[], None] | None = None

    def close(self) -> None:
        """End the workers."""
        if self.stop is not None:
            self.stop()


class AgainWords(Protocol):
    """Protocol that returns the command or call which does the same again."""

    def __call__(self, *, max_errors: int | None = None) -> str:
        """Return the command, with an error budget where one is given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """Everything that decides what a run does.

    Attributes:
        command: Which of the two it is.
        files: Opens the input.
        destination: Yields destination and state directory; None in a dry run that knows of none.
        rejects: Keeps rejected rows and refused messages.
        within_budget: Returns whether so many rejected rows of so many read may be left out.
        patience_s: The run ends after so long without an acceptance.
        requests_per_second: 0 lifts the limit.
        events_per_second: 0 lifts the limit.
        now: The run's one idea of the present, in unix seconds.
        run_id: Its name, if the ledger has none of that name yet.
        typed: What the ledger keeps as the command: without key and personal data.
        again: Words the command that does the same once more.
        out: The file for the messages.
        label: The `--again` label; empty without one.
        resend_in_doubt: Whether doubts older than the deduplication window are sent again.
        new_destination: Whether events that another destination has are sent.
        dry_run: Whether it stops before the network.
        rehearsal: Whether the destination is a sandbox, and the ledger is thrown away.
        people_before: The number of the run that is planned again; later ones' people are not known to it.
        adjust: Changes the complete plan before it is shown; where an event is to go once more.
    """

    command: RunCommand
    files: Callable[[], OpenedFiles]
    destination: Callable[[], AbstractContextManager[tuple[Target, Path] | None]]
    rejects: Rejects
    within_budget: Callable[[int, int], bool]
    patience_s: float
    requests_per_second: float
    events_per_second: float
    now: float
    run_id: str
    typed: str
    again: AgainWords
    out: str | None = None
    label: str = ""
    resend_in_doubt: bool = False
    new_destination: bool = False
    dry_run: bool = False
    rehearsal: bool = False
    people_before: int | None = None
    adjust: Callable[[Plan], None] = lambda _: None
