"""What is uploaded: complete, compiled for Lambda's Python, within its limits, the same from the same inputs."""

from __future__ import annotations

import struct
import subprocess
import sys
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import pytest

from functions.declaration import FUNCTIONS, OUTPUTS_API
from infra.bundling import ROOT, UNPACKED_LIMIT, Bundle, Bundler, BundlingError

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
# The ELF header's number for the processor.
_AARCH64 = 183


@pytest.fixture(scope="session")
def arm(tmp_path_factory: pytest.TempPathFactory) -> Bundler:
    """Bundles for Lambda's processor, compiled for this Python, so the tests need no second one."""
    return Bundler(python=HERE, architecture="arm64", output=tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def layers(arm: Bundler) -> dict[str, Bundle]:
    names = {"sextant", *(layer for function in FUNCTIONS for layer in function.layers)}
    return {name: arm.layer(name) for name in names}


def test_every_function_with_its_layers_is_within_the_limit(arm: Bundler, layers: dict[str, Bundle]) -> None:
    for declared in FUNCTIONS:
        code = arm.function(declared.handler.split(".")[1]).unpacked_size()
        size = code + sum(layers[name].unpacked_size() for name in ("sextant", *declared.layers))
        assert size < UNPACKED_LIMIT, f"{declared.name}: {size / 2**20:.1f} MiB"


def test_functions_without_the_lake_stay_small(arm: Bundler, layers: dict[str, Bundle]) -> None:
    small = [one for one in FUNCTIONS if not {"lake", "outputs"} & set(one.layers)]
    assert small
    reader = sum(layers[name].unpacked_size() for name in ("sextant", *OUTPUTS_API.layers))
    assert reader < 190 * 10**6, f"{reader / 10**6:.0f} MB"
    for declared in small:
        size = sum(layers[name].unpacked_size() for name in ("sextant", *declared.layers))
        assert size < 100 * 2**20, declared.name


def test_binaries_are_for_lambdas_processor(layers: dict[str, Bundle]) -> None:
    libraries = [file for bundle in layers.values() for file in bundle.path.rglob("*.so*") if file.is_file()]

    assert len(libraries) > 50
    for file in libraries:
        assert struct.unpack_from("<H", file.read_bytes()[:20], 18)[0] == _AARCH64, file


def test_every_module_is_compiled_and_not_checked_against_its_source(layers: dict[str, Bundle]) -> None:
    for name, bundle in layers.items():
        sources = list(bundle.path.rglob("*.py"))
        compiled = list(bundle.path.rglob("*.pyc"))
        assert len(compiled) >= 0.98 * len(sources), name
        for file in compiled[:50]:
            header = file.read_bytes()[:8]
            # PEP 552: bit 0 says that a hash is stored, bit 1 that it is to be checked.
            assert (header[:4], struct.unpack("<I", header[4:])[0]) == (MAGIC_NUMBER, 1), file


def test_a_layer_repeats_nothing_that_the_runtime_layer_has(layers: dict[str, Bundle]) -> None:
    def packages(name: str) -> set[str]:
        return {path.name.lower() for path in (layers[name].path / "python").glob("*.dist-info")}

    for name in set(layers) - {"runtime", "sextant"}:
        assert not packages(name) & packages("runtime"), name


def test_the_trust_roots_of_the_database_proxy_are_in_the_runtime_layer(layers: dict[str, Bundle]) -> None:
    roots = layers["runtime"].path / "python" / "certifi" / "cacert.pem"

    assert "Amazon Root CA 1" in roots.read_text()


def test_the_migrations_travel_with_the_package(layers: dict[str, Bundle]) -> None:
    shipped = layers["sextant"].path / "python" / "migrations"

    for pattern in ("versions/*.py", "sql/*.sql", "functions/*/*.sql", "schema.txt"):
        here = {path.relative_to(ROOT / "migrations") for path in (ROOT / "migrations").glob(pattern)}
        assert here
        assert here <= {path.relative_to(shipped) for path in shipped.glob(pattern)}


@pytest.mark.parametrize("declared", FUNCTIONS, ids=lambda one: one.name)
def test_a_function_imports_with_its_own_layers_and_nothing_else(
    declared: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bundled for this machine, with boto3 in the runtime's place, in a Python without site-packages."""
    from functions.declaration import Function

    assert isinstance(declared, Function)
    here = Bundler(python=HERE, architecture=None, output=ROOT / "build" / "bundles", sdk=True)
    paths = [here.function(declared.handler.split(".")[1]).path]
    paths += [here.layer(name).path / "python" for name in ("sextant", *declared.layers)]
    module, _, attribute = declared.handler.rpartition(".")
    script = f"import sys; sys.path[:0] = {list(map(str, paths))!r}\nimport {module} as m\nassert callable(m.{attribute})"

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script],
        env={
            "AWS_REGION": "eu-central-1",
            "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
            "POWERTOOLS_SERVICE_NAME": declared.name,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]


def test_the_same_inputs_give_the_same_name_and_are_built_once(tmp_path: Path) -> None:
    first = Bundler(python=HERE, architecture=None, output=tmp_path).layer("sextant")
    marker = first.path / "python" / "marker"
    marker.touch()

    again = Bundler(python=HERE, architecture=None, output=tmp_path).layer("sextant")

    assert again == first
    assert marker.exists()


def test_the_same_files_are_packed_into_the_same_bytes(tmp_path: Path) -> None:
    packed = []
    for name in ("first", "second"):
        bundle = Bundler(python=HERE, architecture=None, output=tmp_path / name).layer("sextant")
        packed.append(bundle.archive.read_bytes())

    assert packed[0] == packed[1]


def test_another_target_or_another_source_is_another_bundle(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    package = root / "layers" / "sextant" / "python" / "sextant"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("A = 1\n")
    (root / "migrations").mkdir()

    def digest(python: str = HERE, *, contents: bool = True) -> str:
        made = Bundler(
            python=python, architecture=None, output=tmp_path / "out", contents=contents, root=root
        )
        return made.layer("sextant").digest

    before = digest()
    (package / "__init__.py").write_text("A = 2\n")
    after = digest()

    assert len({before, after, digest(contents=False)}) == 3


def test_an_empty_stand_in_says_what_it_is(tmp_path: Path) -> None:
    bundle = Bundler(python="3.13", architecture="arm64", output=tmp_path, contents=False).layer("runtime")

    assert [file.name for file in bundle.path.iterdir()] == ["NOT-BUNDLED"]


def test_without_a_python_of_the_target_nothing_is_built_uncompiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")

    with pytest.raises(BundlingError, match=r"Python 3\.99 is needed to compile for it"):
        Bundler(python="3.99", architecture="arm64", output=tmp_path).layer("sextant")


def test_a_requirement_without_its_hash_is_refused(tmp_path: Path) -> None:
    layer = tmp_path / "layers" / "runtime"
    layer.mkdir(parents=True)
    (layer / "requirements.txt").write_text("certifi==2026.10.18 \\\n    --hash=sha256:" + "0" * 64 + "\n")

    with pytest.raises(BundlingError, match=r"(?i)hash"):
        Bundler(python=HERE, architecture=None, output=tmp_path / "out", root=tmp_path).layer("runtime")
