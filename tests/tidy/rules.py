# SPDX-License-Identifier: Apache-2.0
"""The rules. Each takes a Tree and yields findings; a finding that is advice does not fail the run."""
import os
import re
from dataclasses import dataclass

import limits
from c_source import CSource

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', re.MULTILINE)
CONDITIONAL = re.compile(r'^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b')
CALL = re.compile(r'(?<![\w.>])([A-Za-z_]\w*)[ \t]*\(')
UNFINISHED = re.compile(r'\b(TO' r'DO|FIX' r'ME|XX' r'X)\b')
SPDX = 'SPDX-License-Identifier: Apache-2.0'


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    message: str
    is_advice: bool = False

    def __str__(self):
        return f'{self.path}:{self.line}: {"advice: " if self.is_advice else ""}{self.message}'


class Tree:
    """The files under a root, read once. Paths are relative to it."""

    def __init__(self, root):
        self.root = root
        self.texts = {}
        for folder in limits.FOLDERS:
            for where, folders, files in os.walk(os.path.join(root, folder)):
                folders[:] = sorted(name for name in folders if is_ours(name))
                for name in sorted(files):
                    self.read(os.path.relpath(os.path.join(where, name), root))
        for name in ('meson.build', 'meson_options.txt', 'Makefile'):
            self.read(name)
        self.c_sources = {path: CSource(text) for path, text in self.texts.items()
                          if path.endswith(limits.C_ENDINGS)}

    def read(self, path):
        full = os.path.join(self.root, path)
        if not os.path.isfile(full) or os.path.islink(full):
            return
        with open(full, 'rb') as file:
            content = file.read()
        if path.endswith(limits.CODE_ENDINGS) or os.path.basename(path) in ('Makefile', 'meson_options.txt') \
                or content.startswith(b'#!'):
            self.texts[path] = content.decode('utf-8', 'replace')

    def in_floors(self):
        """Triples of floor, path and source for everything in src/<floor>/."""
        for path, source in self.c_sources.items():
            parts = path.split('/')
            if parts[0] == 'src' and len(parts) > 2:
                yield parts[1], path, source


def is_ours(name):
    return name not in limits.NOT_OURS and not name.startswith('.run-')


def rule_lines(tree):
    for path, text in tree.texts.items():
        for number, line in enumerate(text.split('\n'), 1):
            if len(line) > limits.LINE_COLUMNS_MAX:
                yield Finding(path, number, f'line of {len(line)} columns; at most {limits.LINE_COLUMNS_MAX}')
            if '\t' in line and os.path.basename(path) != 'Makefile':
                yield Finding(path, number, 'a tab; indent with 4 spaces')
            if line != line.rstrip():
                yield Finding(path, number, 'blanks at the end of the line')
            if UNFINISHED.search(line):
                yield Finding(path, number, 'unfinished: do it, or leave it out')


def rule_licence(tree):
    for path, text in tree.texts.items():
        if SPDX not in '\n'.join(text.split('\n')[:3]):
            yield Finding(path, 1, f'its first lines lack "{SPDX}"')


def rule_file_length(tree):
    for path, text in tree.texts.items():
        lines = text.count('\n')
        if lines > limits.FILE_LINES_MAX:
            yield Finding(path, 1, f'file of {lines} lines; at most {limits.FILE_LINES_MAX}')
        elif lines > limits.FILE_LINES_WANTED:
            yield Finding(path, 1, f'file of {lines} lines; {limits.FILE_LINES_WANTED} wanted', True)
        elif path.endswith('.h') and lines > limits.HEADER_LINES_WANTED:
            yield Finding(path, 1, f'header of {lines} lines; {limits.HEADER_LINES_WANTED} wanted', True)


def rule_function_length(tree):
    for path, source in tree.c_sources.items():
        for function in source.functions:
            text = f'{function.name} has {function.lines} lines'
            if function.lines > limits.FUNCTION_LINES_MAX:
                yield Finding(path, function.first_line, f'{text}; at most {limits.FUNCTION_LINES_MAX}')
            elif function.lines > limits.FUNCTION_LINES_WANTED:
                yield Finding(path, function.first_line, f'{text}; {limits.FUNCTION_LINES_WANTED} wanted', True)


