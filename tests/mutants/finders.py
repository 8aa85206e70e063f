# SPDX-License-Identifier: Apache-2.0
"""What may find a bug: the suites, each asked to stop at the first thing that fails."""
import ast
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ENVIRONMENT = {
    'ASAN_OPTIONS': 'detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1',
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
    'CMOCKA_MESSAGE_OUTPUT': 'TAP',
}
NOT_OK = re.compile(r'^not ok\b[ \t]*\d*[ \t]*-?[ \t]*(.*)$')
# What a program says when it ends itself, the most telling first.
LAST_WORDS = [
    re.compile(r'^seed \d+: broken after +[\d.]+ *s: (.*)$', re.MULTILINE),
    re.compile(r'^\S*?((?:src|tests)/\S+: this must hold and does not: .*)$', re.MULTILINE),
    re.compile(r'^SUMMARY: (\w+: [\w-]+).*? in (\w+)', re.MULTILINE),
    re.compile(r'^\S*?(src/\S+ runtime error: .*)$', re.MULTILINE),
    re.compile(r'ERROR: (libFuzzer: .*)$', re.MULTILINE),
]


@dataclass
class Verdict:
    """`found` is the name of what failed, or None. `seeds` is of the simulator only."""
    suite: str
    seconds: float
    found: str | None = None
    seeds: int = 0


@dataclass
class Finder:
    suite: str
    variant: str
    targets: list
    commands: list
    seconds_max: int
    plain: list = None


def last_words(text):
    for pattern in LAST_WORDS:
        match = pattern.search(text)
        if match:
            return ' in '.join(group for group in match.groups() if group)
    return None


