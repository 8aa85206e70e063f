#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proof that the cases can fail: a server that is right passes all of them, and each fault that it can be given is
found by the cases that are for it. In TAP.

    tests/conformance/test_faults.py             what CI runs: the cases that each fault is expected to be found by
    tests/conformance/test_faults.py --all       all cases against each fault, and a table of what found what
"""
import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import report  # noqa: E402 (found next to this file)
import run_case  # noqa: E402
import tables  # noqa: E402
from broken_echo import FAULTS  # noqa: E402
from run_case import FAILED, PASSED  # noqa: E402
from servers import Echo  # noqa: E402

DOCUMENT = os.path.join(HERE, '..', '..', 'docs', 'reference', 'conformance.md')
SERVER = os.path.join(HERE, 'broken_echo.py')
MESSAGE_MAX = 1 << 17       # Python is slow with large ones
RIGHT_SECONDS_MAX = 30      # for a right answer, on a busy machine
WRONG_SECONDS_MAX = 2       # until an answer that does not come counts as missing: too short finds more, not less
ENOUGH = 1                  # findings, for a fault to be found
SHOWN = 3
AT_ONCE = 6


def verdicts_of(arguments, prefix, seconds_max, enough, known=()):
    """The verdicts of the cases with that prefix, until enough of them are not as they should be (and not known)."""
    server = Echo.start([SERVER], arguments, MESSAGE_MAX)
    verdicts, count = [], 0
    try:
        for case in tables.cases_for(server, prefix):
            verdicts.append(run_case.run(case, server, seconds_max))
            count += verdicts[-1].outcome != PASSED and verdicts[-1].case.id not in known
            if count >= enough:
                break
    finally:
        server.stop()
    return verdicts


def hunt(fault, known, is_all):
    """The cases that find it, out of how many."""
    prefix, enough = ('', sys.maxsize) if is_all else (FAULTS[fault][0], ENOUGH)
    verdicts = verdicts_of(['--fault', fault], prefix, WRONG_SECONDS_MAX, enough, known)
    return fault, [one for one in verdicts if one.outcome != PASSED and one.case.id not in known], len(verdicts)


def print_result(number, is_right, text, details):
    print(f'{"" if is_right else "not "}ok {number} - {text}')
    for detail in details:
        print(f'#   {detail}')
    sys.stdout.flush()
    return is_right


def print_right_server(is_all):
    verdicts = verdicts_of([], '', RIGHT_SECONDS_MAX, 10)
    failed = [f'{one.case.id}: {one.detail}' for one in verdicts if one.outcome == FAILED]
    return print_result(1, not failed, f'without a fault, none of {len(verdicts)} cases fails', failed), \
        {one.case.id for one in verdicts if one.outcome != PASSED}


def print_document():
    """`tests/conformance/run --sections` prints the table that must stand there."""
    with open(DOCUMENT, encoding='utf-8') as file:
        is_there = report.sections_table(tables.all_cases()) in file.read()
    return print_result(2, is_there, 'docs/reference/conformance.md has the number of cases for each section', [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--all', action='store_true', help='all cases against each fault')
    options = parser.parse_args()
    print(f'1..{len(FAULTS) + 2}', flush=True)
    is_fine, always = print_right_server(options.all)
    is_fine &= print_document()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        hunts = pool.map(lambda fault: hunt(fault, always, options.all), FAULTS)
        for number, (fault, found, count) in enumerate(hunts, 3):
            text = f'{fault} is found: it {FAULTS[fault][1]} ({len(found)} of {count} cases)'
            details = [f'{one.case.id}: {one.detail}' for one in found[:SHOWN]]
            is_fine &= print_result(number, bool(found), text, details)
    return 0 if is_fine else 1


if __name__ == '__main__':
    sys.exit(main())