def rule_nesting(tree):
    for path, source in tree.c_sources.items():
        for function in source.functions:
            if function.nesting > limits.NESTING_MAX:
                yield Finding(path, function.nesting_line,
                              f'{function.name} nests {function.nesting} deep; at most {limits.NESTING_MAX}')


def rule_conditionals(tree):
    """A function reads the same for everybody; what differs between systems is a file of its own."""
    for path, source in tree.c_sources.items():
        lines = source.plain.split('\n')
        for function in source.functions:
            for number in range(function.first_line, function.last_line + 1):
                if CONDITIONAL.match(lines[number - 1]):
                    yield Finding(path, number, f'preprocessor condition inside {function.name}')


def rule_typedefs(tree):
    for path, source in tree.c_sources.items():
        for number, line in enumerate(source.code.split('\n'), 1):
            if re.match(r'\s*typedef\s+(struct|union)\b', line):
                yield Finding(path, number, 'typedef of a struct; say `struct` where it is used')


def calls_in(source):
    for number, line in enumerate(source.plain.split('\n'), 1):
        for match in CALL.finditer(line):
            yield number, match.group(1)


def rule_banned_calls(tree):
    for path, source in tree.c_sources.items():
        for number, name in calls_in(source):
            if name in limits.BANNED_CALLS:
                yield Finding(path, number, f'{name}() is banned: {limits.BANNED_CALLS[name]}')


def rule_system_calls(tree):
    for floor, path, source in tree.in_floors():
        allowed = limits.SYSTEM_CALL_EXCEPTIONS.get(path, ((), ''))[0]
        for number, name in calls_in(source):
            if floor != 'os' and name in limits.SYSTEM_CALLS and name not in allowed:
                yield Finding(path, number, f'{name}() outside src/os/')


def rule_exceptions_are_needed(tree):
    """An exception that nothing uses any longer would let the next one in unseen."""
    for path, (allowed, _) in limits.SYSTEM_CALL_EXCEPTIONS.items():
        used = {name for _, name in calls_in(tree.c_sources[path])} if path in tree.c_sources else set()
        for name in sorted(set(allowed) - used):
            yield Finding(path, 1, f'tests/tidy/limits.py lets it call {name}(), which it does not')
    for path in [*limits.UNTESTED, *limits.TESTED_BY]:
        if not any(known.startswith(path) for known in tree.c_sources):
            yield Finding(path, 1, 'tests/tidy/limits.py excuses it from tests of its own, but it is not there')


def line_of(text, offset):
    return text.count('\n', 0, offset) + 1


def rule_includes(tree):
    for floor, path, source in tree.in_floors():
        if floor not in limits.FLOORS:
            yield Finding(path, 1, f'src/{floor}/ is no floor of the house')
            continue
        for match in INCLUDE.finditer(source.text):
            line = line_of(source.text, match.start())
            target = match.group(1).split('/')[0]
            if 'src/' + match.group(1) not in tree.c_sources:
                yield Finding(path, line, f'"{match.group(1)}" is not in src/; write "floor/file.h"')
            elif target != floor and target not in limits.FLOORS[floor]:
                yield Finding(path, line, f'{floor} includes {target}, which is not below it')


def rule_own_header_first(tree):
    """Or the header of the module that it is a part of, NAME_inside.h."""
    for floor, path, source in tree.in_floors():
        header = path[4:-2] + '.h'
        match = INCLUDE.search(source.text)
        if path.endswith('.c') and 'src/' + header in tree.c_sources:
            first = match.group(1) if match else ''
            if first != header and not re.fullmatch(rf'{floor}/\w+_inside\.h', first):
                yield Finding(path, line_of(source.text, match.start()) if match else 1,
                              f'"{header}" is not its first include')


