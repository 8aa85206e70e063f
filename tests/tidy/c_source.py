# SPDX-License-Identifier: Apache-2.0
"""Reads a C file as far as tidy needs it: text without comments and strings, and its functions with their nesting.

Not a compiler: macros are not expanded, and a file that does not compile may be read wrongly.
"""
import re
from dataclasses import dataclass, field

SKIP = re.compile(
    r'//(?:\\\n|[^\n])*'             # comment to the line's end
    r'|/\*.*?\*/'                    # comment
    r'|"(?:\\.|[^"\\\n])*"'          # string
    r"|'(?:\\.|[^'\\\n])*'",         # character
    re.DOTALL)
DIRECTIVE = re.compile(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.MULTILINE)
TOKEN = re.compile(r'[A-Za-z_]\w*|\d[\w.]*|\n|[^\s]')
WORD = re.compile(r'[A-Za-z_]\w*$')
BLOCK_WORDS = {'if', 'for', 'while', 'switch'}


@dataclass
class Function:
    name: str
    first_line: int
    last_line: int
    is_static: bool
    nesting: int = 0
    nesting_line: int = 0
    check_count: int = 0

    @property
    def lines(self):
        return self.last_line - self.first_line + 1


@dataclass
class CSource:
    """`plain` has comments, strings and characters blanked, `code` has preprocessor lines blanked as well; both keep
    every line where it was."""
    text: str
    plain: str = ''
    code: str = ''
    functions: list = field(default_factory=list)

    def __post_init__(self):
        self.plain = SKIP.sub(blank_but_quotes, self.text)
        self.code = DIRECTIVE.sub(blank, self.plain)
        self.functions = find_functions(tokens_of(self.code))


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group())


def blank_but_quotes(match):
    """A string stays a token, so that the code around it keeps its shape."""
    text = match.group()
    if text[0] == '/':
        return blank(match)
    return text[0] + re.sub(r'[^\n]', ' ', text[1:-1]) + text[-1]


def tokens_of(code):
    """Pairs of token and line. What stands between two quotes is blank by now."""
    tokens = []
    line = 1
    for match in TOKEN.finditer(code):
        if match.group() == '\n':
            line += 1
        else:
            tokens.append((match.group(), line))
    return tokens


def find_functions(tokens):
    functions = []
    index = 0
    start = 0                        # of the declaration at work
    parens = 0
    while index < len(tokens):
        token = tokens[index][0]
        if token == '(':
            parens += 1
        elif token == ')':
            parens -= 1
        elif token == ';' and parens == 0:
            start = index + 1
        elif token == '{' and parens == 0:
            name = function_name(tokens[start:index])
            end = matching(tokens, index)
            if name:
                functions.append(measure(name, tokens, start, index, end))
                start = end + 1
            elif end + 1 < len(tokens) and tokens[end + 1][0] == ';':
                start = end + 2
            index = end
        index += 1
    return functions


def function_name(declaration):
    """The word before the parameter list, or None where the brace opens something else."""
    depth = 0
    name = None
    previous = None
    for token, _ in declaration:
        if token == '(':
            if depth == 0 and previous and WORD.match(previous) and previous != '__attribute__':
                name = previous
            depth += 1
        elif token == ')':
            depth -= 1
        elif depth == 0 and token == '=':
            return None
        previous = token
    if previous != ')':
        return None
    return name


def matching(tokens, index):
    """Index of the brace that ends the one at `index`, or of the last token."""
    depth = 0
    while index < len(tokens):
        if tokens[index][0] == '{':
            depth += 1
        elif tokens[index][0] == '}':
            depth -= 1
            if depth == 0:
                return index
        index += 1
    return len(tokens) - 1


def measure(name, tokens, start, opening, end):
    words = [token for token, _ in tokens[start:opening]]
    body = [token for token, _ in tokens[opening:end]]
    nesting = Nesting(tokens[:end + 1])
    nesting.block(opening, 0)
    return Function(name=name, first_line=tokens[start][1], last_line=tokens[end][1], is_static='static' in words,
                    nesting=nesting.deepest, nesting_line=nesting.line,
                    check_count=sum(1 for a, b in zip(body, body[1:]) if b == '(' and a in ('check', 'static_assert')))


class Nesting:
    """Walks the statements of one body. An `else if` is as deep as its `if`; a bare block adds nothing."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.deepest = 0
        self.line = 0

    def at(self, index):
        return self.tokens[index][0] if index < len(self.tokens) else '}'

    def block(self, index, depth):
        """From an opening brace to past its closing one."""
        index += 1
        while index < len(self.tokens) and self.at(index) != '}':
            index = self.statement(index, depth)
        return index + 1

    def statement(self, index, depth):
        token = self.at(index)
        if depth > self.deepest and token != '{':
            self.deepest = depth
            self.line = self.tokens[index][1]
        if token == '{':
            return self.block(index, depth)
        if token in BLOCK_WORDS:
            index = self.statement(self.past_parens(index + 1), depth + 1)
            return self.past_else(index, depth) if token == 'if' else index
        if token == 'do':
            return self.past_semicolon(self.statement(index + 1, depth + 1))
        if token in ('case', 'default') or (WORD.match(token) and self.at(index + 1) == ':'):
            return self.past_colon(index)
        # A macro that loops: `for_each_conn(shard, conn) {`.
        if WORD.match(token) and self.at(index + 1) == '(':
            after = self.past_parens(index + 1)
            if self.at(after) == '{':
                return self.statement(after, depth + 1)
        return self.past_semicolon(index)

    def past_else(self, index, depth):
        if self.at(index) != 'else':
            return index
        if self.at(index + 1) == 'if':
            return self.statement(index + 1, depth)
        return self.statement(index + 1, depth + 1)

    def past_parens(self, index):
        depth = 0
        while index < len(self.tokens):
            if self.at(index) == '(':
                depth += 1
            elif self.at(index) == ')':
                depth -= 1
                if depth == 0:
                    return index + 1
            index += 1
        return index

    def past_colon(self, index):
        while index < len(self.tokens) and self.at(index) != ':':
            index += 1
        return index + 1

    def past_semicolon(self, index):
        """Over brackets of all kinds: initialisers, literals, calls."""
        depth = 0
        while index < len(self.tokens):
            token = self.at(index)
            if token in '([{':
                depth += 1
            elif token in ')]}':
                if depth == 0 and token == '}':
                    return index
                depth = max(0, depth - 1)
            elif token == ';' and depth == 0:
                return index + 1
            index += 1
        return index
