//! A certificate that is renewed while the node runs.

use super::super::table;
use super::mesh;
use super::*;

/// The VM looks every two minutes whether files have changed, or as the application ssl is told; a release loads its
/// applications before it speaks with others.
const EVERY_SECOND: &str = "-ssl ssl_pem_cache_clean 1000";

/// The certificate of a node and its beaminit expires, and neither connects; a new one takes its place, and both do, without
/// a restart.
#[test]
fn node_and_joiner_take_a_renewed_certificate() {
    let authority = Authority::new();
    let [(first, _dns), (second, _seconds_dns)] = mesh::secured_pods(&authority);
    let folder = first.place("/run/tls");
    std::fs::remove_dir_all(&folder).expect("a folder");
    authority.renew(&folder, &Certificate::of(&[OWN_NAME]));
    let way = table::mix_release();
    let first = way.start_under(&[BEAMINIT, "--"], first.env("ERL_FLAGS", EVERY_SECOND));
    first.says("is up");
    let pid = vm(&first);
    let folder = first.place("/run/tls");
    let probe = || {
        first
            .enter([BEAMINIT, "probe", "--ready", "--timeout", "60s"])
            .ends()
    };
    assert_eq!(probe().code, 0);

    authority.renew(&folder, &Certificate::of(&[OWN_NAME]).valid(-60, 3));
    let has_expired = |told: &Ended| told.code == 1 && told.stderr.contains("has expired");
    eventually("the certificate has expired", || has_expired(&probe()));
    let second = second.run(["erl", "-noinput", "-eval", SPEAK]);
    second.says(&format!(
        "{NODE} is not joined: it is not taken for one of ours: its certificate has expired"
    ));

    authority.renew(&folder, &Certificate::of(&[OWN_NAME]));
    first.says(&format!("joined {}", mesh::name(1)));
    second.says(&format!("joined {NODE}"));
    eventually("it is ready", || probe().code == 0);
    assert_eq!(vm(&first), pid);
}
