//! What the API answers: lists of EndpointSlices and of Pods, of which little matters here.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/>,
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A pod that may be a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its host name.
    pub name: Option<String>,
    /// Its address.
    pub address: IpAddr,
}

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The pods on it.
    pub pods: Vec<Seen>,
    /// Where it goes on, as a part of a URL's query.
    pub more: Option<String>,
}

/// Reads an answer; the flag says whether it is the IPv6 addresses that count.
pub type Reads = fn(&[u8], bool) -> Result<Page, String>;

#[derive(Deserialize)]
struct List<T> {
    metadata: Option<ListMetadata>,
    items: Option<Vec<T>>,
}

#[derive(Deserialize)]
struct ListMetadata {
    r#continue: Option<String>,
}

#[derive(Deserialize)]
struct Slice {
    endpoints: Option<Vec<Endpoint>>,
}

#[derive(Deserialize)]
struct Endpoint {
    addresses: Option<Vec<String>>,
    conditions: Option<Conditions>,
    hostname: Option<String>,
    #[serde(rename = "targetRef")]
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Conditions {
    terminating: Option<bool>,
}

#[derive(Deserialize)]
struct Target {
    kind: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Pod {
    metadata: Option<PodMetadata>,
    spec: Option<PodSpec>,
    status: Option<PodStatus>,
}

#[derive(Deserialize)]
struct PodMetadata {
    name: Option<String>,
    #[serde(rename = "deletionTimestamp")]
    deleted: Option<String>,
}

#[derive(Deserialize)]
struct PodSpec {
    hostname: Option<String>,
}

#[derive(Deserialize)]
struct PodStatus {
    phase: Option<String>,
    #[serde(rename = "podIP")]
    address: Option<String>,
    #[serde(rename = "podIPs")]
    addresses: Option<Vec<PodAddress>>,
}

#[derive(Deserialize)]
struct PodAddress {
    ip: Option<String>,
}

/// Reads a list of EndpointSlices. An endpoint that is not ready may be a node that only begins; one that terminates is
/// left to go.
///
/// # Errors
/// It is no such list.
pub fn slices(body: &[u8], ipv6: bool) -> Result<Page, String> {
    let (slices, more) = list::<Slice>(body)?;
    let endpoints = slices
        .into_iter()
        .flat_map(|slice| slice.endpoints.unwrap_or_default());
    let pods = endpoints.filter_map(|endpoint| {
        let gone = endpoint
            .conditions
            .and_then(|conditions| conditions.terminating);
        let addresses = endpoint.addresses.unwrap_or_default();
        let address = of_family(addresses.iter(), ipv6).filter(|_| gone != Some(true))?;
        let pod = endpoint
            .target
            .filter(|target| target.kind.as_deref() == Some("Pod"));
        Some(Seen {
            name: endpoint.hostname.or(pod.and_then(|pod| pod.name)),
            address,
        })
    });
    Ok(Page {
        pods: pods.collect(),
        more,
    })
}

/// Reads a list of Pods: those that run, or will.
///
/// # Errors
/// It is no such list.
pub fn pods(body: &[u8], ipv6: bool) -> Result<Page, String> {
    let (pods, more) = list::<Pod>(body)?;
    let pods = pods.into_iter().filter_map(|pod| {
        let metadata = pod.metadata?;
        let status = pod.status?;
        let over = matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
        let several = status.addresses.unwrap_or_default();
        let all = status
            .address
            .iter()
            .chain(several.iter().filter_map(|one| one.ip.as_ref()));
        let address = of_family(all, ipv6).filter(|_| !over && metadata.deleted.is_none())?;
        let hostname = pod.spec.and_then(|spec| spec.hostname);
        Some(Seen {
            name: hostname.or(metadata.name),
            address,
        })
    });
    Ok(Page {
        pods: pods.collect(),
        more,
    })
}

fn list<T: DeserializeOwned>(body: &[u8]) -> Result<(Vec<T>, Option<String>), String> {
    let list: List<T> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    let more = list.metadata.and_then(|metadata| metadata.r#continue);
    let more = more
        .filter(|more| !more.is_empty())
        .map(|more| encoded(&more));
    Ok((list.items.unwrap_or_default(), more))
}

/// RFC 3986 §2.1
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn of_family<'a>(mut all: impl Iterator<Item = &'a String>, ipv6: bool) -> Option<IpAddr> {
    all.find_map(|text| {
        text.parse()
            .ok()
            .filter(|address: &IpAddr| address.is_ipv6() == ipv6)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(page: Page) -> String {
        let pods = page
            .pods
            .into_iter()
            .map(|pod| format!("{} {}", pod.name.unwrap_or_else(|| "?".into()), pod.address));
        let pods: Vec<String> = pods.collect();
        format!(
            "{}{}",
            pods.join(", "),
            page.more
                .map(|more| format!(" … {more}"))
                .unwrap_or_default()
        )
    }

    #[test]
    fn reads_endpoint_slices() {
        let text = br#"{"kind":"EndpointSliceList","metadata":{"continue":"a=b","resourceVersion":"7"},"items":[
            {"addressType":"IPv4","endpoints":[
                {"addresses":["10.1.2.3"],"conditions":{"ready":true},"hostname":"app-0"},
                {"addresses":["10.1.2.4"],"conditions":{"ready":false},"targetRef":{"kind":"Pod","name":"app-x7"}},
                {"addresses":["10.1.2.5"],"conditions":{"ready":false,"terminating":true},"hostname":"app-2"},
                {"addresses":["10.1.2.6"]}, {"addresses":["nonsense"]}, {}]},
            {"addressType":"IPv6","endpoints":[{"addresses":["fd00::3"],"hostname":"app-0"}]},
            {"endpoints":null}]}"#;
        let expected = "app-0 10.1.2.3, app-x7 10.1.2.4, ? 10.1.2.6 … a%3Db";
        assert_eq!(shown(slices(text, false).unwrap()), expected);
        assert_eq!(shown(slices(text, true).unwrap()), "app-0 fd00::3 … a%3Db");
    }

    #[test]
    fn reads_pods() {
        let text = br#"{"items":[
            {"metadata":{"name":"app-0"},"spec":{},"status":{"phase":"Running","podIP":"10.1.2.3","podIPs":[{"ip":"10.1.2.3"},{"ip":"fd00::3"}]}},
            {"metadata":{"name":"app-1"},"spec":{"hostname":"one"},"status":{"phase":"Pending","podIP":"10.1.2.4"}},
            {"metadata":{"name":"app-2","deletionTimestamp":"now"},"status":{"phase":"Running","podIP":"10.1.2.5"}},
            {"metadata":{"name":"app-3"},"status":{"phase":"Failed","podIP":"10.1.2.6"}},
            {"metadata":{"name":"app-4"},"status":{"phase":"Pending"}}, {}]}"#;
        assert_eq!(
            shown(pods(text, false).unwrap()),
            "app-0 10.1.2.3, one 10.1.2.4"
        );
        assert_eq!(shown(pods(text, true).unwrap()), "app-0 fd00::3");
    }

    #[test]
    fn what_is_no_list_is_an_error_or_nothing() {
        for text in ["", "[]", "7", "{\"items\":{}}", "{\"items\":[7]}", "<html>"] {
            assert!(slices(text.as_bytes(), false).is_err(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(pods(format!("{{\"kind\":{deep}").as_bytes(), false).is_err());
        assert_eq!(slices(b"{}", false), Ok(Page::default()));
        assert_eq!(pods(b"{\"items\":null}", false), Ok(Page::default()));
    }
}
