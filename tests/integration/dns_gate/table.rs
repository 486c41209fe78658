//! Each behaviour of a name server, and what becomes of a pod behind it: the outcome, and after what time. A table for a
//! bench to collect: by hand, alone on the machine.

use std::time::{Duration, Instant};

use Expected::GivesUp;

use super::crowd::figure;
use crate::clusters::*;
use crate::harness::*;

const OWN: &str = "10.1.2.3";

/// The pod starts, within this time of its own start.
const STARTS: fn(u64) -> Expected = |seconds| Expected::Starts(Duration::from_secs(seconds));

/// What is to become of the pod.
#[derive(Clone)]
enum Expected {
    Starts(Duration),
    /// It gives up after its 4 s, and says this.
    GivesUp(&'static str),
}

#[derive(Clone)]
struct Row {
    title: &'static str,
    kind: Kind,
    script: fn(&Dns),
    expected: Expected,
}

fn row(title: &'static str, expected: Expected, script: fn(&Dns)) -> Row {
    Row {
        title,
        kind: Kind::CoreDns { ttl: 30 },
        script,
        expected,
    }
}

/// The first few answers about the addresses, and then the truth.
fn at_first(dns: &Dns, answer: Answer) {
    dns.script(OWN_NAME, RecordType::A, [answer, Answer::address(OWN)]);
}

/// It is there, it isn't, or the server can't say.
fn plain() -> Vec<Row> {
    vec![
        row("the record is there", STARTS(1), |dns| {
            dns.publish_pod(OWN_NAME, OWN);
        }),
        row("only the dashed record is there", STARTS(1), |dns| {
            dns.publish_pod(DASHED_NAME, OWN);
        }),
        row("no record comes", GivesUp("NXDOMAIN"), |_| {}),
        row("NODATA for ever", GivesUp("no address records"), |dns| {
            dns.answer_everything(Answer::NoData { negative_ttl: 1 });
        }),
        row("SERVFAIL for ever", GivesUp("SERVFAIL"), |dns| {
            dns.answer_everything(Answer::servfail());
        }),
        row("REFUSED for ever", GivesUp("REFUSED"), |dns| {
            dns.answer_everything(Answer::refused());
        }),
        row("silence", GivesUp("UDP: nothing; TCP"), |dns| {
            dns.answer_everything(Answer::Nothing);
        }),
        row("SERVFAIL, then the record", STARTS(4), |dns| {
            at_first(dns, Answer::servfail());
        }),
        row("silence, then the record", STARTS(6), |dns| {
            at_first(dns, Answer::Nothing);
        }),
    ]
}

/// It says strange things.
fn strange() -> Vec<Row> {
    vec![
        row("garbage, then the record", STARTS(6), |dns| {
            at_first(dns, Answer::Garbage);
        }),
        row("a wrong id, then the record", STARTS(6), |dns| {
            at_first(dns, Answer::WrongId(Box::new(Answer::address(OWN))));
        }),
        row(
            "an answer about another name, then the record",
            STARTS(6),
            |dns| {
                at_first(
                    dns,
                    Answer::AboutAnother("x.y".into(), vec![OWN.parse().unwrap()]),
                );
            },
        ),
        row("an answer after 1.2 s", STARTS(3), |dns| {
            let late = Duration::from_millis(1200);
            dns.script(
                OWN_NAME,
                RecordType::A,
                [Answer::Late(late, Box::new(Answer::address(OWN)))],
            );
        }),
        row("truncated, whole over TCP", STARTS(1), |dns| {
            let whole = Box::new(Answer::address(OWN));
            dns.script(OWN_NAME, RecordType::A, [Answer::Truncated(whole)]);
        }),
        row("an alias", STARTS(1), |dns| {
            dns.script(
                OWN_NAME,
                RecordType::A,
                [Answer::alias("pod-17.example.com", OWN)],
            );
        }),
        row(
            "aliases in a circle",
            GivesUp("no address records"),
            |dns| {
                dns.script(
                    OWN_NAME,
                    RecordType::A,
                    [Answer::Aliases(vec![OWN_NAME.into()], vec![])],
                );
            },
        ),
        row("a TTL of 0", STARTS(1), |dns| {
            dns.script(
                OWN_NAME,
                RecordType::A,
                [Answer::For(0, Box::new(Answer::address(OWN)))],
            );
        }),
    ]
}

/// What it says is not, or no longer, the truth; or it does not know the types that are asked for.
fn untrue() -> Vec<Row> {
    let unknown = || Answer::NxDomain { negative_ttl: 2 };
    let mut rows = vec![
        row(
            "the predecessor's address",
            GivesUp("previous life"),
            |dns| {
                dns.publish_pod(OWN_NAME, "10.1.2.9");
            },
        ),
        row(
            "this address, whose PTR is a sibling",
            GivesUp(SIBLING),
            |dns| {
                dns.publish(OWN_NAME, OWN);
                dns.point(OWN, SIBLING);
            },
        ),
        row("poisoned by somebody else, PTR right", STARTS(1), |dns| {
            dns.another_client().asks(OWN_NAME);
            dns.publish_pod(OWN_NAME, OWN);
        }),
    ];
    for (title, kind) in [
        (
            "SkyDNS (no odd types), the record is there",
            Kind::SkyDns { missing: unknown() },
        ),
        (
            "dnsmasq (no odd types), the record is there",
            Kind::Dnsmasq { missing: unknown() },
        ),
        (
            "no SOA, the record is there",
            Kind::SkyDns {
                missing: Answer::NxDomainWithoutSoa,
            },
        ),
    ] {
        rows.push(Row {
            kind,
            ..row(title, STARTS(6), |dns| dns.publish_pod(OWN_NAME, OWN))
        });
    }
    rows
}

#[test]
#[ignore = "its figures are good on a quiet machine"]
fn of_behaviours() {
    for Row {
        title,
        kind,
        script,
        expected,
    } in [plain(), strange(), untrue()].concat()
    {
        let mut pod = stateful_pod();
        if matches!(expected, Expected::GivesUp(_)) {
            pod = pod.env("BEAMINIT_DNS_TIMEOUT", "4s");
        }
        let dns = pod.nameserver(CLUSTER_DNS).like(kind);
        script(&dns);
        let started = Instant::now();
        let ended = pod.run("erl").ends();
        let took = ended.at - started;
        let outcome = match expected {
            Expected::Starts(limit) => {
                assert!(
                    ended.code == 0 && took < limit,
                    "{title}: {took:?}, {ended}"
                );
                "starts".to_owned()
            }
            Expected::GivesUp(words) => {
                let reason = ended.stderr.lines().last().unwrap_or_default();
                assert!(
                    ended.code == 69 && reason.contains(words),
                    "{title}: {ended}"
                );
                reason.replace("beaminit: error: ", "")
            }
        };
        figure(title, format!("{outcome}, {:.2} s", took.as_secs_f64()));
    }
}
