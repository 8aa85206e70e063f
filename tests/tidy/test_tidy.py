#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each rule of tidy finds what it is for, and is silent about its neighbour that is right. Prints TAP.

A case is a small tree: files by path.
"""
import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import c_source  # noqa: E402
import limits  # noqa: E402
import rules  # noqa: E402

UNFINISHED = 'TO' 'DO'
ARCHITECTURE = '| thread | file | call | what happens |\n| --- | --- | --- | --- |\n| shard | {} | `{}` | it sends |\n'


def body(lines):
    return 'void f(void)\n{\n' + '    g();\n' * (lines - 3) + '}\n'


def nest(depth):
    return 'void f(void)\n{\n' + 'if (a)\n' * depth + 'g();\n}\n'


def floor_table(changes):
    rows = {**limits.FLOORS, **changes}
    return 'floors = {\n' + ''.join(f"    '{floor}': {below},\n" for floor, below in rows.items()) + '}\n'


# Name, rule, files, and what the finding must hold (None: there must be none; 'advice': advice and nothing else).
CASES = [
    ('a line of 121 columns is refused', rules.rule_lines, {'src/os/a.c': 'x' * 121}, '121 columns'),
    ('a line of 120 columns is fine', rules.rule_lines, {'src/os/a.c': 'x' * 120}, None),
    ('a tab is refused', rules.rule_lines, {'src/os/a.c': '\tint x;'}, 'tab'),
    ('a Makefile may hold tabs', rules.rule_lines, {'Makefile': 'all:\n\ttrue\n'}, None),
    ('blanks at the end of a line are refused', rules.rule_lines, {'src/os/a.c': 'int x; '}, 'blanks'),
    ('unfinished work is refused', rules.rule_lines, {'src/os/a.c': f'/* {UNFINISHED} */'}, 'unfinished'),
    ('unfinished work is refused in scripts', rules.rule_lines,
      {'tools/a': f'#!/bin/sh\n# {UNFINISHED}'}, 'unfinished'),
    ('a file without licence line is refused', rules.rule_licence, {'web/a.ts': 'let a;\n'}, 'SPDX'),
    ('a licence line after the interpreter is fine', rules.rule_licence,
     {'tools/a': f'#!/bin/sh\n# {rules.SPDX}\n'}, None),
    ('a file of 701 lines is refused', rules.rule_file_length, {'src/os/a.c': '\n' * 701}, '701 lines'),
    ('a file of 401 lines is advised against', rules.rule_file_length, {'src/os/a.c': '\n' * 401}, 'advice'),
    ('a header of 151 lines is advised against', rules.rule_file_length, {'src/os/a.h': '\n' * 151}, 'advice'),
    ('a file of 400 lines is fine', rules.rule_file_length, {'src/os/a.c': '\n' * 400}, None),
    ('a function of 81 lines is refused', rules.rule_function_length, {'src/os/a.c': body(81)}, '81 lines'),
    ('a function of 61 lines is advised against', rules.rule_function_length, {'src/os/a.c': body(61)}, 'advice'),
    ('a function of 60 lines is fine', rules.rule_function_length, {'src/os/a.c': body(60)}, None),
    ('a table is no function', rules.rule_function_length,
     {'src/os/a.c': 'int f[] = {\n' + '1,\n' * 100 + '};\n'}, None),
    ('nesting 5 deep is refused', rules.rule_nesting, {'src/os/a.c': nest(5)}, 'nests 5'),
    ('nesting 4 deep is fine', rules.rule_nesting, {'src/os/a.c': nest(4)}, None),
    ('braces do not hide nesting', rules.rule_nesting,
     {'src/os/a.c': 'void f(void)\n{\nfor (;;) { while (a) { do { switch (b) { case 1: if (c) { g(); } } } while (d); '
                    '} }\n}\n'}, 'nests 5'),
    ('a looping macro nests', rules.rule_nesting,
     {'src/os/a.c': 'void f(void)\n{\nfor_each(a, b) { if (a) { if (b) { if (c) if (d) g(); } } }\n}\n'}, 'nests 5'),
    ('a chain of else if does not nest', rules.rule_nesting,
     {'src/os/a.c': 'void f(void)\n{\nif (a) g();\n' + 'else if (b) g();\n' * 9 + 'else g();\n}\n'}, None),
    ('an initialiser does not nest', rules.rule_nesting,
     {'src/os/a.c': 'void f(void)\n{\nint a[] = {{{{{{1}}}}}};\nreturn g((struct x){.y = {{{1}}}});\n}\n'}, None),
    ('a condition inside a function is refused', rules.rule_conditionals,
     {'src/os/a.c': 'void f(void)\n{\n#ifdef A\n g();\n#endif\n}\n'}, 'inside f'),
    ('a condition around a function is fine', rules.rule_conditionals,
     {'src/os/a.c': '#ifdef A\nvoid f(void)\n{\n}\n#endif\n'}, None),
    ('a table macro inside a function is fine', rules.rule_conditionals,
     {'src/os/a.c': 'void f(void)\n{\n#define X(a) a,\n g(LIST(X));\n#undef X\n}\n'}, None),
    ('a typedef of a struct is refused', rules.rule_typedefs, {'src/os/a.h': 'typedef struct a a;\n'}, 'typedef'),
    ('a typedef of a function is fine', rules.rule_typedefs, {'src/os/a.h': 'typedef void call(void);\n'}, None),
    ('a banned call is refused', rules.rule_banned_calls,
      {'src/os/a.c': 'void f(void)\n{\nstrcpy(a, b);\n}\n'}, 'strcpy'),
    ('a banned call is refused in tests', rules.rule_banned_calls, {'tests/a.c': 'int a = atoi (b);\n'}, 'atoi'),
    ('a banned name in a comment or string is fine', rules.rule_banned_calls,
     {'src/os/a.c': '/* strcpy() */\n// gets()\nchar *a = "rand() \\" gets()"; // atoi(\n'}, None),
    ('a longer name is not banned', rules.rule_banned_calls, {'src/os/a.c': 'int a = my_rand() + strtok_r();\n'}, None),
    ('a system call outside os is refused', rules.rule_system_calls,
      {'src/net/a.c': 'int a = read(b, c, d);\n'}, 'read'),
    ('a clock outside os is refused', rules.rule_system_calls, {'src/chat/a.c': 'long a = time(0);\n'}, 'time'),
    ('a system call in a macro is refused', rules.rule_system_calls,
      {'src/net/a.h': '#define A(x) close(x)\n'}, 'close'),
    ('a system call in os is fine', rules.rule_system_calls, {'src/os/a.c': 'int a = read(b, c, d);\n'}, None),
    ('a table of functions may hold such names', rules.rule_system_calls,
     {'src/net/a.c': 'int a = b->read(c) + d.send(e) + os_read(f);\n'}, None),
    ('an include of a higher floor is refused', rules.rule_includes,
     {'src/net/a.c': '#include "chat/b.h"\n', 'src/chat/b.h': ''}, 'net includes chat'),
    ('an include of a sibling is refused', rules.rule_includes,
     {'src/net/a.c': '#include "store/b.h"\n', 'src/store/b.h': ''}, 'net includes store'),
    ('wire and os do not know each other', rules.rule_includes,
     {'src/wire/a.h': '#include "os/b.h"\n', 'src/os/b.h': ''}, 'wire includes os'),
    ('an include of a lower floor is fine', rules.rule_includes,
     {'src/chat/a.c': '#include "net/b.h"\n#include "chat/c.h"\n', 'src/net/b.h': '', 'src/chat/c.h': ''}, None),
    ('an include without its floor is refused', rules.rule_includes,
     {'src/net/a.c': '#include "b.h"\n', 'src/net/b.h': ''}, 'not in src/'),
    ('a folder that is no floor is refused', rules.rule_includes, {'src/util/a.c': ''}, 'no floor'),
    ('the own header comes first', rules.rule_own_header_first,
     {'src/net/a.c': '#include "net/b.h"\n#include "net/a.h"\n', 'src/net/a.h': '', 'src/net/b.h': ''},
      'first include'),
    ('the own header first is fine', rules.rule_own_header_first,
     {'src/net/a.c': '#include "net/a.h"\n#include "net/b.h"\n', 'src/net/a.h': '', 'src/net/b.h': ''}, None),
    ('the inside header of its module first is fine', rules.rule_own_header_first,
     {'src/net/a.c': '#include "net/b_inside.h"\n', 'src/net/a.h': '', 'src/net/b_inside.h': ''}, None),
    ('a source without tests is refused', rules.rule_tests, {'src/net/a.c': ''}, 'test_a.c'),
    ('a test that nobody calls is refused', rules.rule_tests,
     {'tests/unit/net/test_a.c': '', 'tests/unit/net/main.c': '/* test_a */\n'}, 'does not call test_a'),
    ('a source with its tests is fine', rules.rule_tests,
     {'src/net/a.c': '', 'tests/unit/net/test_a.c': '', 'tests/unit/net/main.c': 'int f(void) { return test_a(); }'},
     None),
    ('a verb needs no unit test', rules.rule_tests, {'src/cmd/a.c': '', 'src/main.c': ''}, None),
    ('a source that is not compiled is refused', rules.rule_lists,
     {'src/net/a.c': '', 'src/net/meson.build': "net_sources = files('b.c')"}, 'does not list'),
    ('a source that is listed is fine', rules.rule_lists,
     {'src/net/a.c': '', 'src/net/meson.build': "net_sources = files('a.c')"}, None),
    ('the two tables of floors agree', rules.rule_floor_table, {'src/meson.build': floor_table({})}, None),
    ('a floor that the linker lets see more is refused', rules.rule_floor_table,
     {'src/meson.build': floor_table({'net': ['store', 'os', 'wire', 'base']})}, 'row for net'),
    ('a floor that only the linker knows is refused', rules.rule_floor_table,
     {'src/meson.build': floor_table({'attic': []})}, 'row for attic'),
    ('a floor with few checks is refused', rules.rule_checks,
     {'src/net/a.c': body(9) * 50 + 'void h(void)\n{\ncheck(a);\n}\n'}, '0.02 checks'),
    ('a floor with less than a check per function is advised against', rules.rule_checks,
     {'src/net/a.c': body(9) + 'void h(void)\n{\ncheck(a);\n}\n'}, 'advice'),
    ('a check per function is fine', rules.rule_checks,
     {'src/net/a.c': body(9) + 'void h(void)\n{\ncheck(a);\ncheck(b);\n}\n'}, None),
    ('a tree without ARCHITECTURE.md is refused', rules.rule_architecture, {}, 'missing'),
    ('a row that names no file is refused', rules.rule_architecture,
     {'ARCHITECTURE.md': ARCHITECTURE.format('net/a', 'a_send')}, 'src/net/a.c is not there'),
    ('a row that names no function is refused', rules.rule_architecture,
     {'ARCHITECTURE.md': ARCHITECTURE.format('net/a', 'a_send'), 'src/net/a.c': 'void b(void)\n{\na_send();\n}\n'},
     'no function a_send'),
    ('a row that names a function is fine', rules.rule_architecture,
     {'ARCHITECTURE.md': ARCHITECTURE.format('net/a', 'a_send'),
      'src/net/a.c': 'MUST_USE struct a *a_send(int (*b)(void))\n{\n}\n'}, None),
    ('another first table is refused', rules.rule_architecture,
     {'ARCHITECTURE.md': '| a | b |\n| --- | --- |\n'}, 'first table'),
    ('an excuse for a file that has gone is refused', rules.rule_exceptions_are_needed, {'src/main.c': ''}, 'src/cmd/'),
]


def write(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, 'w', encoding='utf-8') as file:
            file.write(text)


def run_case(rule, files, wanted):
    """None where the case holds, otherwise what is wrong."""
    with tempfile.TemporaryDirectory() as root:
        write(root, files)
        found = list(rule(rules.Tree(root)))
    if wanted is None:
        return None if not found else f'found {found[0]}'
    if wanted == 'advice':
        return None if found and all(finding.is_advice for finding in found) else f'found {found}'
    if any(wanted in finding.message + finding.path and not finding.is_advice for finding in found):
        return None
    return f'wanted "{wanted}", found {[str(finding) for finding in found]}'


def every_rule_is_shown_to_fail():
    failing = {rule for _, rule, _, wanted in CASES if wanted is not None}
    missing = [rule.__name__ for rule in rules.RULES if rule not in failing]
    return f'no case for {missing}' if missing else None


def functions_are_found():
    source = c_source.CSource('#define X {\nstruct a { int b; };\nint c[] = {1, 2};\nTABLE(X)\n'
                              'static inline bool d(int (*e)(void), struct f g)\n{\n    return e() == \'}\';\n}\n'
                              'enum h { I, J } __attribute__((packed));\n'
                              'struct k l(void) __attribute__((cold));\nstruct k l(void)\n{\n}\n')
    found = [(function.name, function.first_line, function.last_line) for function in source.functions]
    # The table's line is taken for a part of the declaration after it.
    return None if found == [('d', 4, 8), ('l', 11, 13)] else f'found {found}'


def main():
    results = [(name, run_case(rule, files, wanted)) for name, rule, files, wanted in CASES]
    results.append(('every rule is shown to fail', every_rule_is_shown_to_fail()))
    results.append(('functions are told from tables', functions_are_found()))
    print(f'1..{len(results)}')
    for number, (name, problem) in enumerate(results, 1):
        print(f'{"not ok" if problem else "ok"} {number} - {name}')
        if problem:
            print(f'# {problem}')
    return 1 if any(problem for _, problem in results) else 0


if __name__ == '__main__':
    sys.exit(main())
