# SPDX-License-Identifier: Apache-2.0
"""uWebSockets with its own publish and subscribe. It is in no distribution, so it takes part only where the environment
variable NATTER_BENCH_UWEBSOCKETS names a checkout (with its uSockets in it); it is built out of that tree, as its own
makefile does."""
import os

from lib.place import PEERS, Missing, build, need_program, output_of
from lib.place import port_address as address  # noqa: F401 (a server's part)

IS_RAW = True
HAS_ROOMS = True
HAS_COMPRESSION = True
ORDER = 3
SOURCE = os.path.join(PEERS, 'uwebsockets.cpp')


def checkout():
    path = os.environ.get('NATTER_BENCH_UWEBSOCKETS')
    if not path:
        raise Missing('NATTER_BENCH_UWEBSOCKETS does not name a checkout of uWebSockets')
    if not os.path.exists(os.path.join(path, 'src', 'App.h')) \
            or not os.path.exists(os.path.join(path, 'uSockets', 'src', 'libusockets.h')):
        raise Missing(f'{path} has no src/App.h or no uSockets/src/libusockets.h: check it out with its submodules')
    return path


def c_sources(path):
    folders = ('src', 'src/eventing', 'src/crypto')
    for folder in (os.path.join(path, 'uSockets', name) for name in folders):
        yield from (os.path.join(folder, name) for name in sorted(os.listdir(folder)) if name.endswith('.c'))


def prepare(place):
    path = checkout()
    includes = [f'-I{os.path.join(path, "uSockets", "src")}', f'-I{os.path.join(path, "src")}']
    objects = []
    for source in c_sources(path):
        target = os.path.join(place.build, 'bench', 'uSockets', os.path.basename(source) + '.o')
        objects.append(build(target, [source], [need_program('gcc', 'gcc'), '-std=c11', '-O3', '-march=native', '-flto',
                                                '-DLIBUS_NO_SSL', *includes, '-c', source, '-o', target]))
    build(place.program('uwebsockets'), [SOURCE, *objects],
          [need_program('g++', 'g++'), '-std=c++2b', '-O3', '-march=native', '-flto=auto', '-DLIBUS_NO_SSL', *includes,
           SOURCE, *objects, '-lz', '-o', place.program('uwebsockets')])


def version(_):
    path = checkout()
    if os.path.exists(os.path.join(path, 'COMMIT')):
        with open(os.path.join(path, 'COMMIT'), encoding='utf-8') as file:
            return 'uWebSockets ' + file.read().strip()
    return 'uWebSockets ' + output_of('git', '-C', path, 'log', '-1', '--format=%h of %cs')


def command(place):
    return [place.program('uwebsockets')] + (['--compress'] if place.is_compressed else [])
