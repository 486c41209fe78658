"""The cluster's nameserver: answers for a dict of records as CoreDNS does with `ttl 30` and `cache 30`: what it has said of a
name and type, that there is none too, it says again for so long."""

import time

from dnslib import QTYPE, RCODE, RR, A, PTR, SOA, SRV
from dnslib.server import BaseResolver, DNSLogger, DNSServer

ZONE = "cluster.local."
TTL = 30


class Nameserver(BaseResolver):
    """`records` gives what holds now: {(name, type): [data]}, names with a dot at the end."""

    def __init__(self, address, records):
        self.records = records
        self.kept = {}
        quiet = DNSLogger("-request,-reply,-truncated,-error", False)
        self.servers = [DNSServer(self, address=address, port=53, tcp=tcp, logger=quiet) for tcp in (False, True)]
        for server in self.servers:
            server.start_thread()

    def resolve(self, request, handler):
        reply = request.reply()
        name, kind = str(request.q.qname).lower(), QTYPE[request.q.qtype]
        now = time.monotonic()
        data, status, until = self.kept.get((name, kind), (None, None, 0))
        if now >= until:
            records = self.records()
            data = records.get((name, kind), [])
            exists = any(known == name or known.endswith("." + name) for known, _ in records)
            status, until = RCODE.NOERROR if exists else RCODE.NXDOMAIN, now + TTL
            self.kept[name, kind] = data, status, until
        left = int(until - now)
        for value in data:
            reply.add_answer(RR(request.q.qname, request.q.qtype, ttl=left, rdata=value))
        return reply if data else self.negative(reply, status, left)

    def negative(self, reply, status, left):
        reply.header.rcode = status
        soa = SOA("ns.dns." + ZONE, "hostmaster." + ZONE, (1, 7200, 1800, 86400, TTL))
        reply.add_auth(RR(ZONE, QTYPE.SOA, ttl=left, rdata=soa))
        return reply

    def stop(self):
        for server in self.servers:
            server.stop()


def address(value):
    return A(value)


def pointer(name):
    return PTR(name)


def service(port, target):
    return SRV(0, 100, port, target)
