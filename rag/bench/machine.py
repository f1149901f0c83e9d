"""The machine that a run is made on; nothing that names it."""

import asyncio
import os
import platform
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from rag.bench.gpu import gpu_names
from rag.bench.records import Machine

_PACKAGES = ("groundwork-chat", "foundry-local-sdk", "onnxruntime", "onnxruntime-genai-core", "openai", "httpx2")
"""What times depend on."""
_CPUINFO = Path("/proc/cpuinfo")
_SYSCTL_S = 5.0


async def this_machine() -> Machine:
    """Where this process runs."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=await asyncio.to_thread(processor),
        cores=os.cpu_count() or 0,
        memory_mb=round(psutil.virtual_memory().total / 1e6),
        gpu=await gpu_names(),
        python=platform.python_version(),
        versions=versions(),
    )


def processor() -> str:
    """Its name as its maker wrote it; the architecture where the system does not tell."""
    name = ""
    with suppress(OSError, subprocess.SubprocessError):
        name = _processor_name()
    return name.strip() or platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Of the packages that times depend on; one that is not there is left out."""
    found: dict[str, str] = {}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def resident_mb(pid: int | None) -> float | None:
    """The resident memory of a process in megabytes; None when it is not there or may not be looked at."""
    try:
        return round(psutil.Process(pid).memory_info().rss / 1e6, 1) if pid else None
    except psutil.Error:
        return None


def _processor_name() -> str:
    if sys.platform == "win32":
        import winreg

        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"HARDWARE\DESCRIPTION\System\CentralProcessor\0") as key:
            return str(winreg.QueryValueEx(key, "ProcessorNameString")[0])
    if sys.platform == "darwin":
        command = ("sysctl", "-n", "machdep.cpu.brand_string")
        return subprocess.run(command, capture_output=True, text=True, timeout=_SYSCTL_S, check=True).stdout
    lines = (line.partition(":") for line in _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines())
    return next((value for name, _, value in lines if name.strip() == "model name"), "")
