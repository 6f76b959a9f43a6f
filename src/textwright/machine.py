"""What a run ran on: processor, memory, library versions, and who started it."""

import getpass
import hashlib
import os
import platform
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

LIBRARIES = (
    "textwright",
    "datasets",
    "jieba",
    "numba",
    "numpy",
    "onnx",
    "onnxruntime",
    "peft",
    "pyarrow",
    "rouge-score",
    "sacrebleu",
    "safetensors",
    "scikit-learn",
    "scipy",
    "sentencepiece",
    "tokenizers",
    "torch",
    "transformers",
)


def describe_machine() -> dict[str, str | int | float]:
    """Describe this machine: processor, cores usable, memory in GiB, system, Python."""
    return {
        "processor": find_processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def find_processor() -> str:
    """Name the processor as Linux does; elsewhere its architecture."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def library_versions() -> dict[str, str]:
    """Version of each library that a result may depend on; those not installed are left out."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def lock_digest() -> str:
    """SHA-256 over name and version of every distribution installed here."""
    names = {f"{each.name.lower()}=={each.version}" for each in distributions() if each.name}
    return hashlib.sha256("\n".join(sorted(names)).encode("utf-8")).hexdigest()


def code_version(source: Path | None = None) -> str:
    """Version of this program, with the commit where it runs from a checkout.

    source: top folder of the checkout; the one that holds this file, if there is one.
    """
    folder = (source or Path(__file__).parents[2]) / ".git"
    number = version("textwright")
    try:
        head = (folder / "HEAD").read_text(encoding="utf-8").strip()
        name = head.removeprefix("ref: ")
        commit = head if name == head else (folder / name).read_text(encoding="utf-8").strip()
    except OSError:
        return number  # installed, or its references are packed
    return f"{number}+{commit[:12]}"


def current_user() -> str:
    """Name who runs this process, for the journal."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid-{os.getuid()}"
