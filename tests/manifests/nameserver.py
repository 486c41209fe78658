"""The cluster's nameserver: answers for a dict of records as CoreDNS does, its negative cache of 30 s included."""

import time

from dnslib import QTYPE, RCODE, RR, A, PTR, SOA, SRV
from dnslib.server import BaseResolver, DNSLogger, DNSServer

ZONE = "cluster.local."
NEGATIVE_TTL = 30


class Nameserver(BaseResolver):
    """`records` gives what holds now: {(name, type): [data]}, names with a dot at the end."""

    def __init__(self, address, records):
        self.records = records
        self.absent = {}
        quiet = DNSLogger("-request,-reply,-truncated,-error", False)
        self.servers = [DNSServer(self, address=address, port=53, tcp=tcp, logger=quiet) for tcp in (False, True)]
        for server in self.servers:
            server.start_thread()

    def resolve(self, request, handler):
        reply = request.reply()
        name, kind = str(request.q.qname).lower(), QTYPE[request.q.qtype]
        status, until = self.absent.get((name, kind), (None, 0))
        if time.monotonic() < until:
            return self.negative(reply, status)
        records = self.records()
        data = records.get((name, kind), [])
        for value in data:
            reply.add_answer(RR(request.q.qname, request.q.qtype, ttl=5, rdata=value))
        if not data:
            exists = any(known == name or known.endswith("." + name) for known, _ in records)
            status = RCODE.NOERROR if exists else RCODE.NXDOMAIN
            self.absent[name, kind] = status, time.monotonic() + NEGATIVE_TTL
            self.negative(reply, status)
        return reply

    def negative(self, reply, status):
        reply.header.rcode = status
        soa = SOA("ns.dns." + ZONE, "hostmaster." + ZONE, (1, 7200, 1800, 86400, NEGATIVE_TTL))
        reply.add_auth(RR(ZONE, QTYPE.SOA, ttl=NEGATIVE_TTL, rdata=soa))
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
