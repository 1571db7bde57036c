#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A UDP relay that behaves like a radio link: it delays, it loses, it can be
cut, and it counts every byte that passes. Devices of the demo talk through one
each; by hand:

    relay.py --listen 6684 --server 127.0.0.1:5684 --delay-ms 15 --loss 0.02
"""
import argparse
import heapq
import random
import selectors
import socket
import threading
import time

DATAGRAM_MAX = 65535
CLIENTS_MAX = 32  # a restarted device comes from a new port; the oldest is forgotten


class Relay(threading.Thread):
    """delay_ms is one way: the round trip takes twice that. The counters count
    UDP payload as sent, lost datagrams included: they were on the air."""

    def __init__(self, server, delay_ms=0.0, loss=0.0, seed=1, listen_port=0):
        super().__init__(daemon=True)
        self.server = server
        self.delay_s = delay_ms / 1000
        self.loss = loss
        self.random = random.Random(seed)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", listen_port))
        self.port = self.socket.getsockname()[1]
        self.bytes = 0
        self.datagrams = 0
        self.connected = True
        self._upstream = {}  # client address -> socket towards the server
        self._in_flight = []  # heap of (due, number, send function)
        self._number = 0
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._stopping = False

    def cut(self):
        """From now on nothing passes, as in a lift."""
        self.connected = False

    def restore(self):
        self.connected = True

    def stop(self):
        self._stopping = True
        self._wake_writer.send(b"x")
        self.join(5)

    def run(self):
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ, None)
            selector.register(self._wake_reader, selectors.EVENT_READ, "wake")
            while not self._stopping:
                for key, _ in selector.select(self._until_due()):
                    if key.data is None:
                        self._from_client(selector)
                    elif key.data != "wake":
                        self._from_server(key.fileobj, key.data)
                self._deliver()

    def _until_due(self):
        if not self._in_flight:
            return None
        return max(0.0, self._in_flight[0][0] - time.monotonic())

    def _deliver(self):
        now = time.monotonic()
        while self._in_flight and self._in_flight[0][0] <= now:
            _, _, send = heapq.heappop(self._in_flight)
            try:
                send()
            except OSError:
                pass  # nobody listens there at the moment: lost, as on any network

    def _carry(self, data, send):
        self.bytes += len(data)
        self.datagrams += 1
        if not self.connected or self.random.random() < self.loss:
            return
        self._number += 1
        heapq.heappush(self._in_flight, (time.monotonic() + self.delay_s, self._number, send))

    def _from_client(self, selector):
        data, client = self.socket.recvfrom(DATAGRAM_MAX)
        if client not in self._upstream:
            self._admit(client, selector)
        upstream = self._upstream[client]
        self._carry(data, lambda: upstream.send(data))

    def _admit(self, client, selector):
        if len(self._upstream) == CLIENTS_MAX:
            oldest = self._upstream.pop(next(iter(self._upstream)))
            selector.unregister(oldest)
            oldest.close()
        upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        upstream.connect(self.server)
        self._upstream[client] = upstream
        selector.register(upstream, selectors.EVENT_READ, client)

    def _from_server(self, upstream, client):
        try:
            data = upstream.recv(DATAGRAM_MAX)
        except OSError:
            return  # "connection refused": the server is down
        self._carry(data, lambda: self.socket.sendto(data, client))


def main():
    parser = argparse.ArgumentParser(description="a UDP relay that behaves like a radio link")
    parser.add_argument("--listen", type=int, default=6684, help="UDP port for devices")
    parser.add_argument("--server", default="127.0.0.1:5684", help="where the server is")
    parser.add_argument("--delay-ms", type=float, default=15, help="one way")
    parser.add_argument("--loss", type=float, default=0, help="share of datagrams lost, 0 to 1")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    host, _, port = arguments.server.rpartition(":")
    relay = Relay((host, int(port)), arguments.delay_ms, arguments.loss, arguments.seed,
                  arguments.listen)
    print(f"127.0.0.1:{relay.port} -> {arguments.server}")
    try:
        relay.run()
    except KeyboardInterrupt:
        print(f"{relay.bytes} bytes in {relay.datagrams} datagrams")


if __name__ == "__main__":
    main()
