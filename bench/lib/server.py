# SPDX-License-Identifier: Apache-2.0
"""The servers of bench/servers/, and one of them running.

A file there has IS_RAW (a plain broadcaster; False: it speaks natter's protocol; left out: `natter bench` does not load
it), ORDER (its place in tables), command(place) and address(output) (its address, found in what it printed so far, or
None). It may have prepare(place) (builds what is missing; raises Missing), version(place), LOAD (more arguments for
`natter bench`), HAS_ROOMS, HAS_COMPRESSION, metrics(output) (where its counters are), END_SIGNAL, and
load(place, server, seconds) where it brings a load program of its own.
"""
import importlib
import os
import signal
import subprocess
import tempfile
import time

from lib.place import BENCH, Missing

START_SECONDS_MAX = 20
END_SECONDS_MAX = 15


def load_servers():
    names = [name[:-3] for name in os.listdir(os.path.join(BENCH, 'servers')) if name.endswith('.py')]
    modules = {name: importlib.import_module(f'servers.{name}') for name in names if name != '__init__'}
    return dict(sorted(modules.items(), key=lambda pair: pair[1].ORDER))


def prepare(module, place):
    """None, or why the server cannot take part."""
    try:
        if hasattr(module, 'prepare'):
            module.prepare(place)
        return None
    except Missing as missing:
        return str(missing)


def pinned(core, command):
    return command if core is None else ['taskset', '-c', str(core)] + command


def cpu_seconds(pid):
    """Of a process, its children that ended, and those that live."""
    total = 0.0
    tick = os.sysconf('SC_CLK_TCK')
    try:
        with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
            fields = file.read().rpartition(')')[2].split()
        total = sum(int(field) for field in fields[11:15]) / tick
        with open(f'/proc/{pid}/task/{pid}/children', encoding='utf-8') as file:
            children = file.read().split()
    except (OSError, IndexError):
        return total
    return total + sum(cpu_seconds(child) for child in children)


def plain_environment():
    """Without what natter would take for settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith('NATTER_')}


class Server:
    """A running server; ends with the `with` block whatever happens in it."""

    def __init__(self, name, module, place, core, data_root):
        self.name = name
        self.module = module
        self.folder = tempfile.TemporaryDirectory(prefix='bench-', dir=data_root)
        os.chmod(self.folder.name, 0o755)
        self.output = os.path.join(self.folder.name, 'output')
        self.place = place(os.path.join(self.folder.name, 'data'))
        command = module.command(self.place)
        with open(self.output, 'wb') as file:
            self.process = subprocess.Popen(pinned(core, command), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                            env=plain_environment())

    def __enter__(self):
        try:
            self.url = self.wait_for_address()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def wait_for_address(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            url = self.module.address(self.text())
            if url and self.answers(url):
                return url
            time.sleep(0.02)
        raise SystemExit(f'bench/run: {self.name} did not start; it printed:\n{self.text()}')

    def answers(self, url):
        """Some print their port before they listen; they say so with READY."""
        return not hasattr(self.module, 'ready') or self.module.ready(url)

    def text(self):
        with open(self.output, encoding='utf-8', errors='replace') as file:
            return file.read()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(getattr(self.module, 'END_SIGNAL', signal.SIGTERM))
            try:
                self.process.wait(END_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.folder.cleanup()
