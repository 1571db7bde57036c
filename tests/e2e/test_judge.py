#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo's judge and relay must be able to say no."""
import socket
import time
import unittest

import support
import hearing
from relay import Relay


def played(label, start_s):
    return {"event": "played", "label": label, "from_s": start_s, "to_s": start_s + 1}


def heard(label, at_s, keyword=1):
    return {"event": "heard", "label": label, "stream_s": at_s, "keyword": keyword}


class Judge(unittest.TestCase):
    def test_a_deaf_device_hears_nothing_right(self):
        score = hearing.score([played("yes", 10), played("no", 12)], ["yes", "no"], 0, 60)
        self.assertEqual((score.right_count, score.played_count), (0, 2))

    def test_a_word_heard_as_itself_is_right(self):
        score = hearing.score([played("yes", 10), heard("yes", 10.9)], ["yes", "no"], 0, 60)
        self.assertEqual(score.right, {"yes": 1, "no": 0})

    def test_a_word_heard_as_another_is_not_right(self):
        score = hearing.score([played("yes", 10), heard("no", 10.9)], ["yes", "no"], 0, 60)
        self.assertEqual(score.right_count, 0)

    def test_a_word_heard_as_itself_and_as_another_is_not_right(self):
        events = [played("yes", 10), heard("yes", 10.7), heard("no", 11.2)]
        self.assertEqual(hearing.score(events, ["yes", "no"], 0, 60).right_count, 0)

    def test_a_word_heard_too_late_is_missed_and_the_late_one_is_false(self):
        events = [played("yes", 10), heard("yes", 12.0), played("no", 14)]
        score = hearing.score(events, ["yes", "no"], 0, 60)
        self.assertEqual((score.right_count, score.noise_false), (0, 1))

    def test_another_word_taken_for_a_keyword_is_false(self):
        score = hearing.score([played("stop", 10), heard("yes", 10.9)], ["yes", "no"], 0, 60)
        self.assertEqual(score.others_false, {"stop": 1})

    def test_another_word_heard_as_unknown_is_not_false(self):
        events = [played("stop", 10), heard("unknown", 10.9, keyword=0)]
        score = hearing.score(events, ["yes", "no"], 0, 60)
        self.assertEqual((score.others_unknown, score.others_false), ({"stop": 1}, {}))

    def test_another_word_heard_as_unknown_and_as_a_keyword_is_false(self):
        events = [played("stop", 10), heard("unknown", 10.9, keyword=0), heard("no", 11.2)]
        score = hearing.score(events, ["yes", "no"], 0, 60)
        self.assertEqual((score.others_unknown, score.others_false), ({}, {"stop": 1}))

    def test_another_word_that_nothing_came_of_is_not_called_unknown(self):
        score = hearing.score([played("stop", 10)], ["yes", "no"], 0, 60)
        self.assertEqual((score.others_played_count, score.unknown_count), (1, 0))

    def test_words_that_began_before_the_swap_are_not_judged(self):
        score = hearing.score([played("yes", 10), played("yes", 20)], ["yes", "no"], 11, 60)
        self.assertEqual(score.played["yes"], 1)

    def test_words_that_may_still_be_heard_are_not_judged(self):
        score = hearing.score([played("yes", 10)], ["yes", "no"], 0, 11.5)
        self.assertEqual(score.played["yes"], 0)

    def relay_to_echo(self, **options):
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.bind(("127.0.0.1", 0))
        relay = Relay(server.getsockname(), **options)
        relay.start()
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.connect(("127.0.0.1", relay.port))
        for each in (server, client):
            each.settimeout(10)
            self.addCleanup(each.close)
        self.addCleanup(relay.stop)
        return server, client, relay

    def test_the_relay_carries_both_ways_and_counts(self):
        server, client, relay = self.relay_to_echo(delay_ms=5)
        client.send(b"ping")
        data, sender = server.recvfrom(100)
        server.sendto(data + b"pong", sender)
        self.assertEqual(client.recv(100), b"pingpong")
        self.assertEqual((relay.bytes, relay.datagrams), (12, 2))

    def test_the_relay_delays(self):
        server, client, _ = self.relay_to_echo(delay_ms=40)
        before = time.monotonic()
        client.send(b"ping")
        server.recv(100)
        self.assertGreaterEqual(time.monotonic() - before, 0.040)

    def test_a_cut_relay_carries_nothing_until_it_is_restored(self):
        server, client, relay = self.relay_to_echo()
        relay.cut()
        client.send(b"lost")
        while relay.datagrams < 1:
            time.sleep(0.001)
        relay.restore()
        client.send(b"kept")
        self.assertEqual(server.recv(100), b"kept")

    def test_a_lossy_relay_loses_the_share_it_says_by_its_seed(self):
        server, client, relay = self.relay_to_echo(loss=0.5, seed=7)
        for number in range(200):
            client.send(bytes([number]))
        while relay.datagrams < 200:
            time.sleep(0.001)
        client.send(b"end")
        server.settimeout(0.5)
        arrived = 0
        try:
            while True:
                server.recv(100)
                arrived += 1
        except TimeoutError:
            pass
        self.assertTrue(60 < arrived < 140, arrived)


if __name__ == "__main__":
    support.main(Judge)
