"""Fetches pinned packages from a Debian mirror, verifies them and unpacks them.

apt's own downloader is used, so that the machine's proxy and mirror settings hold. Nothing is
installed and no root is needed.
"""

import hashlib
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from .console import BuildError, Progress, say
from .mirror import Mirror
from .pins import Package, PinnedFile

APT_HELPER = Path("/usr/lib/apt/apt-helper")


# What apt says of a file that a mirror has not, over HTTP and from a folder.
_NOT_THERE = ("404  Not Found", "No such file or directory")


class NotOnMirror(Exception):
    """A mirror answers, and has not the file."""


def fetch(
    package: Package,
    architecture: str,
    mirrors: Callable[[], Sequence[Mirror]],
    downloads: Path,
) -> Path:
    """The package's pinned file in the downloads folder, fetched if it is not there yet.

    Its SHA-256 is checked every time, also when it was fetched long ago. mirrors is called only
    when there is something to fetch.

    Raises BuildError when no mirror can be reached or gives a different file, NotOnMirror when
    the mirrors have the file no more.
    """
    pinned = package.file_for(architecture)
    target = downloads / pinned.name
    if target.is_file():
        if sha256_of(target) == pinned.sha256:
            return target
        say(f"{target.name} in {downloads} is not the file that is pinned; fetching it again")
        target.unlink()
    downloads.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    missing: NotOnMirror | None = None
    for mirror in mirrors():
        try:
            _download(package, pinned, mirror, part)
        except NotOnMirror as error:
            missing = error
        else:
            part.replace(target)
            return target
    raise missing or NotOnMirror(package.name)


def _download(package: Package, pinned: PinnedFile, mirror: Mirror, part: Path) -> None:
    say(f"fetching {package.name} ({pinned.size / 1e6:.1f} MB)")
    progress = Progress()
    failed = part.with_name(part.name + ".FAILED")
    for leftover in (part, failed):
        leftover.unlink(missing_ok=True)
    command = [
        str(APT_HELPER),
        "download-file",
        mirror.url(pinned.path),
        str(part),
        f"SHA256:{pinned.sha256}",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=part.parent
    ) as process:
        while True:
            try:
                output, _ = process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                if part.exists():
                    progress.update(100 * part.stat().st_size // pinned.size)
    # apt-helper keeps a file that failed its checksum beside the one asked for.
    failed.unlink(missing_ok=True)
    if process.returncode == 0 and part.is_file() and sha256_of(part) == pinned.sha256:
        progress.finish()
        return
    part.unlink(missing_ok=True)
    if "Hash Sum mismatch" in output or process.returncode == 0:
        raise BuildError(
            f"{pinned.name} from {mirror.uri} is not the file pinned in firmware/image/"
            f"sources.toml (SHA-256 {pinned.sha256} expected): it was not used; try again, or "
            "another mirror, and do not change the checksum by hand"
        )
    if any(words in output for words in _NOT_THERE):
        raise NotOnMirror(package.name)
    raise BuildError(
        f"{pinned.name} cannot be fetched from {mirror.uri} ({_reason(output)}): connect this "
        "machine to the network and run the same command again; what was fetched is kept"
    )


def _reason(apt_output: str) -> str:
    for line in reversed(apt_output.splitlines()):
        if line.startswith("E: Failed to fetch"):
            return " ".join(line.split()[5:]) or line
    lines = [line for line in apt_output.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "apt-helper said nothing"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file as lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack_deb(deb: Path, folder: Path, wanted: Callable[[str], bool], strip: str = "") -> None:
    """Unpacks a .deb into a folder, as the user who runs this.

    wanted: says for each path in the package, without a leading "./", whether it is unpacked.
    strip: a leading part of the paths that is left away; members outside it are left out.
    """
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        _unpack(process.stdout, folder, wanted, strip)
    if process.returncode != 0:
        raise BuildError(f"{deb} cannot be unpacked: delete it and run the same command again")


def unpack_archive(archive: Path, folder: Path) -> None:
    """Unpacks an upstream .tar archive into a folder, without its own top folder."""
    with archive.open("rb") as file, tarfile.open(fileobj=file) as names:
        top = names.getmembers()[0].name.split("/", 1)[0]
    with archive.open("rb") as file:
        _unpack(file, folder, lambda _path: True, top)


def _unpack(stream: IO[bytes], folder: Path, wanted: Callable[[str], bool], strip: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=stream, mode="r|*") as archive:
        # The checksum already vouches for the content; this keeps modes and links as they are.
        archive.extraction_filter = getattr(tarfile, "tar_filter", None)
        for member in archive:
            path = member.name.removeprefix("./")
            if not wanted(path):
                continue
            if strip:
                if not path.startswith(strip + "/"):
                    continue
                path = path[len(strip) + 1 :]
                if member.islnk():
                    member.linkname = member.linkname.removeprefix("./")[len(strip) + 1 :]
            if not path or not (
                member.isreg() or member.isdir() or member.issym() or member.islnk()
            ):
                continue
            member.name = path
            archive.extract(member, folder, set_attrs=not member.issym())
