"""Under each ipykernel: Stop and Pause answer within a second in mid-epoch, and no notebook hangs.

A script of its own, for it installs kernels; run it with the project's own Python:

    .venv/bin/python tests/matrix/ipykernel_matrix.py [--repeat 20] [--versions 6.31 7.3 7.4]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = ROOT / ".matrix"
VERSIONS = ("6.31", "7.3", "7.4")
ANSWER_SECONDS = 1.0
PATIENCE_SECONDS = 120

# Runs in the kernel: a panel whose epochs take several seconds, and a watch on its trainer's state.
PANEL = """
import threading, time
import ipywidgets, lstmwidgets as lw

config = lw.LSTMConfig(sequence_length=168, horizon=24, units=128, epochs=50)
panel = lw.TrainingPanel("seattle_temperature", config)

def family(widget):
    yield widget
    for child in getattr(widget, "children", ()):
        yield from family(child)

buttons = {each.description: each.model_id for each in family(panel) if isinstance(each, ipywidgets.Button)}
states = []  # (wall clock, state, batches done in the epoch)

def watch():
    while True:
        trainer = panel.trainer
        if trainer is not None:
            if not states or states[-1][1] != trainer.state:
                states.append((time.time(), trainer.state, trainer.progress.batch))
            now[:] = [trainer.state, trainer.progress.epoch, trainer.progress.batch, trainer.progress.batches]
        time.sleep(0.005)

