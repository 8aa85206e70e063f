#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A terminal without a window: runs a program on a pseudo-terminal, plays keys, and tells what its screen shows.

    terminal.py --size 80x24 --steps STEPS.json -- PROGRAM ARGUMENTS…

STEPS is a list of steps, each an object with one of: "until" (wait for a text on the screen), "gone" (until it is not
there), "keys" (to send), "size" ([columns, rows], a new one), "keep" (a name: the screen is part of the result), "end"
(wait until the program has ended). The result is a JSON object: "screens" by name, "styles" of each, "status".
"""
import argparse
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata

SECONDS_MAX = 20
QUIET_SECONDS = 0.2
SEQUENCE = re.compile(rb'\x1b\[([?0-9;]*)([A-Za-z])')


class Screen:
    """What the few sequences that our programs send make of a grid of cells: (text, style)."""

    def __init__(self, columns, rows):
        self.resize(columns, rows)
        self.rest = b''
        self.style = '0'

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.clear()

    def clear(self):
        self.cells = [[(' ', '0')] * self.columns for _ in range(self.rows)]
        self.row = self.column = 0

    def feed(self, data):
        data = self.rest + data
        at = 0
        while at < len(data):
            if data[at] == 0x1b:
                found = SEQUENCE.match(data, at)
                if not found:
                    break
                self.obey(found.group(1).decode(), found.group(2).decode())
                at = found.end()
            elif data[at] == 0x0a:
                self.row, at = self.row + 1, at + 1
            elif data[at] == 0x0d:
                self.column, at = 0, at + 1
            else:
                size = 1 if data[at] < 0x80 else 4 if data[at] >= 0xf0 else 3 if data[at] >= 0xe0 else 2
                if at + size > len(data):
                    break
                self.put(data[at:at + size].decode('utf-8', 'replace'))
                at += size
        self.rest = data[at:]

    def obey(self, numbers, letter):
        if letter == 'H':
            row, column = (numbers.split(';') + ['1'])[:2] if numbers else ('1', '1')
            self.row, self.column = int(row) - 1, int(column) - 1
        elif letter == 'J':
            self.clear()
        elif letter == 'm':
            self.style = numbers or '0'

    def put(self, character):
        if self.row >= self.rows or self.column > self.columns:
            raise ValueError(f'{character!r} beside the screen: row {self.row}, column {self.column}')
        if unicodedata.combining(character) and self.column > 0:
            text, style = self.cells[self.row][self.column - 1]
            self.cells[self.row][self.column - 1] = (text + character, style)
            return
        self.cells[self.row][self.column] = (character, self.style)
        self.column += 1
        if unicodedata.east_asian_width(character) in 'WF':
            self.cells[self.row][self.column] = ('', self.style)
            self.column += 1

    def text(self):
        return '\n'.join(''.join(text for text, _ in row).rstrip() for row in self.cells)


class Program:
    """A child on a terminal of its own."""

    def __init__(self, command, columns, rows):
        self.screen = Screen(columns, rows)
        self.status = None
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.environ['TERM'] = 'xterm-256color'
            os.execvp(command[0], command)
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        self.screen.resize(columns, rows)

    def pump(self, seconds):
        """Takes what comes within that time. False: the program has ended."""
        ready, _, _ = select.select([self.terminal], [], [], seconds)
        if not ready:
            return True
        try:
            data = os.read(self.terminal, 65536)
        except OSError:
            data = b''
        self.screen.feed(data)
        return bool(data)

    def until(self, holds, what):
        end = time.monotonic() + SECONDS_MAX
        while not holds():
            if time.monotonic() > end or not self.pump(0.1):
                raise TimeoutError(f'never came true: {what}\n{self.screen.text()}')

    def wait_end(self):
        while self.status is None and self.pump(SECONDS_MAX):
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])

    def close(self):
        if self.status is None:
            os.kill(self.child, signal.SIGKILL)
            self.wait_end()
        os.close(self.terminal)


def play(program, steps):
    """The screens that the steps keep, by name: cells with their styles."""
    kept = {}
    for step in steps:
        if 'until' in step:
            program.until(lambda: step['until'] in program.screen.text(), step['until'])
        elif 'gone' in step:
            program.until(lambda: step['gone'] not in program.screen.text(), f'gone: {step["gone"]}')
        elif 'keys' in step:
            os.write(program.terminal, step['keys'].encode())
        elif 'size' in step:
            program.resize(*step['size'])
        elif 'keep' in step:
            while select.select([program.terminal], [], [], QUIET_SECONDS)[0]:    # the rest of a frame
                program.pump(0)
            kept[step['keep']] = (program.screen.text(), [list(row) for row in program.screen.cells])
        elif 'end' in step:
            program.wait_end()
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--size', default='80x24')
    parser.add_argument('--steps', required=True)
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()
    columns, rows = map(int, options.size.split('x'))
    with open(options.steps, encoding='utf-8') as file:
        steps = json.load(file)
    program = Program(options.command, columns, rows)
    try:
        kept = play(program, steps)
    finally:
        program.close()
    json.dump({'screens': {name: text for name, (text, _) in kept.items()}, 'status': program.status}, sys.stdout)


if __name__ == '__main__':
    main()
