"""What goes into the firmware image, how it is fetched and checked, and what the image says."""

import hashlib
import json
import struct
import subprocess
import sys
import zlib
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def builder(root):
    """The modules of firmware/image/builder, as build_uf2.py imports them."""
    folder = str(root / "firmware/image")
    sys.path.insert(0, folder)
    from builder import console, facts, inputs, mirror, packages, pins, seal

    yield SimpleNamespace(
        console=console,
        facts=facts,
        inputs=inputs,
        mirror=mirror,
        packages=packages,
        pins=pins,
        seal=seal,
    )
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def pins(root, builder):
    return builder.pins.read_pins(root / "firmware/image/sources.toml")


@pytest.fixture
def apt(tmp_path):
    """An /etc/apt of its own."""
    (tmp_path / "apt/sources.list.d").mkdir(parents=True)
    return tmp_path / "apt"


# ---------------------------------------------------------------- mirrors


def test_a_mirror_is_found_in_one_line_format(apt, builder):
    (apt / "sources.list").write_text(
        "# deb http://commented.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://m.example/debian bookworm main contrib # end\n"
        "deb-src http://sources.example/debian bookworm main\n"
    )
    assert builder.mirror.find_mirrors(apt) == (
        builder.mirror.Mirror("http://m.example/debian/", "/k.gpg"),
    )


def test_a_mirror_is_found_in_deb822_format(apt, builder):
    (apt / "sources.list.d/debian.sources").write_text(
        "# first\nTypes: deb deb-src\nURIs: https://m.example/debian/\n"
        "Suites: trixie\n trixie-updates\nComponents: main\nSigned-By: /k.gpg\n\n"
        "Types: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\n"
        "Enabled: no\n"
    )
    assert builder.mirror.find_mirrors(apt) == (
        builder.mirror.Mirror("https://m.example/debian/", "/k.gpg"),
    )


def test_a_mirror_list_gives_the_mirrors_in_it(apt, builder):
    (apt / "list").write_text("http://a.example/debian\tpriority:1\nhttp://b.example/debian\n")
    (apt / "sources.list").write_text(f"deb mirror+file:{apt}/list bookworm main\n")
    assert [mirror.uri for mirror in builder.mirror.find_mirrors(apt)] == [
        "http://a.example/debian/",
        "http://b.example/debian/",
    ]


def test_security_and_other_peoples_archives_are_no_mirrors(apt, builder):
    (apt / "sources.list").write_text(
        "deb http://security.example/debian-security bookworm-security main\n"
        "deb http://other.example/apt stable-of-ours main\n"
        "deb http://docker.example/linux/debian bookworm stable\n"
        "deb cdrom:[Debian]/ bookworm main\n"
    )
    with pytest.raises(builder.console.BuildError, match=r"no Debian mirror .* --micropython DIR"):
        builder.mirror.find_mirrors(apt)


# ---------------------------------------------------------------- pins


def test_every_package_is_pinned_by_checksum_for_both_architectures(pins):
    for package in pins.packages:
        for architecture in ("amd64", "arm64"):
            pinned = package.file_for(architecture)
            assert len(bytes.fromhex(pinned.sha256)) == 32
            assert pinned.size > 0
            assert pinned.path.startswith("pool/main/")
    assert all(len(bytes.fromhex(value)) == 32 for value in pins.cmake_sha256.values())


def test_the_micropython_version_is_that_of_its_package(pins):
    (package,) = [package for package in pins.packages if package.name == "micropython"]
    assert package.version.startswith(f"{pins.micropython_version}+ds-")


def test_a_machine_of_another_kind_is_told_what_is_pinned(pins, builder):
    package = pins.of_tree("toolchain")[0]
    with pytest.raises(builder.console.BuildError, match="amd64, arm64, not .* riscv64"):
        package.file_for("riscv64")


# ---------------------------------------------------------------- packages


@pytest.fixture
def archive(tmp_path, builder):
    """A mirror in a folder with one package on it, and the pin for that package."""
    content = b"the package"
    (tmp_path / "mirror/pool").mkdir(parents=True)
    (tmp_path / "mirror/pool/thing_1_all.deb").write_bytes(content)
    pinned = builder.pins.PinnedFile(
        "pool/thing_1_all.deb", len(content), hashlib.sha256(content).hexdigest()
    )
    return SimpleNamespace(
        file=tmp_path / "mirror/pool/thing_1_all.deb",
        downloads=tmp_path / "downloads",
        content=content,
        package=builder.pins.Package("thing", "deb", "bookworm", "1", "tree", {"all": pinned}),
        mirrors=lambda: (builder.mirror.Mirror(f"copy:{tmp_path}/mirror/"),),
    )


