"""What a mirror has now, and pinning that instead.

A mirror keeps only the newest point release of each Debian release, so a pinned file can vanish.
This reads the mirror's signed indices into a private folder with apt, without touching the
machine's own lists.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .console import BuildError, say
from .mirror import Mirror
from .pins import ANY_ARCHITECTURE, Package, PinnedFile, Pins

ARCHITECTURES = ("amd64", "arm64")


class Indices:
    """One Debian release's package indices, read from one mirror into a private folder."""

    def __init__(self, mirror: Mirror, suite: str, folder: Path) -> None:
        """Reads the indices. Raises BuildError when apt cannot fetch them or trust them."""
        self._folder = folder / suite
        for name in ("lists/partial", "cache/archives/partial"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        option = f" [signed-by={mirror.signed_by}]" if mirror.signed_by else ""
        (self._folder / "sources.list").write_text(
            f"deb{option} {mirror.uri} {suite} main\ndeb-src{option} {mirror.uri} {suite} main\n"
        )
        done = self._apt("apt-get", "update", "--error-on=any")
        if done.returncode != 0:
            reason = next(
                (line for line in done.stderr.splitlines() if line.startswith("E:")), "no reason"
            )
            raise BuildError(f"apt cannot read the package lists of {suite}: {reason}")

    def _apt(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        folder = self._folder
        command = [
            program,
            f"-oDir::Etc::sourcelist={folder / 'sources.list'}",
            "-oDir::Etc::sourceparts=-",
            f"-oDir::State::Lists={folder / 'lists'}",
            f"-oDir::Cache={folder / 'cache'}",
            "-oAcquire::Languages=none",
            *(f"-oAPT::Architectures::={name}" for name in ARCHITECTURES),
            *arguments,
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def find(self, package: Package) -> Package | None:
        """The package as the release has it now, or None when it has none."""
        if package.form == "source":
            return self._find_source(package)
        return self._find_binary(package)

    def _find_source(self, package: Package) -> Package | None:
        shown = self._apt("apt-cache", "showsrc", "--only-source", package.name)
        fields = _newest(shown.stdout)
        if fields is None:
            return None
        for line in fields["Checksums-Sha256"].splitlines():
            words = line.split()
            if len(words) == 3 and ".orig.tar." in words[2] and not words[2].endswith(".asc"):
                pinned = PinnedFile(f"{fields['Directory']}/{words[2]}", int(words[1]), words[0])
                return replace(package, version=fields["Version"], files={ANY_ARCHITECTURE: pinned})
        return None

    def _find_binary(self, package: Package) -> Package | None:
        files = {}
        version = ""
        for architecture in ARCHITECTURES:
            shown = self._apt("apt-cache", "show", f"{package.name}:{architecture}")
            fields = _newest(shown.stdout)
            if fields is None:
                continue
            key = ANY_ARCHITECTURE if fields["Architecture"] == "all" else architecture
            files[key] = PinnedFile(fields["Filename"], int(fields["Size"]), fields["SHA256"])
            version = version or fields["Version"]
        return replace(package, version=version, files=files) if files else None


def _newest(stanzas: str) -> dict[str, str] | None:
    """The first stanza of apt-cache's output (it shows the newest first), as its fields."""
    fields: dict[str, str] = {}
    field = ""
    for line in stanzas.splitlines():
        if not line:
            if fields:
                break
        elif line[0] == " ":
            fields[field] += "\n" + line.strip()
        else:
            field, _, value = line.partition(":")
            fields[field] = value.strip()
    return fields or None


def explain_missing(package: Package, mirrors: Sequence[Mirror], folder: Path) -> BuildError:
    """The sentence for a pinned package that no mirror has any more."""
    try:
        now = Indices(mirrors[0], package.suite, folder).find(package)
        has = f"has {now.version}" if now else f"has no {package.name} in {package.suite}"
    except BuildError as error:
        has = f"does not say what it has ({error})"
    return BuildError(
        f"{package.name} {package.version} is pinned in firmware/image/sources.toml, but "
        f"{mirrors[0].uri} {has}: update Titrate, or pin what the mirror has with `python3 "
        "firmware/image/build_uf2.py --repin` and look at `git diff` before you build (the image "
        "will then differ from the released one)"
    )


def repin(pins: Pins, path: Path, mirrors: Sequence[Mirror], folder: Path) -> None:
    """Rewrites the packages in sources.toml to what the first mirror has now.

    Versions and checksums come from the mirror's indices, whose signature apt checks. The head
    of the file, down to the first package, is kept as it stands.
    """
    suites = sorted({package.suite for package in pins.packages})
    indices = {}
    for suite in suites:
        say(f"reading the package lists of {suite} from {mirrors[0].uri}")
        indices[suite] = Indices(mirrors[0], suite, folder)
    found = []
    for package in pins.packages:
        now = indices[package.suite].find(package)
        if now is None:
            raise BuildError(f"{mirrors[0].uri} has no {package.name} in {package.suite}")
        say(f"{package.name}: {package.version} -> {now.version}")
        found.append(now)
    head = path.read_text(encoding="utf-8").split("[[package]]", 1)[0]
    part = path.with_name(path.name + ".part")
    part.write_text(head + "\n".join(_as_toml(package) for package in found), encoding="utf-8")
    part.replace(path)


def _as_toml(package: Package) -> str:
    lines = ["[[package]]"]
    for name in ("name", "form", "suite", "version", "tree"):
        lines.append(f'{name} = "{getattr(package, name)}"')
    for architecture, pinned in package.files.items():
        lines += [
            f"[package.files.{architecture}]",
            f'path = "{pinned.path}"',
            f"size = {pinned.size}",
            f'sha256 = "{pinned.sha256}"',
        ]
    return "\n".join(lines) + "\n"
