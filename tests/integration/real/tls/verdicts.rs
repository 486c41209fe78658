//! The gate and the VM, asked about the same certificates: what the VM refuses, the gate refuses, with its line.

use super::*;

type Files = [(&'static str, String); 3];

/// A folder, its files, and what the gate says of it, where it refuses it.
struct Case {
    name: &'static str,
    files: Files,
    refused: Option<&'static str>,
}

/// Connects to itself with the files of each folder and the options that beaminit wrote.
const CONNECT: &str = r#"
{ok, _} = application:ensure_all_started(ssl).
logger:set_primary_config(level, none).
{ok, [[File]]} = init:get_argument(ssl_dist_optfile).
{ok, Text} = file:read_file(File).
Options = fun(Name) ->
    {ok, Words, _} = erl_scan:string(re:replace(Text, "/run/tls/", "/run/" ++ Name ++ "/", [global, {return, list}])),
    {ok, Terms} = erl_parse:parse_exprs(Words),
    {value, Both, _} = erl_eval:exprs(Terms, []),
    Both
end.
lists:foreach(fun(Name) ->
    [{server, Server}, {client, Client}] = Options(Name),
    {ok, Listen} = ssl:listen(0, Server),
    {ok, {_, Port}} = ssl:sockname(Listen),
    Self = self(),
    spawn(fun() -> {ok, Socket} = ssl:transport_accept(Listen), Self ! {Name, ssl:handshake(Socket, 60000)}, timer:sleep(60000) end),
    Connected = ssl:connect("127.0.0.1", Port, [{server_name_indication, HOST} | Client], 60000),
    Accepted = receive {Name, Answer} -> Answer end,
    Verdict = case {Connected, Accepted} of {{ok, _}, {ok, _}} -> taken; _ -> refused end,
    io:format("~s is ~s~n", [Name, Verdict])
end, NAMES).
"#;

fn cases() -> Vec<Case> {
    let authority = Authority::new();
    let own = || Certificate::of(&[HOST]);
    let past = Certificate::of(&[]).valid(-7200, -3600);
    let intermediate = authority.intermediate(&own());
    let case = |name, files, refused| Case {
        name,
        files,
        refused,
    };
    let with = |name, by: &Authority, change: &dyn Fn(&mut Files), refused| {
        let mut files = by.files(&own());
        change(&mut files);
        case(name, files, refused)
    };
    vec![
        case("good", authority.files(&own()), None),
        case(
            "same-subject",
            authority.files(&own().named("authority")),
            Some("tls.crt has the same subject as its issuer"),
        ),
        case(
            "root-expired",
            Authority::of(&past).files(&own()),
            Some(
                "the authority of /run/root-expired/tls.crt in /run/root-expired/ca.crt has expired",
            ),
        ),
        with(
            "one-of-several",
            &authority,
            &|[(_, ca), ..]| {
                let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
                *ca = [broken, &Authority::of(&past).pem(), ca.as_str()].concat();
            },
            None,
        ),
        with(
            "intermediate",
            &intermediate,
            &|[(_, ca), (_, certificate), _]| {
                certificate.push_str(ca);
                *ca = authority.pem();
            },
            None,
        ),
        with(
            "intermediate-in-ca",
            &intermediate,
            &|[(_, ca), ..]| ca.push_str(&authority.pem()),
            None,
        ),
        with(
            "intermediate-alone",
            &intermediate,
            &|_| {},
            Some(
                "ca.crt has an intermediate authority of /run/intermediate-alone/tls.crt without its root",
            ),
        ),
        with(
            "intermediate-missing",
            &intermediate,
            &|[(_, ca), ..]| *ca = authority.pem(),
            Some("tls.crt is signed by no authority of"),
        ),
        with(
            "intermediate-expired",
            &authority.intermediate(&past),
            &|[(_, ca), (_, certificate), _]| {
                certificate.push_str(ca);
                *ca = authority.pem();
            },
            Some("an intermediate certificate of /run/intermediate-expired/tls.crt has expired"),
        ),
        with(
            "intermediate-first",
            &intermediate,
            &|[(_, ca), (_, certificate), _]| {
                *certificate = [ca.as_str(), certificate].concat();
                *ca = authority.pem();
            },
            Some("tls.crt has another certificate before the one of"),
        ),
    ]
}

#[test]
fn the_gate_and_the_vm_agree() {
    let cases = cases();
    let fill = |pod: Pod| {
        let files = cases.iter().flat_map(|case| {
            let files = case.files.iter();
            files.map(|(file, text)| (format!("/run/{}/{file}", case.name), text))
        });
        files.fold(pod, |pod, (path, text)| pod.file(&path, text))
    };

    let (pod, _dns) = secured();
    let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    let script = CONNECT
        .replace("HOST", &format!("{HOST:?}"))
        .replace("NAMES", &format!("{names:?}"));
    let pod = fill(pod).file("/srv/connect", script);
    let ask = "ok = file:eval(\"/srv/connect\"), halt().";
    let vm = pod.run(["erl", "-noinput", "-eval", ask]).ends_with(0);
    for case in &cases {
        let verdict = case.refused.map_or("taken", |_| "refused");
        let line = format!("{} is {verdict}\n", case.name);
        assert!(vm.stdout.contains(&line), "not {line}: {vm}");
    }

    let (pod, _dns) = clustered();
    let mut pod = fill(pod.program("erl", "prints-args"));
    for case in &cases {
        pod = pod.env("BEAMINIT_TLS", format!("/run/{}", case.name));
        let status = case.refused.map_or(0, |_| 69);
        let gate = pod.run("erl").ends_with(status);
        let line = case.refused.unwrap_or("and is of the authority");
        assert!(gate.stderr.contains(line), "not {line}: {gate}");
    }
}
