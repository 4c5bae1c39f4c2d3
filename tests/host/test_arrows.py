"""Who may import whom, and what device code keeps away from: checked on the syntax trees.

The arrows run one way: titrate -> pump.link -> pump.core <- pump.rp2040. Only a composition
root (boot.py, main.py and the modules right under pump/) joins what these keep apart.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# What pump.core and pump.link may take from the interpreter: the same in CPython and MicroPython.
PURE = {"array", "binascii", "collections", "hashlib"}

# layer: (folder, parts of pump that it may import, whether it is pure)
LAYERS = {
    "core": ("firmware/pump/core/", {"core"}, True),
    "link": ("firmware/pump/link/", {"core", "link", "version"}, True),
    "rp2040": ("firmware/pump/rp2040/", {"core", "rp2040", "version"}, False),
    "titrate": ("host_tools/titrate/", {"core", "link", "version"}, False),
    "image": ("firmware/image/", set(), False),
}
DEVICE_FOLDERS = ("firmware/pump/", "firmware/boot.py", "firmware/main.py")
HARDWARE = {"machine", "rp2"}


def imported(tree: ast.AST, path: str) -> Iterator[tuple[int, str]]:
    """Line and full dotted name of everything that a file imports, relative imports resolved."""
    package = Path(path).parent.parts[1:]  # without firmware/ or host_tools/
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, node.module) if node.module else base)
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}"


def layer_of(path: str) -> tuple[set[str], bool] | None:
    for folder, may_import, pure in LAYERS.values():
        if path.startswith(folder):
            return may_import, pure
    return None


def for_types_only(tree: ast.AST) -> set[int]:
    """Lines under "if TYPE_CHECKING:", which no interpreter runs."""
    return {
        node.lineno
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and ast.unparse(guard.test) == "TYPE_CHECKING"
        for statement in guard.body
        for node in ast.walk(statement)
        if isinstance(node, ast.stmt)
    }


def wrong_imports(tree: ast.AST, path: str) -> Iterator[tuple[int, str]]:
    """Imports against the arrows, or of what the interpreters do not share."""
    layer = layer_of(path)
    never_run = for_types_only(tree)
    for line, name in imported(tree, path):
        first, _, rest = name.partition(".")
        if first == "typing" and path.startswith(DEVICE_FOLDERS):
            yield line, "imports typing, which MicroPython has not"
        elif layer is None:
            continue
        elif first == "pump":
            if rest.partition(".")[0] not in layer[0]:
                yield line, f"imports {name} against the arrows"
        elif layer[1] and first not in PURE and line not in never_run:
            if first == "micropython" and path == "firmware/pump/core/compat.py":
                continue
            yield line, f"imports {name}, which is not pure"


def inexact(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Floats, and what makes them; isinstance may ask for one, in order to refuse it."""
    asked = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance"
        for part in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in asked:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node.lineno, f"holds the float {node.value}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield node.lineno, "divides with /"
        elif isinstance(node, ast.Name) and node.id in ("float", "__import__"):
            yield node.lineno, f"uses {node.id}"


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a module that run when it is imported, PIO programs left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            defaults = (*child.args.defaults, *child.args.kw_defaults)
            for part in (*defaults, *child.decorator_list):
                if part is not None and "asm_pio" not in ast.unparse(part):
                    yield part
                    yield from run_at_import(part)
        elif not isinstance(child, ast.Lambda):
            yield child
            yield from run_at_import(child)


