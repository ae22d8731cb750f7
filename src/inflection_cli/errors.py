"""Exceptions that end a run, each with exit code and hint.

    InflSegError                    70  an internal error, where nothing better fits
    ├── UsageError                   2  the command cannot be carried out as typed
    │   ├── SettingsFileFaults       2  a profile or project file has faults
    │   └── ConfirmationMissing      2  nobody is there to be asked
    │       └── Declined             2  the answer was no
    ├── InputError                   4  an input cannot be read or mapped at all
    │   ├── EmptyFile                4  it holds no row
    │   ├── ListKeys                 4  keys of a list are missing or not unique
    │   ├── ListUnreadable           4  a line of a list cannot be read
    │   └── ClusterError             4  a cluster cannot be reached, or would convert otherwise
    ├── OutputLost                   4  stdout takes nothing any more: a full device
    │   └── ReaderLeft             141  the reader of it has ended
    ├── DeliveryIncomplete           3  some events are still pending or unconfirmed
    │   ├── InputChanged             3  a file is not the one that was checked
    │   └── WorkerLost               3  a worker process was killed; the same command goes on
    ├── DestinationError             5  the destination refused, or is not Segment
    ├── LedgerError                  6  the ledger cannot be used
    │   ├── LedgerLocked             6  another run holds it
    │   ├── LedgerDamaged            6  it cannot be trusted
    │   ├── LedgerDiskFull           6  the disk takes no more
    │   └── LedgerReadOnly           6  this user may not write it
    ├── TemporaryFolderError         6  the temporary folder cannot be used
    │   └── TemporaryFolderFull      6  it takes no more
    ├── DecisionNeeded               7  only the user can say what is right
    ├── OverBudget                   8  too many rows are wrong; nothing was sent
    │   ├── ImplausiblePeople        8  the ids of the people cannot be right
    │   └── ListShrank               8  a list has lost more rows than is likely
    └── Interrupted           130, 143  a signal asked for the end

Third-party errors are translated into these in one place each: httpx in `segment/client.py`,
sqlite3 in `delivery/ledger_trouble.py`, OSError where a file is opened.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar


class InflSegError(Exception):
    """Base class of errors that end a run, with message and hint.

    Attributes:
        message: What happened, and where, in one sentence.
        hint: What settles it: an option, with a value to try; empty where there is none.
        code: A stable kebab-case name for scripts.
        exit_code: The exit code of the process.
        report: What a `--json` report says beside the error: as much of the run as is known.
        receipt: The `Receipt` of the run, as far as it came, where the Python API raises it.
        cause: What came of the last try at the destination, as a clause; empty where no try ended the run.
    """

    code: ClassVar[str] = "internal"
    exit_code: int = 70
    report: Mapping[str, Any] = MappingProxyType({})
    receipt: Any = None
    cause: str = ""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(InflSegError):
    """Raised when the command cannot be executed as typed."""

    code = "usage"
    exit_code = 2


class SettingsFileFaults(UsageError):
    """Raised when a profile or project file is invalid; lists all faults.

    Attributes:
        heading: What is wrong, without the list.
        file: The file's path as the user knows it.
        faults: Each as one sentence with its path in the file, and the line where that is known.
    """

    code = "settings-file"

    def __init__(self, message: str, *, file: str, faults: Sequence[tuple[int | None, str]] = ()) -> None:
        listed = "; ".join(words for _, words in faults)
        super().__init__(f"{message}: {listed}" if faults else message)
        self.heading = message
        self.file = file
        self.faults = tuple(faults)


class ConfirmationMissing(UsageError):
    """Raised when a confirmation is missing or was declined."""

    code = "confirmation-missing"


class Declined(ConfirmationMissing):
    """Raised when the user declined, which is not called an error."""


class InputError(InflSegError):
    """Raised when an input cannot be read or mapped at all.

    Attributes:
        lacks: The part of a call that no column is, such as timestamp; empty where the error is another one.
    """

    code = "input"
    exit_code = 4
    lacks: str = ""


class EmptyFile(InputError):
    """Raised when a file has no row; among others it is skipped."""


class ListKeys(InputError):
    """Raised when keys of a list are missing or not unique."""

    code = "list-key"


class ListUnreadable(InputError):
    """Raised when a line of a list cannot be read."""

    code = "list-unreadable"


class ClusterError(InputError):
    """Raised when a cluster cannot be used for the input."""

    code = "cluster"


_FAULTS_TOLD = 20
_HINTS_TOLD = 3


def all_faults(faults: Sequence[InputError]) -> InputError:
    """Return one error for the faults of several files."""
    if len(faults) == 1:
        return faults[0]
    more = f"; and {len(faults) - _FAULTS_TOLD:,} more" if len(faults) > _FAULTS_TOLD else ""
    told = "; ".join(fault.message for fault in faults[:_FAULTS_TOLD])
    hints = list(dict.fromkeys(fault.hint for fault in faults if fault.hint))[:_HINTS_TOLD]
    return InputError(f"{len(faults):,} files cannot be read: {told}{more}", hint="; or ".join(hints))


class OutputLost(InflSegError):
    """Standard output takes nothing any more, as on a full device."""

    code = "output"
    exit_code = 4


class ReaderLeft(OutputLost):
    """The reader of the output closed its pipe or terminal."""

    code = "reader-left"
    exit_code = 141


class DeliveryIncomplete(InflSegError):
    """Raised when events are still pending or unconfirmed; rerunning resumes it."""

    code = "delivery-incomplete"
    exit_code = 3


class InputChanged(DeliveryIncomplete):
    """Raised when a file changed since it was checked; changes are unsent."""

    code = "input-changed"


class WorkerLost(DeliveryIncomplete):
    """Raised when a worker process was killed; rerunning resumes the run."""

    code = "worker-lost"


class DestinationError(InflSegError):
    """Raised when the destination refuses and a retry cannot help."""

    code = "destination"
    exit_code = 5


class LedgerError(InflSegError):
    """Raised when the ledger cannot be used."""

    code = "ledger"
    exit_code = 6


class LedgerLocked(LedgerError):
    """Raised when another run holds this destination's ledger."""

    code = "ledger-locked"


class LedgerDamaged(LedgerError):
    """Raised when the ledger is damaged or cannot be written."""

    code = "ledger-damaged"


class LedgerDiskFull(LedgerError):
    """The disk or quota is full, so the ledger cannot be written."""

    code = "ledger-disk-full"


class LedgerReadOnly(LedgerError):
    """The ledger or its folder cannot be written by this user."""

    code = "ledger-read-only"


class TemporaryFolderError(InflSegError):
    """The temporary folder cannot be used."""

    code = "temporary-folder"
    exit_code = 6


class TemporaryFolderFull(TemporaryFolderError):
    """The temporary folder has no room for what a run sorts there."""

    code = "temporary-folder-full"


class DecisionNeeded(InflSegError):
    """Raised when only the user can decide how to continue."""

    code = "decision-needed"
    exit_code = 7


class OverBudget(InflSegError):
    """Raised when more rows are wrong than `--max-errors` allows; nothing was sent."""

    code = "over-budget"
    exit_code = 8


class ImplausiblePeople(OverBudget):
    """Raised when one person seems to stand for many; nothing was sent."""

    code = "person-implausible"


class ListShrank(OverBudget):
    """Raised when a list has lost more rows than is likely."""

    code = "list-shrank"


class Interrupted(InflSegError):
    """Raised when a signal ended the run; sent batches are recorded."""

    code = "interrupted"

    def __init__(self, message: str, *, signum: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = 128 + signum
