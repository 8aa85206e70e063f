# SPDX-License-Identifier: Apache-2.0
"""docs/reference/mutants.md, from what was found."""

HEAD = '''# Planted bugs

Made by `make mutants`; do not edit it by hand.

Can natter's tests fail? `tests/mutants/` has {count} small patches, each a bug that such servers had. `make mutants`
plants them one at a time in a copy of the tree and asks the suites in the order of their speed, up to the first that
fails: the unit tests of the floor that was touched, kept fuzz inputs, the simulator, conformance, the end-to-end tests,
some seconds of fuzzing. What fails without the bug as well does not count. **{found} of {count} are found.**

Seconds are those of the tests that ran up to the first failure, builds not counted, on whatever machine ran this last,
which may have been busy. The simulator knows no test by name: it draws faults and checks the promises. So it is asked
alone as well, for at most {seconds} s of fresh seeds in one process; `make sim` goes on for longer.

| | the bug | breaks | found by | after | the simulator alone |
| --- | --- | --- | --- | --- | --- |
'''

TAIL = '''
Found by which suite first: {first}. By the simulator alone: {simulator} of {count}{not_simulator}.

## Where such bugs were seen

'''

WORDS_MAX = 140


def cell(text):
    text = ' '.join(text.split())
    if len(text) > WORDS_MAX:
        text = text[:WORDS_MAX].rstrip() + ' …'
    return text.replace('|', '\\|')


def first_found(verdicts):
    return next((verdict for verdict in verdicts if verdict.found), None)


def simulator_of(verdicts):
    return next(verdict for verdict in verdicts if verdict.suite == 'simulator')


def found_cells(verdicts):
    found = first_found(verdicts)
    if not found:
        return '**nothing**', f'{sum(verdict.seconds for verdict in verdicts):.0f} s'
    before = verdicts[:verdicts.index(found) + 1]
    words = found.found if ' ' in found.found else f'`{found.found}`'
    return f'{found.suite}: {cell(words)}', f'{sum(verdict.seconds for verdict in before):.1f} s'


def simulator_cell(verdicts):
    verdict = simulator_of(verdicts)
    if not verdict.found:
        return f'not in {verdict.seeds} seeds'
    return f'seed {verdict.seeds}, {verdict.seconds:.1f} s: {cell(verdict.found.partition(": ")[2])}'


def row(mutant, verdicts):
    found, seconds = found_cells(verdicts)
    number, _, name = mutant.name.partition('-')
    return f'| {number} | **{name.replace("-", " ")}**: {cell(mutant.bug)} | {mutant.promise} | {found} | {seconds} ' \
           f'| {simulator_cell(verdicts)} |\n'


def tail(shown):
    suites = [found.suite for found in (first_found(verdicts) for _, verdicts in shown) if found]
    counts = ', '.join(f'{suite} {suites.count(suite)}' for suite in dict.fromkeys(sorted(suites, key=suites.index)))
    missed = [mutant.name.partition('-')[0] for mutant, verdicts in shown if not simulator_of(verdicts).found]
    return TAIL.format(first=counts, count=len(shown), simulator=len(shown) - len(missed),
                       not_simulator=f' (all but {", ".join(missed)})' if missed else '')


def write(path, shown, seconds):
    found = sum(first_found(verdicts) is not None for _, verdicts in shown)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(HEAD.format(count=len(shown), found=found, seconds=seconds))
        file.writelines(row(mutant, verdicts) for mutant, verdicts in shown)
        file.write(tail(shown))
        file.writelines(f'- {mutant.name.partition("-")[0]}: {mutant.seen}\n' for mutant, _ in shown)
