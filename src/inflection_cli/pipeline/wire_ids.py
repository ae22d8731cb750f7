"""Wire ids that the ledger stands for: an archive of Segment's holds messages under the ids that went out."""

from collections.abc import Collection, Iterator

from inflection_cli.delivery.ledger import LedgerReader
from inflection_cli.delivery.records import ID_BYTES
from inflection_cli.delivery.settle import UNCOMPARED, Known
from inflection_cli.model import BatchState, Disposition
from inflection_cli.segment.message_id import Binder


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
