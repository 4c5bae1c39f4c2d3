"""Finds the Debian mirrors that this machine already uses, from its own apt sources."""

from dataclasses import dataclass
from pathlib import Path

from .console import BuildError

_RELEASES = {
    "oldoldstable", "oldstable", "stable", "testing", "unstable", "sid",
    "bullseye", "bookworm", "trixie", "forky", "duke",
}  # fmt: skip
_SCHEMES = ("http://", "https://", "copy:", "ftp://", "tor+http://", "tor+https://")


@dataclass(frozen=True)
class Mirror:
    """A copy of the Debian archive.

    uri: its root, ending in "/".
    signed_by: the key ring that apt checks its indices with, or "" for apt's own.
    """

    uri: str
    signed_by: str = ""

    def url(self, path: str) -> str:
        """The address of a file, given by its path below the root."""
        return self.uri + path


def find_mirrors(apt_folder: Path = Path("/etc/apt")) -> tuple[Mirror, ...]:
    """The mirrors named in sources.list and sources.list.d, in apt's order, each once.

    Both of apt's formats are read. An entry counts when it gives binary packages of a Debian
    release's component main; other people's archives and the security archive do not.

    Raises BuildError when there is none.
    """
    found: list[Mirror] = []
    folder = apt_folder / "sources.list.d"
    for path in (apt_folder / "sources.list", *sorted(folder.glob("*"))):
        if not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix == ".list":
            entries = _one_line_entries(text)
        elif path.suffix == ".sources":
            entries = _deb822_entries(text)
        else:
            continue
        for mirror in entries:
            if mirror not in found:
                found.append(mirror)
    if not found:
        raise BuildError(
            f"no Debian mirror is named in {apt_folder}/sources.list or sources.list.d, so the "
            "compiler and MicroPython's source cannot be fetched: add one there, or give "
            "--micropython DIR"
        )
    return tuple(found)


def _one_line_entries(text: str) -> list[Mirror]:
    """Entries such as `deb [signed-by=/key] http://host/debian bookworm main contrib`."""
    found = []
    for line in text.splitlines():
        line = line.split("#", 1)[0].strip()
        if not line.startswith(("deb ", "deb\t")):
            continue
        rest = line[4:].strip()
        options = ""
        if rest.startswith("["):
            options, _, rest = rest[1:].partition("]")
        words = rest.split()
        if len(words) < 3:
            continue
        signed_by = ""
        for option in options.split():
            name, _, value = option.partition("=")
            if name.lower() == "signed-by":
                signed_by = value
        found += _mirrors([words[0]], [words[1]], words[2:], signed_by)
    return found


def _deb822_entries(text: str) -> list[Mirror]:
    """Entries as paragraphs of `Field: value` lines, continued by lines that begin with space."""
    found = []
    for fields in _paragraphs(text):
        if fields.get("enabled", "yes").lower() in ("no", "false", "0", "off"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        signed_by = fields.get("signed-by", "")
        found += _mirrors(
            fields.get("uris", "").split(),
            fields.get("suites", "").split(),
            fields.get("components", "").split(),
            # A key may stand in the file itself, over several lines; only a path can be passed on.
            signed_by if signed_by.startswith("/") else "",
        )
    return found


def _paragraphs(text: str) -> list[dict[str, str]]:
    paragraphs: list[dict[str, str]] = [{}]
    field = ""
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        if not line.strip():
            paragraphs.append({})
            field = ""
        elif line[0] in " \t" and field:
            paragraphs[-1][field] += " " + line.strip()
        else:
            field, _, value = line.partition(":")
            field = field.strip().lower()
            paragraphs[-1][field] = value.strip()
    return paragraphs


def _mirrors(
    uris: list[str], suites: list[str], components: list[str], signed_by: str
) -> list[Mirror]:
    if "main" not in components or not any(suite in _RELEASES for suite in suites):
        return []
    found = []
    for uri in uris:
        for real_uri in _mirror_list(uri):
            if real_uri.startswith("file:"):
                # apt would only link to a file there; the folder may be a disc that is taken out.
                real_uri = "copy:" + real_uri.removeprefix("file:").replace("///", "/", 1)
            if real_uri.startswith(_SCHEMES):
                found.append(Mirror(real_uri.rstrip("/") + "/", signed_by))
    return found


def _mirror_list(uri: str) -> list[str]:
    """A `mirror+file:` entry names a file that lists mirrors, one a line; others are themselves."""
    for prefix in ("mirror+file://", "mirror+file:"):
        if uri.startswith(prefix):
            path = Path(uri[len(prefix) :])
            if not path.is_file():
                return []
            lines = (line.split("#", 1)[0].split() for line in path.read_text().splitlines())
            return [words[0] for words in lines if words]
    return [uri]
