"""The Dockerfile: its rules, its steps as a shell script, and the image itself where a container tool runs."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest
from command_support import PATIENCE_S, SAMPLES

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = re.compile(r"(?<![\w./-])/(opt|src|work|state)(?=[/\s\"]|$)")
"""Folders of the image that steps name."""


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile in order, continued lines as one."""
    text = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def last(name: str) -> str:
    return [value for each, value in instructions() if each == name][-1]


def in_context(path: str) -> bool:
    """Whether .dockerignore leaves a path in the build's context; the last pattern that matches counts."""
    found = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split():
        pattern = line.removeprefix("!")
        if fnmatch(path, pattern) or fnmatch(path.partition("/")[0], pattern):
            found = line.startswith("!")
    return found


def test_it_runs_as_a_user_without_rights_and_keeps_its_ledger_in_a_volume() -> None:
    user, group = last("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert json.loads(last("ENTRYPOINT")) == ["infl-seg"]
    assert json.loads(last("CMD")) == ["--help"]
    assert json.loads(last("VOLUME")) == ["/state"]
    assert 'INFL_SEG_STATE_DIR="/state"' in last("ENV")
    names = [name for name, _ in instructions()]
    assert names.index("USER") > max(i for i, name in enumerate(names) if name == "RUN")


def test_its_images_have_versions_and_its_layers_hold_no_cache_and_no_secret() -> None:
    for name, value in instructions():
        assert name in {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "ENTRYPOINT", "CMD"}
        assert not re.search(r"key|secret|token|password", value, re.IGNORECASE), value
        if name == "FROM":
            assert re.match(r"python:3\.\d+-slim( |$)", value)
        if "pip install" in value:
            assert "--no-cache-dir" in value


def test_what_it_copies_is_in_the_context_and_little_else_is() -> None:
    copied = [
        word
        for name, value in instructions()
        if name == "COPY" and "--from" not in value
        for word in value.split()[:-1]
    ]
    assert copied
    for path in copied:
        assert (ROOT / path).exists()
        assert in_context(path)
    for path in (".git", "tests", "samples/broken.csv", "key.txt", ".venv"):
        assert not in_context(path)


@dataclass
class Build:
    """A build whose file system is a folder; each stage has it at the same place.

    Attributes:
        base: Where the stages are kept.
        folder: The current working folder of the image.
        environ: The environment of the steps.
        stages: The stages that are finished, by name.
    """

    base: Path
    folder: str = "/"
    environ: dict[str, str] = field(default_factory=dict)
    stages: dict[str, Path] = field(default_factory=dict)
    name: str = ""

    @property
    def root(self) -> Path:
        return self.base / "image"

    def at(self, path: str) -> Path:
        return self.root / (path if path.startswith("/") else f"{self.folder}/{path}").lstrip("/")

    def step(self, name: str, value: str) -> None:
        """Carry one instruction out."""
        if name == "FROM":
            if self.root.exists():
                self.stages[self.name] = self.root.rename(self.base / f"stage-{self.name}")
            self.root.mkdir()
            self.name, self.folder = value.partition(" AS ")[2], "/"
        elif name == "WORKDIR":
            self.folder = value
            self.at(".").mkdir(parents=True, exist_ok=True)
        elif name == "COPY":
            self._copy(shlex.split(value))
        elif name == "ENV":
            for pair in shlex.split(value):
                key, _, text = pair.partition("=")
                self.environ[key] = self.placed(text).replace("$PATH", self.environ["PATH"])
        elif name == "RUN":
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", self.placed(value)],
                cwd=self.at("."),
                env=self.environ,
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_S,
            )
            assert done.returncode == 0, done.stdout + done.stderr

    def placed(self, text: str) -> str:
        """A step with the image's folders where they are here."""
        return FOLDERS.sub(lambda found: f"{self.root}{found[0]}", text)

    def _copy(self, words: list[str]) -> None:
        source = ROOT
        if words[0].startswith("--from="):
            source = self.stages[words.pop(0).removeprefix("--from=")]
        target = self.at(words[-1])
        for word in words[:-1]:
            found = source / word.lstrip("/")
            place = target / found.name if words[-1].endswith("/") else target
            if found.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(found, place, symlinks=True, ignore=ignored)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(found, place)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """A build without a network: what the package needs is there already, and so is what builds it."""
    programs = tmp_path / "programs"
    programs.mkdir()
    packages = tmp_path / "packages"
    packages.mkdir()
    for package in Path(sysconfig.get_paths()["purelib"]).iterdir():
        # With the pip of this environment in sight, the image's pip would take that one for its own.
        if package.name != "pip" and not package.name.startswith("pip-"):
            (packages / package.name).symlink_to(package)
    if os.geteuid() != 0:  # in an image the steps before USER are root's
        (programs / "chown").write_text("#!/bin/sh\n", encoding="utf-8")
        (programs / "chown").chmod(0o755)
    return Build(
        tmp_path,
        environ={
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "PYTHONPATH": str(packages),
            "PIP_NO_DEPS": "1",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # that is how pip spells “no isolation” in its environment
            "PIP_IGNORE_INSTALLED": "1",
        },
    )


@pytest.mark.slow
def test_its_steps_make_an_image_that_rehearses_a_backfill(build: Build) -> None:
    for name, value in instructions():
        build.step(name, value)
    assert build.at("/state").stat().st_mode & 0o777 == 0o700
    assert not build.at("/src").exists()
    assert not list(build.at("/opt/infl-seg").glob("lib/*/site-packages/pip"))
    if os.geteuid() == 0:
        assert {build.at(path).stat().st_uid for path in ("/work", "/state")} == {65532}
    program = build.at("/opt/infl-seg/bin") / json.loads(last("ENTRYPOINT"))[0]
    done = subprocess.run(
        [program, "backfill", SAMPLES / "spring-launch.csv", "--rehearse", "--events-per-second", "0"],
        cwd=build.at("/work"),
        env=build.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    assert "414 built = 414 accepted" in done.stdout
    where = [str(path) for path in build.at("/opt/infl-seg").glob("lib/*/site-packages/inflection_cli")]
    assert len(where) == 1


def container_tool() -> str | None:
    """A container tool whose service answers."""
    for name in ("docker", "podman"):
        found = shutil.which(name)
        if found and subprocess.run([found, "info"], capture_output=True, check=False).returncode == 0:
            return found
    return None


@pytest.mark.slow
def test_a_container_tool_builds_the_image_and_rehearses_in_it_without_rights_and_network() -> None:
    tool = container_tool()
    if tool is None:
        pytest.skip("no container tool runs here")
    tag = f"infl-seg-test-{os.getpid()}"
    limits = ("run", "--rm", "--network", "none", "--volume", f"{SAMPLES.parent}:/work:ro")

    def output(*words: str) -> str:
        done = subprocess.run([tool, *words], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return done.stdout

    output("build", "--tag", tag, str(ROOT))
    try:
        assert output(*limits, "--entrypoint", "id", tag, "-u") == "65532\n"
        said = output(*limits, tag, "backfill", "samples/spring-launch.csv", "--rehearse")
        assert "414 built = 414 accepted" in said
    finally:
        output("image", "rm", tag)