def hardware_at_import(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls into machine or rp2, and memory accesses through them, while a module is imported."""
    names = set(HARDWARE)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in HARDWARE:
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(a.asname for a in node.names if a.name in HARDWARE and a.asname)
    for node in run_at_import(tree):
        touched = (
            node.func
            if isinstance(node, ast.Call)
            else node.value
            if isinstance(node, ast.Subscript)
            else None
        )
        if touched is not None and ast.unparse(touched).split(".")[0] in names:
            yield node.lineno, f"touches hardware when imported: {ast.unparse(node)}"


def violations(source: str, path: str) -> list[str]:
    """Everything wrong with one file, as "path:line: what"."""
    tree = ast.parse(source)
    found = list(wrong_imports(tree, path))
    layer = layer_of(path)
    if layer and layer[1]:
        found += inexact(tree)
    if path.startswith("firmware/pump/"):
        found += hardware_at_import(tree)
    return [f"{path}:{line}: {what}" for line, what in sorted(found)]


def test_no_file_goes_against_the_arrows_or_leaves_exact_arithmetic(root):
    found, seen = [], 0
    for top in ("firmware", "host_tools"):
        for file in sorted((root / top).rglob("*.py")):
            seen += 1
            found += violations(file.read_text(), file.relative_to(root).as_posix())
    assert found == []
    assert seen > 20


def on_demand(root: Path) -> tuple[str, ...]:
    """The modules that on_demand.py lets go of."""
    tree = ast.parse((root / "firmware/pump/rp2040/on_demand.py").read_text())
    names = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "NAMES"
    )
    return tuple(ast.literal_eval(names))


def test_what_is_let_go_of_is_not_held_by_an_import_at_the_top_of_a_module(root):
    names = on_demand(root)
    seen = 0
    for file in sorted((root / "firmware").rglob("*.py")):
        path = file.relative_to(root).as_posix()
        module = ".".join(file.relative_to(root / "firmware").with_suffix("").parts)
        tree = ast.parse(file.read_text())
        seen += module in names
        inside = {
            node.lineno
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom)
        } | for_types_only(tree)
        held = [
            (line, name)
            for line, name in imported(tree, path)
            if line not in inside and any(f"{name}.".startswith(f"{one}.") for one in names)
        ]
        assert module in names or held == [], path
    assert seen == len(names)


def test_every_part_of_the_pump_belongs_to_a_layer(root):
    folders = {path.name for path in (root / "firmware/pump").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} == {"core", "link", "rp2040"}


CORE, LINK, RP2040 = (
    "firmware/pump/core/x.py",
    "firmware/pump/link/x.py",
    "firmware/pump/rp2040/x.py",
)
HOST, API = "host_tools/titrate/cli/x.py", "firmware/pump/__init__.py"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (CORE, "import machine"),
        (CORE, "import time"),
        (CORE, "import utime"),
        (CORE, "from os import stat"),
        (CORE, "def f():\n    import rp2"),
        (CORE, "import typing"),
        (CORE, "if TYPE_CHECKING:\n    from typing import Any"),
        (CORE, "if TYPE_CHECKING:\n    from pump.link.lines import Line"),
        (CORE, "if TYPE_CHECKING:\n    pass\nelse:\n    import time"),
        (CORE, "from micropython import const"),
        (CORE, "from pump.link import lines"),
        (CORE, "from pump import rp2040"),
        (CORE, "import pump"),
        (CORE, "from ..link import lines"),
        (CORE, "from .. import link"),
        (CORE, "__import__('time')"),
        (CORE, "x = 0.5"),
        (CORE, "x = 1e3"),
        (CORE, "x = a / b"),
        (CORE, "x /= 2"),
        (CORE, "x = float(y)"),
        (LINK, "import pump.rp2040.pins"),
        (LINK, "x = a / b"),
        (RP2040, "from pump.link import lines"),
        (RP2040, "from typing import Any"),
        (RP2040, "import machine\nLED = machine.Pin(25)"),
        (RP2040, "from machine import Pin as P\nclass A:\n    led = P(25)"),
        (RP2040, "import machine as m\ndef f(led=m.Pin(25)):\n    pass"),
        (RP2040, "from machine import mem32\nREASON = mem32[0x40064000]"),
        (API, "import rp2\nrp2.PIO(0)"),
        (HOST, "from pump.rp2040 import pins"),
        (HOST, "import pump"),
        ("firmware/image/x.py", "from pump.core import ratio"),
        ("firmware/main.py", "from typing import Any"),
    ],
)
def test_the_check_sees(path, source):
    assert len(violations(source, path)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (CORE, "from pump.core import ratio\nfrom .errors import OutOfRange\nx = 7 // 2"),
        ("firmware/pump/core/compat.py", "from micropython import const"),
        (CORE, "if TYPE_CHECKING:\n    from collections.abc import Iterator"),
        (CORE, "if isinstance(x, (int, float)):\n    raise BadText(x)"),
        (LINK, "import binascii\nfrom pump.core.errors import BadText"),
        (RP2040, "import machine\nimport time\ndef led():\n    return machine.Pin(25)"),
        (RP2040, "import rp2\n@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)\ndef f():\n    nop()"),
        (RP2040, "from pump.core import train\nx = 0.5"),
        (API, "from pump.link import lines\nfrom pump.rp2040 import pins"),
        (
            HOST,
            "import time\nfrom typing import Any\nfrom pump.link.lines import encode\nx = 1 / 2",
        ),
    ],
)
def test_the_check_lets_pass(path, source):
    assert violations(source, path) == []