def test_a_pinned_file_is_fetched_with_apt_and_kept(archive, builder):
    for _time in range(2):
        path = builder.packages.fetch(archive.package, "amd64", archive.mirrors, archive.downloads)
        assert path.read_bytes() == archive.content
        archive.file.unlink(missing_ok=True)  # the second time it is taken from the folder


def test_a_file_that_is_not_the_pinned_one_is_refused_and_not_kept(archive, builder):
    archive.file.write_bytes(b"another one")
    with pytest.raises(builder.console.BuildError, match="not the file pinned in .*sources.toml"):
        builder.packages.fetch(archive.package, "amd64", archive.mirrors, archive.downloads)
    assert list(archive.downloads.iterdir()) == []


def test_a_kept_file_that_has_changed_is_fetched_again(archive, builder):
    archive.downloads.mkdir()
    (archive.downloads / "thing_1_all.deb").write_bytes(b"the packagE")
    path = builder.packages.fetch(archive.package, "amd64", archive.mirrors, archive.downloads)
    assert path.read_bytes() == archive.content


def test_a_file_that_the_mirror_has_no_more_is_told_apart(archive, builder):
    archive.file.unlink()
    with pytest.raises(builder.packages.NotOnMirror):
        builder.packages.fetch(archive.package, "amd64", archive.mirrors, archive.downloads)


def test_a_package_is_unpacked_without_what_is_not_wanted(tmp_path, builder):
    source = tmp_path / "thing"
    (source / "DEBIAN").mkdir(parents=True)
    (source / "DEBIAN/control").write_text(
        "Package: thing\nVersion: 1\nArchitecture: all\nMaintainer: n <n@example>\nDescription: n\n"
    )
    (source / "usr/src/thing/tools").mkdir(parents=True)
    (source / "usr/src/thing/tools/run").write_text("#!/bin/sh\n")
    (source / "usr/src/thing/tools/run").chmod(0o755)
    (source / "usr/src/thing/link").symlink_to("tools/run")
    (source / "usr/src/thing/unwanted").write_text("")
    (source / "etc").mkdir()
    (source / "etc/outside").write_text("")
    deb = tmp_path / "thing.deb"
    subprocess.run(
        ["dpkg-deb", "--root-owner-group", "--build", str(source), str(deb)],
        check=True,
        capture_output=True,
    )
    out = tmp_path / "out"
    builder.packages.unpack_deb(
        deb, out, lambda path: not path.endswith("unwanted"), strip="usr/src/thing"
    )
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == [
        "link",
        "tools",
        "tools/run",
    ]
    assert (out / "tools/run").stat().st_mode & 0o777 == 0o755
    assert (out / "link").readlink().as_posix() == "tools/run"


# ---------------------------------------------------------------- digests


def test_the_digest_is_sha256_of_name_zero_length_and_content(tmp_path, builder):
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    (tmp_path / "b.py").write_bytes(b"")
    expected = hashlib.sha256(
        b"a.py\0\0\0\0\0\0\0\0\x06x = 1\n" + b"pump/b.py\0\0\0\0\0\0\0\0\0"
    ).hexdigest()
    files = [("a.py", tmp_path / "a.py"), ("pump/b.py", tmp_path / "b.py")]
    assert builder.inputs.digest_of(files) == expected


def test_the_source_digest_covers_every_module_of_the_pump(root, builder):
    names = [
        name for name, _path in builder.inputs.titrate_sources(root, root / "boards/pico_tmc2209")
    ]
    assert names == sorted(names)
    assert {name for name in names if "/" not in name} == {"boot.py", "main.py", "pump_board.py"}
    on_disk = {
        path.relative_to(root / "firmware").as_posix()
        for path in (root / "firmware/pump").rglob("*.py")
    }
    assert {name for name in names if "/" in name} == on_disk


# ---------------------------------------------------------------- the image


