"""Wire ids that the ledger stands for: an archive of Segment's holds messages under the ids that went out."""

from collections.abc import Collection, Iterator
from typing import Final

from inflection_cli.delivery.grouping import Runs
from inflection_cli.delivery.ledger import LedgerReader
from inflection_cli.delivery.records import ID_BYTES
from inflection_cli.delivery.settle import UNCOMPARED, Known
from inflection_cli.model import BatchState, Disposition
from inflection_cli.segment.message_id import Binder

_UNDER_LABEL: Final = b"l"
_BEFORE: Final = b"b"


def known_on_the_wire(
    ledger: LedgerReader, label: str, states: Collection[BatchState], disposition: Disposition
) -> Iterator[Known]:
    """Yield the wire id of every event that has left, as an id by which an archive may call it.

    A wire id is written nowhere but in a request, so to meet it in a file shows that its event has arrived: a doubtful
    one too.

    Args:
        ledger: Its namespace and its runs' labels give the ids.
        label: The `--again` label of this run: under one, only what went out under it counts, by whichever of its
            wire ids an archive calls it; without one, all does.
        states: Of the batches that count.
        disposition: What becomes of a message under such an id.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    labels = {run.run_id: run.label for run in ledger.runs()}
    binders = {used: Binder(ledger.namespace, used or None) for used in labels.values()}
    every = [Binder(ledger.namespace), *(binder for used, binder in binders.items() if used)]
    for batch in ledger.known_batches(states=states, label=label or None):
        ids = batch.ids
        for binder in every if label else [binders[labels[batch.run_id]]]:
            for at in range(0, len(ids), ID_BYTES):
                wire_id = binder.packed(ids[at : at + ID_BYTES])
                yield Known(wire_id, UNCOMPARED, disposition, batch.run_number)


def known_from_archives(ledger: LedgerReader, label: str) -> Iterator[Known]:
    """Yield the content ids of events that an archive has brought under a label, by the wire ids they had before.

    A replay under a label takes an archive's wire id for the content id; an export of the same events has their
    own. Flat in memory; nothing is looked up where no replay went out under the label.

    Raises:
        LedgerError: The ledger cannot be read.
    """
    runs = {run.run_id: run for run in ledger.runs()}
    if not any(run.label == label and run.command == "replay" for run in runs.values()):
        return
    met = Runs(2 * ID_BYTES + 1)
    for batch in ledger.known_batches(states=[BatchState.ACCEPTED]):
        used, ids = runs[batch.run_id].label, batch.ids
        every = [ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)]
        if used == label:
            met.add(content_id + bytes(ID_BYTES) + _UNDER_LABEL for content_id in every)
        else:
            packed = Binder(ledger.namespace, used or None).packed
            met.add(packed(content_id) + content_id + _BEFORE for content_id in every)
    for records in met.parts():
        under_label = {record[:ID_BYTES] for record in records if record.endswith(_UNDER_LABEL)}
        for record in records:
            if record.endswith(_BEFORE) and record[:ID_BYTES] in under_label:
                yield Known(record[ID_BYTES : 2 * ID_BYTES], UNCOMPARED, Disposition.ALREADY_ACCEPTED, 0)
    met.close()