now = ["none", 0, 0, 0]
threading.Thread(target=watch, daemon=True).start()
panel
"""


def environment(version: str) -> Path:
    """The Python of a thin environment: its own ipykernel over the packages of the one this runs in."""
    folder = ENVIRONMENTS / f"ipykernel-{version}"
    python = folder / "bin" / "python"
    done = folder / ".installed"
    if not done.exists():
        print(f"making {folder.relative_to(ROOT)}", flush=True)
        venv.create(folder, clear=True, with_pip=True)
        place = {"base": str(folder), "platbase": str(folder)}
        own = Path(sysconfig.get_path("purelib", vars=place))
        below = sysconfig.get_path("purelib")
        # `site.addsitedir` rather than the bare path, so that the editable lstmwidgets below is found too
        (own / "below.pth").write_text(f"import site; site.addsitedir({below!r})\n")
        install = [python, "-m", "pip", "install", "--quiet", f"ipykernel=={version}.*"]
        subprocess.run(install, check=True, timeout=600)
        done.touch()
    return python


class Frontend:
    """A kernel, and a client that clicks buttons as a browser does: by messages of the widget's comm."""

    def __init__(self) -> None:
        from jupyter_client import KernelManager

        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(cwd=str(ROOT / "notebooks"))
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE_SECONDS)
        self.client.allow_stdin = False

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def ask(self, expression: str, code: str = "") -> object:
        """Run code in a cell and evaluate an expression after it."""
        from ast import literal_eval

        reply = self.client.execute(
            code,
            user_expressions={"answer": expression},
            store_history=False,
            reply=True,
            timeout=PATIENCE_SECONDS,
        )["content"]
        if reply["status"] != "ok" or reply["user_expressions"]["answer"]["status"] != "ok":
            raise RuntimeError(f"the kernel answered {reply}")
        return literal_eval(reply["user_expressions"]["answer"]["data"]["text/plain"])

    def subshell(self) -> str | None:
        """Open a subshell, over which JupyterLab sends widget messages where the kernel has them."""
        info = self.client.kernel_info(reply=True, timeout=PATIENCE_SECONDS)["content"]
        if "kernel subshells" not in info.get("supported_features", []):
            return None
        message = self.client.session.msg("create_subshell_request")
        self.client.control_channel.send(message)
        reply = self.client.control_channel.get_msg(timeout=PATIENCE_SECONDS)
        return str(reply["content"]["subshell_id"])

    def click(self, button: str, subshell: str | None) -> float:
        """Press a button; the wall clock when it was pressed."""
        data = {"method": "custom", "content": {"event": "click"}}
        message = self.client.session.msg("comm_msg", {"comm_id": button, "data": data})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return time.time()

    def wait_for(self, wanted: Callable[[list[object]], bool], what: str) -> None:
        """Look at the trainer until it is as wanted; each look is a cell of its own."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        now: object = None
        while time.monotonic() < deadline:
            now = self.ask("now")
            assert isinstance(now, list)
            if wanted(now):
                return
            time.sleep(0.05)
        raise TimeoutError(f"no {what} within {PATIENCE_SECONDS} s; the trainer was at {now}")


def check_buttons(over_subshell: bool) -> bool:
    """Press Train, Pause, Resume and Stop in mid-epoch and time the answers; False without subshells."""
    import ipykernel

    frontend = Frontend()
    try:
        subshell = frontend.subshell() if over_subshell else None
        if over_subshell and subshell is None:
            return False
        assert frontend.ask("ipykernel.__version__", "import ipykernel") == ipykernel.__version__
        buttons = frontend.ask("buttons", PANEL)
        assert isinstance(buttons, dict)

        def in_mid_epoch(now: list[object]) -> bool:
            return now[0] == "training" and 1 < int(str(now[2])) < 0.6 * int(str(now[3]))

        frontend.click(buttons["Train"], subshell)
        for name, reached in (("Pause", "paused"), ("Stop", "stopped")):
            frontend.wait_for(in_mid_epoch, "training in mid-epoch")
            pressed = frontend.click(buttons[name], subshell)
            frontend.wait_for(lambda now, state=reached: now[0] == state, reached)
            states = frontend.ask("states")
            assert isinstance(states, list)
            answered, _, batch = next(entry for entry in states if entry[1] == reached)
            seconds = answered - pressed
            print(f"  {name} answered in {seconds:.3f} s, at batch {batch}", flush=True)
            assert seconds < ANSWER_SECONDS, f"{name} took {seconds:.2f} s"
            if name == "Pause":  # the same button goes on again
                frontend.click(buttons["Pause"], subshell)
    finally:
        frontend.close()
    return True


def check_notebooks(repeat: int) -> None:
    """Execute every notebook again and again; each time has a limit."""
    import nbformat
    from nbclient import NotebookClient

    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        took = []
        for _ in range(repeat):
            began = time.perf_counter()
            NotebookClient(
                nbformat.read(path, as_version=4),
                timeout=300,
                startup_timeout=PATIENCE_SECONDS,
                kernel_name="python3",
                resources={"metadata": {"path": str(path.parent)}},
            ).execute()
            took.append(time.perf_counter() - began)
        if took:
            print(f"  {path.name}: {repeat} times, {min(took):.0f} to {max(took):.0f} s", flush=True)


def inside(repeat: int) -> None:
    """What is done within one of the environments."""
    import ipykernel

    for over_subshell in (False, True):
        way = "a subshell" if over_subshell else "the main shell"
        print(f"ipykernel {ipykernel.__version__}, widget messages over {way}", flush=True)
        if not check_buttons(over_subshell):
            print("  has no subshells", flush=True)
    check_notebooks(repeat)


def main() -> None:
    """Make the environments, and run the checks in each."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--repeat", type=int, default=0, help="how often each notebook is executed")
    options.add_argument("--versions", nargs="*", default=VERSIONS, help="ipykernel versions")
    options.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.inside:
        inside(chosen.repeat)
        return
    failed = []
    for version in chosen.versions:
        settings = {**os.environ, "JUPYTER_PREFER_ENV_PATH": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [environment(version), __file__, "--inside", "--repeat", str(chosen.repeat)]
        limit = 600 + chosen.repeat * 1200
        try:
            subprocess.run(command, check=True, env=settings, timeout=limit)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            print(f"  failed: {error}", flush=True)
            failed.append(version)
    if failed:
        sys.exit(f"failed under ipykernel {', '.join(failed)}")
    print(f"all well under ipykernel {', '.join(chosen.versions)}")


if __name__ == "__main__":
    main()
