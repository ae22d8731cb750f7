"""Recognize text that stands in an export's place: pointers, ciphertext, errors."""

import re
from dataclasses import dataclass
from typing import Final

_ERROR: Final = re.compile(rb'\s*\{\s*"(?:error|errors|message|detail)"\s*:[^\n,{}\[\]]{0,300}\}\s*\Z')


@dataclass(frozen=True, slots=True, eq=False)
class ForeignText:
    """Kind of text that is no export.

    Attributes:
        kind: What it is, as a clause.
        hint: What makes an export of it.
    """

    kind: str
    hint: str


_STARTS: Final = {
    b"version https://git-lfs.github.com/spec/": ForeignText(
        "a Git LFS pointer, not the file itself", "fetch the file: git lfs pull"
    ),
    b"-----BEGIN PGP MESSAGE-----": ForeignText(
        "encrypted with PGP", "decrypt it: gpg --decrypt FILE > export.csv"
    ),
}
_SERVER_ERROR: Final = ForeignText(
    "an error message that a server sent in place of the export",
    "export it again, then see what is in the file",
)


def foreign_text(head: bytes) -> ForeignText | None:
    """Return what a file is instead of an export, if known.

    Args:
        head: Its first bytes, unpacked.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = next((known for start, known in _STARTS.items() if text.startswith(start)), None)
    return found or (_SERVER_ERROR if _ERROR.match(text) else None)