@pytest.fixture(scope="module")
def parts(uf2):
    """The flash content that the UF2 puts at 0x10000000, read by the UF2 specification
    (github.com/microsoft/uf2): blocks of 512 bytes, each with 256 of content here; then the
    address and the content of its last block."""
    content = b""
    raw = uf2.read_bytes()
    for number in range(len(raw) // 512):
        block = raw[512 * number : 512 * number + 512]
        first, second, flags, address, size, index, count, family = struct.unpack_from("<8I", block)
        assert (first, second) == (0x0A324655, 0x9E5D5157)
        assert struct.unpack_from("<I", block, 508) == (0x0AB16F30,)
        assert (index, count, size) == (number, len(raw) // 512, 256)
        assert flags == 0x2000 and family == 0xE48BFF56  # the RP2040
        if number == len(raw) // 512 - 1:
            return content, address, block[32 : 32 + size]
        assert address == 0x10000000 + len(content)
        content += block[32 : 32 + size]


@pytest.fixture(scope="module")
def image(parts):
    return parts[0]


@pytest.mark.hazard("H6")
def test_the_last_page_below_the_flash_storage_seals_the_image_with_its_crc(parts, said):
    image, address, seal = parts
    # 2 MiB of flash; mark, length and CRC-32, each of four bytes, lowest first.
    assert address == 0x10000000 + 2 * 1024 * 1024 - said["bytes"]["flash_storage"] - 256
    mark, length, crc = struct.unpack_from("<4sII", seal)
    assert (mark, length) == (b"TIMG", said["bytes"]["image"])
    assert crc == zlib.crc32(image[:length])


def test_an_image_that_leaves_no_page_for_its_seal_is_refused(tmp_path, builder):
    with pytest.raises(builder.console.BuildError, match="freeze less"):
        builder.seal.seal_uf2(tmp_path / "any.uf2", bytes(640 * 1024 - 255), 1408 * 1024)


@pytest.fixture(scope="module")
def said(uf2):
    return json.loads((uf2.parent / "firmware.json").read_text())


def test_the_report_is_of_this_image(uf2, said, image):
    assert said["image_sha256"] == hashlib.sha256(uf2.read_bytes()).hexdigest()
    # The last block is filled up to 256 bytes.
    assert 0 <= len(image) - said["bytes"]["image"] < 256


def test_the_image_holds_the_digest_of_the_sources_in_this_tree(root, image, said, builder):
    digest = builder.inputs.source_digest(root, root / "boards/pico_tmc2209")
    assert said["source_digest"] == digest
    assert digest.encode() in image


def test_the_image_and_the_flash_storage_fill_the_picos_two_megabytes(image, said):
    sizes = said["bytes"]
    assert sizes["image"] + sizes["flash_free"] + sizes["flash_storage"] == 2 * 1024 * 1024
    assert sizes["flash_storage"] == 1408 * 1024


def test_static_memory_and_heap_fill_the_rp2040s_main_memory(said):
    # RP2040 datasheet: 256 KiB in four striped banks and two small ones of 4 KiB each. The stack
    # has 16 KiB: the two small banks and the end of the striped ones.
    assert said["bytes"]["ram_static"] + said["bytes"]["heap"] == 256 * 1024 - 8 * 1024


def test_the_image_names_itself_on_usb(image):
    assert b"\0Titrate\0" in image
    assert b"Titrate pump, Pico and TMC2209\0" in image


def test_nothing_of_the_building_machine_is_in_the_image(root, image):
    assert str(root).encode() not in image


def test_an_image_that_reaches_into_the_flash_storage_is_refused(tmp_path, builder, image):
    # The storage starts 640 KiB into the flash; the compiler has put nothing there.
    (tmp_path / "firmware.bin").write_bytes(image.ljust(640 * 1024 + 1, b"\xff"))
    with pytest.raises(builder.console.BuildError, match="655361 bytes, 1 more than the 655360"):
        builder.facts.read_facts(tmp_path / "firmware.elf", None)


def test_an_image_that_is_up_to_date_is_left_alone(root, uf2):
    before = uf2.stat().st_mtime_ns
    done = subprocess.run(
        [sys.executable, "firmware/image/build_uf2.py", "--board", "pico_tmc2209"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("build/pico_tmc2209/firmware.uf2 is up to date\n")
    assert uf2.stat().st_mtime_ns == before
