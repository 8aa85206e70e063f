# SPDX-License-Identifier: Apache-2.0
"""All cases, in the order of the report."""
import cases_close
import cases_deflate
import cases_frames
import cases_handshake
import cases_text
from servers import Chat, Echo

TABLES = [(cases_handshake, ['handshake']),
          (cases_frames, ['length', 'piece', 'mask', 'reserved', 'opcode', 'fragment', 'control']),
          (cases_text, ['utf8']),
          (cases_close, ['close']),
          (cases_deflate, ['deflate'])]


def cases_for(server, prefix=''):
    """Those whose id begins so. Some depend on the server's limits."""
    for table, groups in TABLES:
        if any(f'{group}.'.startswith(prefix[:len(group) + 1]) for group in groups):
            for case in table.cases(server):
                if server.kind in case.on and case.id.startswith(prefix):
                    assert case.group in groups
                    yield case


def all_cases():
    """Each once, whichever server it is for."""
    found = {}
    for server in Echo(None), Chat(None):
        for case in cases_for(server):
            found.setdefault(case.id, case)
    return list(found.values())
