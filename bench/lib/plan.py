# SPDX-License-Identifier: Apache-2.0
"""What is to be measured, and in which order. A group is one scenario in one round: its servers take their turn close
together, and what is set in ratio comes from one group."""
from dataclasses import dataclass

START_SECONDS = 2.5              # to start a server, connect, let everything land, and end


@dataclass(frozen=True)
class Group:
    number: int                  # of the round, from 0
    scenario: object
    names: tuple


def takes_part(scenario, module):
    """What a peer's program cannot do it is not asked for."""
    has_own_protocol = not getattr(module, 'IS_RAW', True)
    return (scenario.rooms == 1 or has_own_protocol or getattr(module, 'HAS_ROOMS', False)) \
        and (not scenario.is_compressed or has_own_protocol or getattr(module, 'HAS_COMPRESSION', False))


def groups_of(arguments, scenarios, servers):
    for number in range(arguments.rounds):
        for scenario in scenarios:
            if arguments.scenario and scenario.name not in arguments.scenario:
                continue
            names = tuple(name for name in servers
                          if name in scenario.servers and takes_part(scenario, servers[name])
                          and (not arguments.server or name in arguments.server))
            if names:
                yield Group(number, scenario, names)


def is_done(group, results):
    have = {row['server'] for row in results['results']
            if row['round'] == group.number and row['scenario'] == group.scenario.name}
    return have.issuperset(group.names)


def seconds_of(group, arguments):
    load = group.scenario.load
    fixed = float(load[load.index('--duration') + 1]) if '--duration' in load else None
    seconds = arguments.duration + arguments.warmup if fixed is None else fixed + 3
    return len(group.names) * (seconds + START_SECONDS)