def rule_tests(tree):
    """Each source has its tests, and each test is called."""
    for floor, path, _ in tree.in_floors():
        name = os.path.basename(path)
        if path.endswith('.c') and not any(path.startswith(excused) for excused in limits.UNTESTED):
            test = limits.TESTED_BY.get(path, f'tests/unit/{floor}/test_{name}')
            if test not in tree.c_sources:
                yield Finding(path, 1, f'has no {test}')
    for path in tree.c_sources:
        match = re.fullmatch(r'(tests/unit/\w+)/(test_\w+)\.c', path)
        if match:
            caller = tree.c_sources.get(match.group(1) + '/main.c')
            if not caller or not re.search(rf'\b{match.group(2)}\b', caller.code):
                yield Finding(path, 1, f'{match.group(1)}/main.c does not call {match.group(2)}')


def rule_lists(tree):
    """Each source is compiled: meson.build names it."""
    for path in tree.c_sources:
        match = re.fullmatch(r'((?:src|tests/unit)/\w+)/(\w+\.c)', path)
        if match:
            listing = match.group(1) + '/meson.build'
            if f"'{match.group(2)}'" not in tree.texts.get(listing, ''):
                yield Finding(path, 1, f'{listing} does not list it')


def rule_floor_table(tree):
    """What the linker holds and what tidy holds is the same."""
    path = 'src/meson.build'
    text = tree.texts.get(path, '')
    table = re.search(r'^floors = \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"'(\w+)': \[(.*)\],", table.group(1)) if table else []
    floors = {floor: re.findall(r"'(\w+)'", below) for floor, below in rows}
    for floor in sorted(set(floors) | set(limits.FLOORS)):
        if sorted(floors.get(floor, ['?'])) != sorted(limits.FLOORS.get(floor, ['?'])):
            yield Finding(path, 1, f'its row for {floor} is not that of tests/tidy/limits.py')


def rule_checks(tree):
    for wanted, least in limits.CHECKS_PER_FUNCTION_MIN.items():
        functions = [function for floor, path, source in tree.in_floors() if floor == wanted and path.endswith('.c')
                     for function in source.functions]
        if not functions:
            continue
        average = sum(function.check_count for function in functions) / len(functions)
        text = f'{average:.2f} checks per function on average'
        if average < least:
            yield Finding(f'src/{wanted}', 1, f'{text}; at least {least:.2f}')
        elif average < limits.CHECKS_PER_FUNCTION_WANTED:
            yield Finding(f'src/{wanted}', 1, f'{text}; {limits.CHECKS_PER_FUNCTION_WANTED:.2f} wanted', True)


def rule_architecture(tree):
    """Each row `thread | file | call | what happens` of the first table names a function that is there."""
    path = 'ARCHITECTURE.md'
    full = os.path.join(tree.root, path)
    if not os.path.isfile(full):
        yield Finding(path, 1, 'is missing: it opens with the way of a message')
        return
    with open(full, encoding='utf-8') as file:
        lines = file.read().split('\n')
    rows = first_table(lines)
    if [cell.lower() for cell in rows[0][1][:3]] != ['thread', 'file', 'call'] if rows else True:
        yield Finding(path, rows[0][0] if rows else 1, 'its first table is not "thread | file | call | what happens"')
        return
    for number, cells in rows[2:]:
        file_name, call = cells[1].strip('`'), cells[2].strip('`').removesuffix('()')
        stem = 'src/' + re.sub(r'\.[ch]$', '', file_name.removeprefix('src/'))
        sources = [tree.c_sources[stem + ending] for ending in ('.c', '.h') if stem + ending in tree.c_sources]
        if not sources:
            yield Finding(path, number, f'{stem}.c is not there')
        elif not any(function.name == call for source in sources for function in source.functions):
            yield Finding(path, number, f'{stem}.c has no function {call}')


def first_table(lines):
    rows = []
    for number, line in enumerate(lines, 1):
        if line.startswith('|'):
            rows.append((number, [cell.strip() for cell in line.strip().strip('|').split('|')]))
        elif rows:
            break
    return rows


RULES = [rule for name, rule in list(globals().items()) if name.startswith('rule_')]
