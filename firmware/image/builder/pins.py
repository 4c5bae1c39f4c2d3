"""Reads sources.toml: every version and checksum that goes into an image."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .console import BuildError

ANY_ARCHITECTURE = "all"


@dataclass(frozen=True)
class PinnedFile:
    """One file on a Debian mirror: where it is below the mirror's root, and what it must be."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name without folders."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Package:
    """One Debian package at one version.

    form: "deb" for a binary package, "source" for the upstream archive of a source package.
    tree: the folder under build/ that it is unpacked into.
    files: the pinned file for each Debian architecture, or for "all".
    """

    name: str
    form: str
    suite: str
    version: str
    tree: str
    files: dict[str, PinnedFile]

    def file_for(self, architecture: str) -> PinnedFile:
        """The file for a Debian architecture ("amd64", "arm64").

        Raises BuildError when none is pinned for it.
        """
        pinned = self.files.get(ANY_ARCHITECTURE) or self.files.get(architecture)
        if pinned is None:
            raise BuildError(
                f"{self.name} is pinned for {', '.join(self.files)}, not for this machine's "
                f"{architecture}: build on one of those, or give --micropython DIR"
            )
        return pinned


@dataclass(frozen=True)
class Pins:
    """The contents of sources.toml."""

    micropython_version: str
    source_date_epoch: int
    cmake_version: str
    cmake_sha256: dict[str, str]
    packages: tuple[Package, ...]

    def of_tree(self, tree: str) -> tuple[Package, ...]:
        """The packages that are unpacked into one tree."""
        return tuple(package for package in self.packages if package.tree == tree)

    def tree_digest(self, tree: str, architecture: str) -> str:
        """SHA-256 over the checksums of everything that is unpacked into one tree."""
        digest = hashlib.sha256()
        for package in self.of_tree(tree):
            digest.update(package.file_for(architecture).sha256.encode())
        return digest.hexdigest()


def read_pins(path: Path) -> Pins:
    """Reads sources.toml; raises BuildError when it is not complete."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        packages = tuple(
            Package(
                name=entry["name"],
                form=entry["form"],
                suite=entry["suite"],
                version=entry["version"],
                tree=entry["tree"],
                files={
                    architecture: PinnedFile(pinned["path"], pinned["size"], pinned["sha256"])
                    for architecture, pinned in entry["files"].items()
                },
            )
            for entry in table["package"]
        )
        return Pins(
            micropython_version=table["micropython"]["version"],
            source_date_epoch=table["micropython"]["source_date_epoch"],
            cmake_version=table["cmake"]["version"],
            cmake_sha256=table["cmake"]["sha256"],
            packages=packages,
        )
    except KeyError as missing:
        raise BuildError(f"{path} has no {missing}: restore it with git checkout") from None
    except tomllib.TOMLDecodeError as error:
        raise BuildError(f"{path} is not valid TOML ({error}): restore it with git") from None