def end_group(process):
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_until_not_ok(command, seconds_max, is_excused=lambda name: False):
    """Output, name of the first failed test if one was named, and exit status: None if it had to be ended for time."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **ENVIRONMENT}, text=True, errors='replace',
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True)
    is_late = threading.Event()

    def give_up():
        is_late.set()
        end_group(process)

    timer = threading.Timer(seconds_max, give_up)
    timer.start()
    lines, failed = [], None
    try:
        for line in process.stdout:
            lines.append(line)
            match = NOT_OK.match(line)
            if match and not re.search(r'# *(skip|todo)', line, re.IGNORECASE) \
                    and not is_excused(match.group(1).strip()):
                failed = match.group(1).strip()
                break
        if failed is not None:
            end_group(process)
        process.stdout.close()
        status = process.wait()
    finally:
        timer.cancel()
        end_group(process)        # whatever it left behind, also where somebody interrupts
    return ''.join(lines), failed, None if is_late.is_set() else status


def judge(text, failed, status, seconds_max):
    """The name of what failed, or None."""
    if failed is not None:
        return failed
    if status == 0:
        return None
    said = last_words(text)
    if status is None:
        return f'no end within {seconds_max} s'
    return said or (f'signal {-status}' if status < 0 else f'exit status {status}')


def run(finder):
    """With a `plain` command, a test that it fails as well, without the bug, finds nothing."""
    started = time.monotonic()
    excused = []

    def is_excused(name):
        if not finder.plain or not run_until_not_ok([*finder.plain, name], finder.seconds_max)[1]:
            return False
        print(f'  fails without the bug as well: {name}', flush=True)
        excused.append(name)
        return True

    for command in finder.commands:
        text, failed, status = run_until_not_ok(command, finder.seconds_max, is_excused)
        found = judge(text, failed, 0 if excused and status == 1 else status, finder.seconds_max)
        if found:
            return Verdict(finder.suite, time.monotonic() - started, found)
    return Verdict(finder.suite, time.monotonic() - started)


def failing_seed(command, first, seconds):
    """The first seed from `first` on that fails and what it says, or None twice; and how many were run."""
    text, _, status = run_until_not_ok(command + ['--first', str(first), '--seconds', str(seconds)], seconds + 60)
    failed = re.search(r'^FAILED seed (\d+) \((.*?)\)', text, re.MULTILINE)
    if failed:
        seed = int(failed.group(1))
        is_hanging = failed.group(2) == f'signal {int(signal.SIGALRM)}'
        return seed, last_words(text) or ('it hangs' if is_hanging else failed.group(2)), seed - first + 1
    counts = re.findall(r'(\d+) seeds(?:,| passed)', text)
    if status != 0 or not counts:
        raise RuntimeError(f'the simulator did not run: {text[-400:]}')
    return None, None, int(counts[-1])


def fails_anyway(plain, seed, why):
    """In the program without the bug, too: then the tree has a bug of its own. That two runs of a seed differ may be so
    by chance, so it never counts."""
    if 'the second run of this seed' in why:
        return True
    return run_until_not_ok([plain, '--seed', str(seed)], 60)[2] != 0


def run_simulator(finder, plain=None):
    """Fresh seeds, as many as there is time for. What fails without the bug as well does not count."""
    next_seed, seeds = secrets.randbelow(1 << 40), 0
    started = time.monotonic()
    while (left := finder.seconds_max - (time.monotonic() - started)) >= 1:
        seed, why, count = failing_seed(finder.commands[0], next_seed, int(left))
        seeds += count
        if seed is None:
            break
        if plain is None or not fails_anyway(plain, seed, why):
            return Verdict(finder.suite, time.monotonic() - started, f'seed {seed}: {why}', seeds)
        print(f'  seed {seed} fails without the bug as well: {why}', flush=True)
        next_seed = seed + 1
    return Verdict(finder.suite, time.monotonic() - started, None, seeds)


def fuzz_targets(floors):
    """The table in tests/fuzz/meson.build says which target is linked with which floor."""
    with open(os.path.join(ROOT, 'tests', 'fuzz', 'meson.build'), encoding='utf-8') as file:
        table = ast.literal_eval(re.search(r'fuzz_targets = (\{.*?\n\})', file.read(), re.DOTALL).group(1))
    return [name for floor in floors for name in table.get(floor, [])]


def inputs_of(target):
    folders = [os.path.join(ROOT, 'tests', 'fuzz', kind, target) for kind in ('corpus', 'found')]
    return [folder for folder in folders if os.path.isdir(folder)]


def cheap_finders(floors, folder_of):
    """Unit tests of the floors that were touched, and the kept inputs of their fuzz targets."""
    asan = folder_of('asan')
    units = [f'tests/test_{floor}' for floor in floors]
    yield Finder('unit', 'asan', units, [[os.path.join(asan, unit)] for unit in units], 240)
    replays = [(f'tests/fuzz/replay_{name}', inputs_of(name)) for name in fuzz_targets(floors)]
    if replays:
        yield Finder('kept fuzz inputs', 'asan', [program for program, _ in replays],
                     [[os.path.join(asan, program), *inputs] for program, inputs in replays], 120)


def simulator(folder_of, seconds):
    program = 'tests/sim/natter_sim'
    command = [os.path.join(folder_of('release'), program), '--jobs', '1']
    return Finder('simulator', 'release', [program], [command], seconds)


def dear_finders(floors, folder_of, scratch, plain):
    """Suites over real sockets, and some seconds of fuzzing: asked only where nothing else has found it."""
    release, fuzz = folder_of('release'), folder_of('fuzz')
    echo, natter = os.path.join(release, 'tests/conformance/echo_server'), os.path.join(release, 'natter')
    yield Finder('conformance', 'release', ['tests/conformance/echo_server', 'natter'],
                 [[sys.executable, 'tests/conformance/run', '--echo', echo, '--natter', natter, '--strict']], 300)
    yield Finder('e2e', 'release', ['natter'], [['tests/e2e/run', '--natter', natter]], 600,
                 plain and ['tests/e2e/run', '--natter', plain, '--only'])
    programs = [(f'tests/fuzz/fuzz_{name}', name) for name in fuzz_targets(floors)]
    if programs:
        yield Finder('fuzzing', 'fuzz', [program for program, _ in programs],
                     [[os.path.join(fuzz, program), '-max_total_time=5', '-timeout=10', '-rss_limit_mb=2048',
                       f'-artifact_prefix={scratch}/', os.path.join(scratch, name), *inputs_of(name)]
                      for program, name in programs], 60)
