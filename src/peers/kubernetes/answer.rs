//! The API's lists of EndpointSlices and of Pods, of which only a few fields are read.
//!
//! <https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/>,
//! <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::system::printable::shortened;

/// A part of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The host names of the pods that may be peers, and their addresses.
    pub pods: Vec<(Option<String>, IpAddr)>,
    /// Where the list goes on, as a part of a URL's query.
    pub more: Option<String>,
}

/// Reads an answer; the flag says whether it is the IPv6 addresses that count.
pub type Parser = fn(&[u8], bool) -> Result<Page, String>;

#[derive(Deserialize)]
struct List<T> {
    metadata: Option<ApiMetadata>,
    items: Option<Vec<T>>,
}

/// Of a list, or of a pod.
#[derive(Deserialize)]
struct ApiMetadata {
    r#continue: Option<String>,
    name: Option<String>,
    #[serde(rename = "deletionTimestamp")]
    deleted: Option<String>,
}

#[derive(Deserialize)]
struct Slice {
    endpoints: Option<Vec<SliceEndpoint>>,
}

#[derive(Deserialize)]
struct SliceEndpoint {
    addresses: Option<Vec<String>>,
    #[serde(default)]
    conditions: Value,
    hostname: Option<String>,
    #[serde(default, rename = "targetRef")]
    target: Value,
}

#[derive(Deserialize)]
struct ApiPod {
    metadata: Option<ApiMetadata>,
    spec: Option<PodSpec>,
    status: Option<PodStatus>,
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
    addresses: Option<Vec<Value>>,
}

/// Reads a list of EndpointSlices: the endpoints that do not terminate. One that is not ready may be a node that starts.
///
/// # Errors
/// It is no such list.
pub fn slices(body: &[u8], ipv6: bool) -> Result<Page, String> {
    page(body, |slice: Slice| {
        let endpoints = slice.endpoints.unwrap_or_default().into_iter();
        endpoints
            .filter_map(|endpoint| {
                let is_terminating = endpoint.conditions.get("terminating") == Some(&true.into());
                let addresses = endpoint.addresses?;
                let address = of_family(addresses.iter().map(String::as_str), ipv6)?;
                let pod = string(&endpoint.target, "name")
                    .filter(|_| string(&endpoint.target, "kind") == Some("Pod"));
                let name = endpoint.hostname.or(pod.map(str::to_owned));
                (!is_terminating).then_some((name, address))
            })
            .collect()
    })
}

/// Reads a list of Pods: those that run, or will.
///
/// # Errors
/// It is no such list.
pub fn pods(body: &[u8], ipv6: bool) -> Result<Page, String> {
    let read = |pod: ApiPod| {
        let (metadata, status) = (pod.metadata?, pod.status?);
        let several = status.addresses.unwrap_or_default();
        let several = several.iter().filter_map(|one| string(one, "ip"));
        let address = of_family(status.address.as_deref().into_iter().chain(several), ipv6)?;
        let is_over = metadata.deleted.is_some()
            || matches!(status.phase.as_deref(), Some("Succeeded" | "Failed"));
        let hostname = pod.spec.and_then(|spec| spec.hostname);
        (!is_over).then_some((hostname.or(metadata.name), address))
    };
    page(body, |pod| read(pod).into_iter().collect())
}

fn page<T: DeserializeOwned>(
    body: &[u8],
    pods_of: impl Fn(T) -> Vec<(Option<String>, IpAddr)>,
) -> Result<Page, String> {
    let list: List<T> =
        serde_json::from_slice(body).map_err(|error| shortened(&error.to_string()))?;
    let more = list.metadata.and_then(|metadata| metadata.r#continue);
    let items = list.items.unwrap_or_default();
    Ok(Page {
        pods: items.into_iter().flat_map(pods_of).collect(),
        more: more
            .filter(|more| !more.is_empty())
            .map(|more| encoded(&more)),
    })
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

fn string<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

fn of_family<'a>(all: impl Iterator<Item = &'a str>, ipv6: bool) -> Option<IpAddr> {
    all.filter_map(|text| text.parse().ok())
        .find(|address: &IpAddr| address.is_ipv6() == ipv6)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(page: Page) -> String {
        let pods = page
            .pods
            .into_iter()
            .map(|(name, address)| format!("{} {address}", name.unwrap_or_else(|| "?".into())));
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
