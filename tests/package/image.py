# SPDX-License-Identifier: Apache-2.0
"""Reads a Dockerfile: of each stage, its instructions in order. Only the forms that ours has."""
import json
import re
import shlex
from dataclasses import dataclass, field

KNOWN = {'FROM', 'RUN', 'WORKDIR', 'COPY', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL', 'HEALTHCHECK', 'ENTRYPOINT',
         'CMD'}


@dataclass
class Stage:
    base: str
    name: str
    instructions: list = field(default_factory=list)        # pairs of a word and what follows it

    def all(self, word):
        return [rest for found, rest in self.instructions if found == word]

    def list_of(self, word):
        """What is written as a JSON array: a command without a shell."""
        return json.loads(re.search(r'\[.*\]$', self.all(word)[-1]).group(0))

    def environment(self):
        return dict(pair.split('=', 1) for rest in self.all('ENV') for pair in shlex.split(rest))

    def packages(self):
        command = next(rest for rest in self.all('RUN') if 'apt-get install' in rest)
        words = shlex.split(command.split('apt-get install')[1].split('&&')[0])
        return sorted(word for word in words if not word.startswith('-'))


def read(path):
    with open(path, encoding='utf-8') as file:
        text = re.sub(r'^#.*\n', '', file.read(), flags=re.MULTILINE).replace('\\\n', ' ')
    stages = []
    for line in filter(None, map(str.strip, text.split('\n'))):
        word, _, rest = line.partition(' ')
        if word not in KNOWN:
            raise ValueError(f'{word} is no instruction of a Dockerfile that is known here')
        if word == 'FROM':
            base, _, name = rest.partition(' AS ')
            stages.append(Stage(base, name))
        else:
            stages[-1].instructions.append((word, rest))
    return stages


def ignored(path):
    """Names that are kept out of the build."""
    with open(path, encoding='utf-8') as file:
        return [line.strip() for line in file if line.strip() and not line.startswith('#')]
