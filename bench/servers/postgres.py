# SPDX-License-Identifier: Apache-2.0
"""PostgreSQL: one INSERT a transaction, pipelined, synchronous_commit on. Nobody reads, and no key is looked up: less
than natter does."""
import glob
import os
import shutil
import signal
import subprocess

from lib.log import run_log_load
from lib.place import Missing, as_other_user, data_root, free_port, output_of

ORDER = 11
END_SIGNAL = signal.SIGINT       # ends without waiting for clients
SHARED_BUFFERS = '256MB'


def programs():
    found = sorted(glob.glob('/usr/lib/postgresql/*/bin/postgres'), reverse=True)
    if not found:
        raise Missing('there is no postgres: install postgresql (tools/setup --bench)')
    return os.path.dirname(found[0])


def prepare(place):
    programs()
    root = data_root(place.build)
    if subprocess.run(as_other_user('postgres', ['test', '-x', root]), check=False).returncode != 0:
        raise Missing(f'it refuses to run as root, and its user cannot enter {root}: name another folder of the same '
                      'disk in NATTER_BENCH_DATA')
    if b'no libpq' in subprocess.run([place.program('log_load'), 'postgres', ''], stdout=subprocess.DEVNULL,
                                     stderr=subprocess.PIPE, check=False).stderr:
        raise Missing('the load program was built without libpq: install libpq-dev (tools/setup --bench), build anew')


def version(_):
    return output_of(os.path.join(programs(), 'postgres'), '--version')


def command(place):
    os.makedirs(place.folder)
    if os.geteuid() == 0:
        shutil.chown(place.folder, 'postgres', 'postgres')
    done = subprocess.run(as_other_user('postgres', [
        os.path.join(programs(), 'initdb'), '-D', place.folder, '-U', 'bench', '-A', 'trust', '-E', 'UTF8',
        '--no-locale', '--no-sync']), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, cwd='/')
    if done.returncode != 0:
        raise SystemExit(f'bench/run: initdb: {done.stdout}')
    port = free_port()
    return ['sh', '-c', 'echo "$1"; shift; exec "$@"', 'postgres', str(port)] + as_other_user('postgres', [
        os.path.join(programs(), 'postgres'), '-D', place.folder, '-p', str(port), '-h', '127.0.0.1',
        '-k', place.folder, '-c', 'max_connections=100', '-c', 'synchronous_commit=on', '-c', 'fsync=on',
        '-c', f'shared_buffers={SHARED_BUFFERS}', '-c', 'max_wal_size=4GB'])


def address(output):
    line, end, _ = output.partition('\n')
    return f'host=127.0.0.1 port={line} user=bench dbname=postgres' if end else None


def ready(url):
    port = url.split('port=')[1].split()[0]
    return subprocess.run([os.path.join(programs(), 'pg_isready'), '-q', '-h', '127.0.0.1', '-p', port],
                          check=False).returncode == 0


def load(server, pin, arguments):
    return run_log_load(server, pin, arguments, 'postgres')
