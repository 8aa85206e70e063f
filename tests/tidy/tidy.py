#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks what a compiler cannot: the size and shape of files and functions, who includes and calls whom.

    tests/tidy/tidy.py [ROOT]       prints file:line: message for each finding, then their number

Leaves with 1 if there is a finding that is not just advice. `--quiet` leaves the advice out.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import rules  # noqa: E402 (found next to this file)


def findings_of(root):
    tree = rules.Tree(root)
    found = [finding for rule in rules.RULES for finding in rule(tree)]
    return sorted(found, key=lambda finding: (finding.is_advice, finding.path, finding.line, finding.message))


def main(arguments):
    is_quiet = '--quiet' in arguments
    roots = [argument for argument in arguments if argument != '--quiet']
    if len(roots) > 1 or any(root.startswith('-') for root in roots):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    here = os.path.dirname(os.path.abspath(__file__))
    found = findings_of(roots[0] if roots else os.path.dirname(os.path.dirname(here)))
    advice_count = sum(finding.is_advice for finding in found)
    for finding in found:
        if not (finding.is_advice and is_quiet):
            print(finding)
    print(f'tidy: {len(found) - advice_count} findings, {advice_count} pieces of advice')
    return 1 if len(found) > advice_count else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
