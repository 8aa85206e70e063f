# SPDX-License-Identifier: Apache-2.0
"""Where a server is run and what it shall be; and helpers for the files in bench/servers/."""
import os
import shutil
import socket
import subprocess
from dataclasses import dataclass

BENCH = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PEERS = os.path.join(BENCH, 'peers')


class Missing(Exception):
    """The server cannot be run here, for the reason given."""


@dataclass(frozen=True)
class Place:
    build: str
    folder: str = ''             # empty, for the server's data; made by whoever needs it
    rooms: int = 1
    is_compressed: bool = False

    def program(self, name):
        return os.path.join(self.build, 'bench', name)


def data_root(build):
    """The database belongs on a real disk: in memory, where /tmp may be, a commit would cost nothing."""
    return os.environ.get('NATTER_BENCH_DATA') or build


def need_program(name, package):
    path = shutil.which(name)
    if not path:
        raise Missing(f'there is no {name}: install {package} (tools/setup --bench)')
    return path


def need_file(path, package):
    if not os.path.exists(path):
        raise Missing(f'there is no {path}: install {package} (tools/setup --bench)')
    return path


def build(target, sources, command, environment=None, folder=None):
    """Makes the target with the command unless it is newer than its sources."""
    if os.path.exists(target) and all(os.path.getmtime(target) >= os.path.getmtime(source) for source in sources):
        return target
    os.makedirs(os.path.dirname(target), exist_ok=True)
    done = subprocess.run(command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f'its program does not build: {" ".join(command)}\n{done.stdout[-2000:]}')
    return target


def package_version(package):
    done = subprocess.run(['dpkg-query', '-W', '-f', '${Version}', package], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip()


def output_of(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False).stdout.strip()


def free_port():
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def port_address(output):
    """Of servers that print their port as their first line."""
    line, end, _ = output.partition('\n')
    return f'ws://127.0.0.1:{line.strip()}/' if end and line.strip().isdigit() else None


def as_other_user(user, command):
    """For programs that refuse to run as root."""
    return ['setpriv', f'--reuid={user}', f'--regid={user}', '--init-groups'] + command if os.geteuid() == 0 \
        else command
