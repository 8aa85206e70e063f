#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What lies between a server and its clients, and cuts what is silent: a bridge between two devices of a network
namespace of its own. It passes frames on as they are, keeps in mind when each TCP flow last spoke, in either direction,
and cuts those that were silent for too long.

    middle.py DEVICE DEVICE NETWORK:HOW:MS ...

NETWORK is the third number of the clients' IPv4 address. HOW:

    forget      nothing of the flow is passed on any more, in either direction, and nobody is told
    refuse      … but whoever still sends is answered with a reset
    reset       both ends are sent a reset as soon as the time is over

Says READY, and at the end of its input one line of JSON: how many flows were cut on each network.
"""
import json
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field

SOL_PACKET, PACKET_VNET_HDR = 263, 15
# Sums that the devices leave open, and segments that they have not cut up yet, are passed on with that said.
VNET_SIZE, ETHERNET_SIZE, IP_SIZE = 10, 14, 20
FRAME_BYTES_MAX = 1 << 17
LOOK_SECONDS = 0.02
SYN, RST, ACK = 0x02, 0x04, 0x10


@dataclass
class Packet:
    frame: bytes
    source: tuple
    target: tuple
    flags: int
    seq: int
    ack: int
    size: int

    @property
    def seq_next(self):
        return self.seq + self.size & 0xffffffff


@dataclass
class Flow:
    network: int
    spoke: float
    is_cut: bool = False
    newest: dict = field(default_factory=dict)      # by the end that sent it


def read_packet(frame):
    """None: no TCP over IPv4."""
    if len(frame) < ETHERNET_SIZE + IP_SIZE + 20 or frame[12:14] != b'\x08\x00' or frame[23] != socket.IPPROTO_TCP:
        return None
    total, = struct.unpack_from('!H', frame, ETHERNET_SIZE + 2)
    head = (frame[ETHERNET_SIZE] & 15) * 4
    at = ETHERNET_SIZE + head
    source_port, target_port, seq, ack, offset, flags = struct.unpack_from('!HHIIBB', frame, at)
    size = total - head - (offset >> 4) * 4 + bool(flags & SYN) + (flags & 1)
    return Packet(frame, (frame[26:30], source_port), (frame[30:34], target_port), flags, seq, ack, size)


def sum_of(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack(f'!{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def reset_frame(packet, is_reply):
    """A reset as the one would send it that sent `packet`; a reply: as the one that it was for."""
    ethernet, source, target, seq = packet.frame[:12], packet.source, packet.target, packet.seq_next
    if is_reply:
        ethernet, source, target, seq = ethernet[6:] + ethernet[:6], target, source, packet.ack
    tcp = struct.pack('!HHIIBBHHH', source[1], target[1], seq, 0, 5 << 4, RST, 0, 0, 0)
    pseudo = source[0] + target[0] + struct.pack('!BBH', 0, socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + struct.pack('!H', sum_of(pseudo + tcp)) + tcp[18:]
    ip = struct.pack('!BBHHHBBH', 0x45, 0, IP_SIZE + len(tcp), 0, 0, 64, socket.IPPROTO_TCP, 0) + source[0] + target[0]
    ip = ip[:10] + struct.pack('!H', sum_of(ip)) + ip[12:]
    return bytes(VNET_SIZE) + ethernet + b'\x08\x00' + ip + tcp


class Middle:
    def __init__(self, devices, cuts):
        self.sockets = [self.open(device) for device in devices]
        self.cuts = cuts
        self.flows = {}
        self.counts = {network: 0 for network in cuts}

    @staticmethod
    def open(device):
        every_protocol = 3
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every_protocol))
        raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        raw.bind((device, 0))
        return raw

    def network_of(self, packet):
        for address, _ in (packet.source, packet.target):
            if address[2] in self.cuts:
                return address[2]
        return None

    def passes(self, packet, raw):
        """False: it is swallowed. A reset goes back through `raw`."""
        network = self.network_of(packet)
        if network is None:
            return True
        key = tuple(sorted((packet.source, packet.target)))
        if packet.flags & SYN and not packet.flags & ACK:
            self.flows[key] = Flow(network, time.monotonic())
        flow = self.flows.get(key)
        if flow is None or flow.is_cut:
            if self.cuts[network][0] == 'refuse' and not packet.flags & RST:
                raw.send(reset_frame(packet, is_reply=True))
            return False
        flow.spoke = time.monotonic()
        flow.newest[packet.source] = (packet, raw)
        return True

    def cut_silent(self):
        now = time.monotonic()
        for flow in self.flows.values():
            how, seconds = self.cuts[flow.network]
            if flow.is_cut or now - flow.spoke < seconds:
                continue
            flow.is_cut = True
            self.counts[flow.network] += 1
            if how == 'reset':
                for packet, raw in flow.newest.values():
                    self.other(raw).send(reset_frame(packet, is_reply=False))

    def other(self, raw):
        return self.sockets[raw is self.sockets[0]]

    def take(self, raw):
        data, about = raw.recvfrom(FRAME_BYTES_MAX)
        if about[2] == socket.PACKET_OUTGOING:
            return
        packet = read_packet(data[VNET_SIZE:])
        if packet is None or self.passes(packet, raw):
            self.other(raw).send(data)

    def run(self):
        print('READY', flush=True)
        while True:
            ready, _, _ = select.select([*self.sockets, sys.stdin], [], [], LOOK_SECONDS)
            self.cut_silent()
            for raw in ready:
                if raw is sys.stdin:
                    return
                self.take(raw)


def main(words):
    cuts = {}
    for word in words[2:]:
        network, how, after_ms = word.split(':')
        cuts[int(network)] = (how, int(after_ms) / 1000)
    middle = Middle(words[:2], cuts)
    middle.run()
    print(json.dumps(middle.counts), flush=True)


if __name__ == '__main__':
    main(sys.argv[1:])
